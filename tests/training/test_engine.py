"""The loop: learns, judges, stops, resumes, and says what it left out."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.errors import FileError, TrainingError
from segstudio.events import Problem
from segstudio.project.project import Project
from segstudio.training.batches import PatchSampler
from segstudio.training.checkpoint import load_state, load_weights
from segstudio.training.config import TrainConfig, read_settings
from segstudio.training.dataset import PatchDataset, compute_mean_std
from segstudio.training.device import choose_device
from segstudio.training.engine import train
from segstudio.training.events import EpochDone, Finished, Preview, Started, StepDone
from segstudio.training.hooks import PreviewImage, RunHooks

Samples = tuple[Sample, ...]


def test_a_run_tells_its_story_in_order_and_leaves_its_files(config: TrainConfig, samples: Samples) -> None:
    events = list(train(config, samples))
    told = [type(e) for e in events if isinstance(e, Started | StepDone | EpochDone | Preview | Finished)]
    assert told[0] is Started
    assert told[-1] is Finished
    assert StepDone in told
    assert EpochDone in told
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


def test_it_learns(config: TrainConfig, samples: Samples) -> None:
    events = list(train(replace(config, steps=150, width=8), samples))
    losses = [event.loss for event in events if isinstance(event, StepDone)]
    assert losses[-1] < 0.6 * losses[0]
    assert events[-1].best_miou > 0.4  # a net that says background everywhere would have 0.26


def test_closing_the_generator_keeps_what_was_learnt(config: TrainConfig, samples: Samples) -> None:
    events = train(replace(config, steps=100_000), samples)
    for event in events:
        if isinstance(event, StepDone):
            break
    events.close()
    assert load_state(config.run_dir / "last.ckpt")["step"] >= 1
    assert load_weights(config.run_dir, choose_device("cpu")).step >= 1


def test_a_stopped_run_resumes_and_ends_like_one_that_was_not_stopped(config: TrainConfig, samples: Samples) -> None:
    *_, whole = train(replace(config, run_dir=config.run_dir.with_name("whole")), samples)
    halves = replace(config, run_dir=config.run_dir.with_name("halves"))
    events = train(halves, samples)
    stopped_at = next(event.step for event in events if isinstance(event, StepDone))
    events.close()
    *_, resumed = train(replace(halves, resume=True), samples)
    assert stopped_at < 12
    assert resumed.step == whole.step == 12
    a, b = (load_state(path.weights.parent / "last.ckpt")["net"] for path in (whole, resumed))
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_resuming_what_is_not_there_or_another_network_is_told(config: TrainConfig, samples: Samples) -> None:
    with pytest.raises(FileError, match=r"last\.ckpt: there is no such file"):
        list(train(replace(config, resume=True), samples))
    list(train(config, samples))
    with pytest.raises(TrainingError, match="there is a run of this name"):
        list(train(config, samples))
    with pytest.raises(TrainingError, match="is finished"):
        list(train(replace(config, resume=True), samples))
    with pytest.raises(TrainingError, match="another network"):
        list(train(replace(config, width=6, resume=True), samples))


def test_nothing_labelled_is_told(config: TrainConfig, samples: Samples) -> None:
    with pytest.raises(TrainingError, match="label at least one"):
        list(train(config, ()))
    ignored = replace(config, unlabelled="ignore")
    empty = [replace(sample, annotation=Annotation(64, 72)) for sample in samples]
    with pytest.raises(TrainingError, match="label at least one"):
        list(train(ignored, empty))


def test_a_broken_image_is_named_and_the_rest_goes_on(config: TrainConfig, samples: Samples, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    events = list(train(config, [replace(samples[0], name="broken.png", image=broken), *samples[1:]]))
    assert [event.where for event in events if isinstance(event, Problem)] == ["broken.png"]
    assert isinstance(events[-1], Finished)


def test_the_open_image_is_shown_when_the_run_ends(config: TrainConfig, samples: Samples) -> None:
    pixels = np.zeros((50, 60, 3), np.uint8)
    events = list(train(config, samples, RunHooks(lambda: PreviewImage("open.png", pixels))))
    previews = [event.prediction for event in events if isinstance(event, Preview)]
    assert previews[-1].name == "open.png"
    assert previews[-1].labels.shape == (50, 60)
    assert previews[-1].step == 12


def test_a_image_of_other_channels_is_not_shown_and_ends_nothing(config: TrainConfig, samples: Samples) -> None:
    events = list(train(config, samples, RunHooks(lambda: PreviewImage("bands.tif", np.zeros((50, 60, 5), np.uint8)))))
    assert [event.where for event in events if isinstance(event, Problem)] == ["bands.tif"]
    assert isinstance(events[-1], Finished)


def test_gray_among_colour_and_8_among_16_bits_are_learnt_from_together(
    config: TrainConfig, project: Project, tmp_path: Path
) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    deep = rng.integers(0, 4000, (48, 52), dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    Image.fromarray((deep // 16).astype(np.uint8)).save(tmp_path / "flat.png")
    pool = PatchDataset(
        [Sample(n, tmp_path / n, Annotation(48, 52)) for n in ("deep.png", "flat.png")], project.table, "background"
    )
    assert not [event for event in pool.load("") if isinstance(event, Problem)]
    assert pool.white == deep.max()
    images = PatchSampler(pool, 32, 32).make_batch(0).images_BCHW
    assert images.mean(dim=(1, 2, 3)).min() > 0.3
    Image.fromarray(rng.integers(0, 255, (48, 52, 3), dtype=np.uint8)).save(tmp_path / "b.png")
    Image.fromarray(rng.integers(0, 255, (48, 52, 3), dtype=np.uint8)).save(tmp_path / "c.png")
    names = ("flat.png", "b.png", "c.png")
    pool = PatchDataset([Sample(n, tmp_path / n, Annotation(48, 52)) for n in names], project.table, "background")
    assert not [event for event in pool.load("") if isinstance(event, Problem)]
    assert (pool.channels, len(pool)) == (3, 3)


def test_a_patch_that_does_not_fit_the_depth_and_a_device_that_is_not_there_are_told(
    config: TrainConfig, samples: Samples
) -> None:
    with pytest.raises(TrainingError, match="multiple of 4, two at least; take 32"):
        list(train(replace(config, patch_size=33), samples))
    with pytest.raises(TrainingError, match="not on this machine"):
        list(train(replace(config, device="gpu"), samples))


def test_it_runs_in_a_thread_and_leaves_it(config: TrainConfig, samples: Samples) -> None:
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.extend(train(config, samples)))
    thread.start()
    thread.join(60)
    assert isinstance(done[-1], Finished)


def test_16_bit_and_multi_band_images_are_learnt_from(config: TrainConfig, project: Project, tmp_path: Path) -> None:
    import tifffile

    rng = np.random.default_rng(0)
    made = []
    for number in range(2):
        path = tmp_path / f"{number}.tif"
        bands = rng.integers(0, 60_000, (5, 48, 52), dtype=np.uint16)
        tifffile.imwrite(path, bands, photometric="minisblack", planarconfig="separate")
        made.append(Sample(path.name, path, Annotation(48, 52), held_out=bool(number)))
    *_, finished = train(replace(config, steps=2), made)
    assert load_weights(finished.weights, choose_device("cpu")).architecture.in_channels == 5


def test_batches_are_cut_where_something_is_labelled(project: Project, samples: Samples) -> None:
    spots = [replace(s, annotation=s.annotation.with_shapes(s.annotation.shapes[-1:])) for s in samples]
    pool = PatchDataset(spots, project.table, "ignore")
    assert not [event for event in pool.load("") if isinstance(event, Problem)]
    labels = PatchSampler(pool, 16, 64).make_batch(0).labels_BHW
    assert all((patch != 255).any() for patch in labels)
    batch = PatchSampler(pool, 96, 3).make_batch(0)  # larger than the images
    labels = batch.labels_BHW
    assert batch.images_BCHW.shape == (3, 3, 96, 96)
    assert (labels[:, 64:] == 255).all()


def test_statistics_are_those_of_the_pixels(project: Project, samples: Samples) -> None:
    pool = PatchDataset(samples, project.table, "background")
    list(pool.load(""))
    mean, deviation = compute_mean_std(pool)
    pixels = np.concatenate([pair.pixels.reshape(3, -1) for pair in pool], axis=1) / 255
    assert np.allclose(mean, pixels.mean(axis=1), atol=0.02)
    assert np.allclose(deviation, pixels.std(axis=1), atol=0.02)


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("depth", "x", "int"),
        ("nothing", "1", "no such choice"),
        ("up", "foo", "transposed"),
        ("seed", "-1", "seed"),
        ("learning_rate", "nan", "learning_rate"),
        ("resume", "maybe", "bool"),
    ],
)
def test_a_choice_that_cannot_be_is_told(config: TrainConfig, key: str, value: str, word: str) -> None:
    with pytest.raises(TrainingError, match=word):
        config.with_texts({key: value})


def test_the_collector_rests_only_until_the_first_step() -> None:
    import gc

    from segstudio.training.preload import gc_paused_until

    def events() -> object:
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
