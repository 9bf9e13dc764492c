"""The training loop: events, files, validation, previews, and what it reports and leaves out."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
import torch

from segstudio.core.annotation import Annotation
from segstudio.core.box import Box
from segstudio.core.metrics import confusion_matrix
from segstudio.core.sample import Sample, rasterise_ground_truth
from segstudio.errors import TrainingError
from segstudio.events import Problem
from segstudio.formats.images import read_image
from segstudio.project.project import Project
from segstudio.training.checkpoint import load_state, load_weights
from segstudio.training.config import TrainConfig, read_settings
from segstudio.training.device import choose_device
from segstudio.training.engine import train
from segstudio.training.events import EpochDone, Finished, Preview, SamplesAdded, Started, StepDone
from segstudio.training.hooks import PreviewImage, RunHooks
from segstudio.training.predict import predict_whole
from segstudio.training.preload import gc_paused_until
from segstudio.training.trainer import ExponentialMovingAverage, Trainer
from segstudio.training.validate import VALIDATION_OVERLAP
from tests.training.conftest import copy_samples

Samples = tuple[Sample, ...]
CPU = choose_device("cpu")


def test_a_run_yields_its_events_in_order_and_writes_its_files(config: TrainConfig, samples: Samples) -> None:
    events = list(train(config, samples))
    kinds = [type(e) for e in events if isinstance(e, Started | StepDone | EpochDone | Preview | Finished)]
    assert kinds[0] is Started
    assert kinds[-1] is Finished
    assert StepDone in kinds
    assert EpochDone in kinds
    finished = events[-1]
    assert finished.step == 12
    assert {path.name for path in config.run_dir.iterdir()} == {
        "config.json", "split.json", "metrics.jsonl", "last.ckpt", "previous.ckpt", "best.safetensors", "log.txt"
    }  # fmt: skip
    rows = [json.loads(line) for line in (config.run_dir / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 12
    split = json.loads((config.run_dir / "split.json").read_text())
    assert len(split["train"]) == 5
    assert len(split["val"]) == 1
    assert read_settings(config.run_dir / "config.json")["width"] == "4"


def test_training_reduces_the_loss_and_finds_the_classes(config: TrainConfig, samples: Samples) -> None:
    events = list(train(replace(config, steps=90, width=8, learning_rate=6e-3), samples))
    losses = [event.loss for event in events if isinstance(event, StepDone)]
    assert losses[-1] < 0.6 * losses[0]
    assert events[-1].best_miou > 0.4  # a network that predicts background everywhere has 0.26


def test_validation_predicts_the_images_as_they_are_with_the_averaged_weights(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.augment.FIRST_PASS", -100.0)  # every training patch is augmented
    events = list(train(replace(config, steps=3), samples))
    (validation,) = [event for event in events if isinstance(event, EpochDone)]
    model = load_weights(events[-1].weights, CPU)
    expected = np.zeros((3, 3), np.int64)
    for sample in samples:
        if sample.held_out:
            found = predict_whole(model, read_image(sample.image), CPU, overlap=VALIDATION_OVERLAP)
            truth = rasterise_ground_truth(sample.annotation, config.table, config.unlabelled)
            expected += confusion_matrix(truth, found.labels, 3)
    assert expected.sum() == 64 * 72
    assert (validation.confusion == expected).all()
    state = load_state(config.run_dir / "last.ckpt")
    weights = model.net.state_dict()
    assert all(torch.equal(weights[key], state["ema"][key]) for key in weights)
    assert not all(torch.equal(weights[key], state["net"][key]) for key in weights)


def test_the_loss_of_a_validation_is_the_mean_of_all_steps_since_the_last_one(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.VALIDATION_INTERVAL_S", 0.0)
    monkeypatch.setattr("segstudio.training.engine.VALIDATION_FRACTION", 1e9)
    found = []
    for interval_s in (0.0, 1e9):  # each step is reported; or only the first one, and those left at a validation
        monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", interval_s)
        events = list(train(replace(config, run_dir=config.run_dir.with_name(f"{interval_s}")), samples))
        found.append({event.step: event.loss for event in events if isinstance(event, EpochDone)})
        if not interval_s:
            losses = [event.loss for event in events if isinstance(event, StepDone)]
    assert len(losses) == 12
    assert found[0] == pytest.approx({6: np.mean(losses[:6]), 12: np.mean(losses[6:])})
    assert found[1] == pytest.approx(found[0])


def test_a_validation_image_that_disappears_is_reported_once(
    config: TrainConfig, samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.VALIDATION_INTERVAL_S", 0.0)
    monkeypatch.setattr("segstudio.training.engine.VALIDATION_FRACTION", 1e9)
    copies = copy_samples(samples, tmp_path)
    (gone,) = [sample for sample in copies if sample.held_out]
    events = []
    for event in train(replace(config, cache_gb=1e-5), copies):  # 10 kB: images are read again
        events.append(event)
        if isinstance(event, StepDone):
            gone.image.unlink(missing_ok=True)
    assert [event.where for event in events if isinstance(event, Problem)] == [gone.name]
    assert len([event for event in events if isinstance(event, EpochDone)]) == 2
    assert np.isnan(events[-1].best_miou)


def test_the_average_of_weights_follows_the_formula_and_copies_counters() -> None:
    net = torch.nn.BatchNorm2d(2)
    ema = ExponentialMovingAverage(net, 0.5)
    expected = net.weight.detach().clone()
    for step, value in enumerate((3.0, -1.0, 2.0, 5.0, 4.0, 1.0, 0.0, 2.0, 6.0)):
        net.weight.data.fill_(value)
        net.num_batches_tracked += 1
        ema.update(net, step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        assert torch.allclose(ema.net.weight, expected)
    assert ema.net.num_batches_tracked == 9
    without = ExponentialMovingAverage(net, 0.0)
    net.weight.data.fill_(7.0)
    without.update(net, 1000)
    assert (without.net.weight == 7).all()


def test_samples_labelled_during_a_run_are_added_at_the_next_epoch(config: TrainConfig, samples: Samples) -> None:
    waiting = [list(samples[3:5])]
    reported: list[StepDone] = []

    def new_samples() -> list[Sample]:
        return waiting.pop() if waiting and reported else []

    events = []
    for event in train(replace(config, steps=30), samples[:3] + samples[5:], RunHooks(new_samples=new_samples)):
        events.append(event)
        reported += [event] if isinstance(event, StepDone) else []
    assert [event.images for event in events if isinstance(event, SamplesAdded)] == [2]
    assert isinstance(events[-1], Finished)
    assert "2 newly labelled or changed images added" in (config.run_dir / "log.txt").read_text()


def test_a_sample_that_changes_sides_during_a_run_is_never_trained_and_validated_on(
    config: TrainConfig, samples: Samples
) -> None:
    moved = [replace(sample, held_out=not sample.held_out) for sample in samples[:2]]
    waiting = [moved]
    hooks = RunHooks(new_samples=lambda: waiting.pop() if waiting else [])
    list(train(config, samples, hooks))
    split = json.loads((config.run_dir / "split.json").read_text())
    assert not set(split["train"]) & set(split["val"])
    assert sorted(split["train"] + split["val"]) == sorted(sample.name for sample in samples)
    for sample in moved:
        assert (sample.name in split["val"]) == sample.held_out


def test_a_run_without_labels_is_an_error(config: TrainConfig, samples: Samples) -> None:
    with pytest.raises(TrainingError, match="label at least one"):
        list(train(config, ()))
    unlabelled = [replace(sample, annotation=Annotation(64, 72)) for sample in samples]
    with pytest.raises(TrainingError, match="label at least one"):
        list(train(replace(config, unlabelled="ignore"), unlabelled))


def test_an_unreadable_image_is_reported_and_left_out(config: TrainConfig, samples: Samples, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    events = list(train(config, [replace(samples[0], name="broken.png", image=broken), *samples[1:]]))
    assert [event.where for event in events if isinstance(event, Problem)] == ["broken.png"]
    assert isinstance(events[-1], Finished)


def test_an_image_of_another_size_than_its_labels_is_reported(config: TrainConfig, samples: Samples) -> None:
    wrong = replace(samples[0], annotation=Annotation(10, 20))
    events = list(train(config, [wrong, *samples[1:]]))
    (problem,) = [event for event in events if isinstance(event, Problem)]
    assert "image is 72x64 but its labels are 20x10; label it again or restore the image" in str(problem)


def test_the_open_image_is_previewed_and_at_the_end_whole(config: TrainConfig, samples: Samples) -> None:
    pixels, visible = np.zeros((50, 60, 3), np.uint8), Box(5, 10, 25, 40)
    events = list(train(config, samples, RunHooks(lambda: PreviewImage("open.png", pixels, visible))))
    previews = [event for event in events if isinstance(event, Preview)]
    assert previews[0].box == visible
    assert previews[0].prediction.labels.shape == (20, 30)
    assert previews[-1].box is None
    last = previews[-1].prediction
    assert (last.name, last.labels.shape, last.step) == ("open.png", (50, 60), 12)


def test_an_open_image_of_other_channels_is_reported_and_does_not_end_the_run(
    config: TrainConfig, samples: Samples
) -> None:
    image = PreviewImage("bands.tif", np.zeros((50, 60, 5), np.uint8))
    events = list(train(config, samples, RunHooks(lambda: image)))
    assert [event.where for event in events if isinstance(event, Problem)] == ["bands.tif"]
    assert isinstance(events[-1], Finished)


def test_settings_that_do_not_fit_depth_or_machine_are_errors(config: TrainConfig, samples: Samples) -> None:
    with pytest.raises(TrainingError, match="multiple of 4 and at least 8; use 32"):
        list(train(replace(config, patch_size=33), samples))
    with pytest.raises(TrainingError, match="not on this machine"):
        list(train(replace(config, device="gpu"), samples))


def test_a_run_in_a_thread_leaves_no_thread_behind(config: TrainConfig, samples: Samples) -> None:
    events: list[object] = []
    thread = threading.Thread(target=lambda: events.extend(train(config, samples)))
    thread.start()
    thread.join(60)
    assert isinstance(events[-1], Finished)


def test_multi_band_16_bit_images_can_be_trained_on(config: TrainConfig, project: Project, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = []
    for number in range(2):
        path = tmp_path / f"{number}.tif"
        bands = rng.integers(0, 60_000, (5, 48, 52), dtype=np.uint16)
        tifffile.imwrite(path, bands, photometric="minisblack", planarconfig="separate")
        made.append(Sample(path.name, path, Annotation(48, 52), held_out=bool(number)))
    *_, finished = train(replace(config, steps=2), made)
    assert load_weights(finished.weights, CPU).architecture.in_channels == 5


def test_a_run_stops_early_when_validation_no_longer_improves(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.VALIDATION_INTERVAL_S", 0.0)
    monkeypatch.setattr("segstudio.training.engine.VALIDATION_FRACTION", 1e9)
    monkeypatch.setattr("segstudio.training.trainer.ExponentialMovingAverage.update", lambda self, net, step: None)
    events = list(train(replace(config, steps=1000, patience=2), samples))
    assert events[-1].stopped_early
    assert len([event for event in events if isinstance(event, EpochDone)]) == 3  # the first one improves on nothing
    assert events[-1].step < 1000


def test_only_the_time_in_which_the_run_itself_works_counts_towards_its_minutes(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]
    monkeypatch.setattr("segstudio.training.clock.time", SimpleNamespace(monotonic=lambda: now_s[0]))
    real = Trainer.step

    def step(*arguments: object) -> None:
        now_s[0] += 20
        real(*arguments)

    monkeypatch.setattr(Trainer, "step", step)
    events = []
    for event in train(replace(config, steps=1000, minutes=2), samples):
        events.append(event)
        now_s[0] += 1000  # while the caller holds the event
    assert isinstance(events[-1], Finished)
    assert events[-1].step == 6
    assert load_state(config.run_dir / "last.ckpt")["spent_s"] == 120


def test_the_gc_is_paused_only_until_the_first_step() -> None:
    def events() -> Iterator[object]:
        assert not gc.isenabled()
        yield "preparing"
        yield 1
        assert gc.isenabled()
        raise TrainingError("no more")

    seen = []
    with pytest.raises(TrainingError, match="no more"):
        for event in gc_paused_until(events(), int):
            seen.append((event, gc.isenabled()))
    assert seen == [("preparing", False), (1, True)]
    assert gc.isenabled()
    half = gc_paused_until(iter(["a", "b"]), int)
    next(half)
    half.close()
    assert gc.isenabled()
