"""What goes wrong in a run is mended and told: no memory, a loss that is no number, a file that died."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from segstudio.core.sample import Sample
from segstudio.errors import TrainingError
from segstudio.events import Problem
from segstudio.training.checkpoint import load_state
from segstudio.training.config import TrainConfig
from segstudio.training.engine import train
from segstudio.training.events import Finished, Recovered, StepDone
from segstudio.training.trainer import Trainer

Samples = tuple[Sample, ...]


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception, fits: int) -> list[int]:
    """Memory does for parts of at most `fits` pixels; gives the sizes that were tried."""
    real, tried = Trainer._compute_loss, []

    def loss_of(self: Trainer, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        tried.append(labels.numel())
        if labels.numel() > fits:
            raise error
        return real(self, images, labels)

    monkeypatch.setattr(Trainer, "_compute_loss", loss_of)
    return tried


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_out_of_memory_halves_the_parts_and_goes_on(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tried = failing(monkeypatch, error, fits=32 * 32)
    events = list(train(config, samples))
    told = [event.text for event in events if isinstance(event, Recovered)]
    assert [text.split("in ")[1].split()[0] for text in told] == ["2", "4"]
    assert isinstance(events[-1], Finished)
    assert events[-1].step == 12
    assert tried[:3] == [4096, 2048, 1024]
    assert "memory ran out" in (config.run_dir / "log.txt").read_text()


def test_when_single_patches_do_not_fit_they_get_smaller_and_at_last_it_is_told(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, MemoryError(), fits=16 * 16)
    events = list(train(config, samples))
    assert any("patches are 16 px" in event.text for event in events if isinstance(event, Recovered))
    assert isinstance(events[-1], Finished)
    monkeypatch.undo()
    failing(monkeypatch, MemoryError(), fits=0)
    with pytest.raises(TrainingError, match="take a smaller batch"):
        list(train(replace(config, run_dir=config.run_dir.with_name("other")), samples))


def test_learning_in_parts_is_learning_the_whole_batch(config: TrainConfig, samples: Samples) -> None:
    """With group norm and cross-entropy the parts add up to the same gradient."""
    alike = replace(config, norm="group", loss="ce", steps=3, augment=False)
    states = []
    for parts in (1, 4):
        run = replace(alike, accumulate=parts, run_dir=config.run_dir.with_name(f"parts{parts}"))
        list(train(run, samples))
        states.append(load_state(run.run_dir / "last.ckpt")["net"])
    for key in states[0]:
        assert torch.allclose(states[0][key], states[1][key], atol=2e-4), key


def test_a_loss_that_is_no_number_goes_back_to_the_last_good_state(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)
    monkeypatch.setattr("segstudio.training.engine.SAVE_INTERVAL_S", 0.0)
    real, calls = Trainer._compute_loss, []

    def loss_of(self: Trainer, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return real(self, images, labels) * (math.nan if len(calls) == 7 else 1.0)

    monkeypatch.setattr(Trainer, "_compute_loss", loss_of)
    events = list(train(config, samples))
    (told,) = [event for event in events if isinstance(event, Recovered)]
    assert "at step 7: going on from step 6" in told.text
    assert "0.5 of the learning rate" in told.text
    assert isinstance(events[-1], Finished)
    assert events[-1].step == 12
    weights = load_state(config.run_dir / "last.ckpt")["net"]
    assert all(torch.isfinite(value).all() for value in weights.values())
    steps = [event.step for event in events if isinstance(event, StepDone)]
    assert steps[-1] == 12


def test_low_precision_is_given_up_before_the_learning_rate(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)
    real = Trainer._compute_loss

    def loss_of(self: Trainer, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        low = self._device.dtype != torch.float32
        return real(self, images, labels) * (math.nan if low else 1.0)

    monkeypatch.setattr(Trainer, "_compute_loss", loss_of)
    events = list(train(replace(config, precision="bfloat16", steps=4), samples))
    (told,) = [event for event in events if isinstance(event, Recovered)]
    assert "from the beginning, in full precision" in told.text
    assert events[-1].step == 4


def test_a_loss_that_stays_no_number_ends_the_run_and_keeps_the_last_good_state(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)
    list(train(config, samples))
    before = load_state(config.run_dir / "last.ckpt")
    monkeypatch.setattr(Trainer, "_compute_loss", lambda self, images, labels: self.net(images).sum() * math.nan)
    with pytest.raises(TrainingError, match="after 8 attempts"):
        list(train(replace(config, steps=30, resume=True), samples))
    after = load_state(config.run_dir / "last.ckpt")
    assert after["step"] == before["step"]
    assert all(torch.equal(after["net"][key], before["net"][key]) for key in before["net"])


def test_a_file_that_dies_while_it_is_learnt_from_is_named_and_the_rest_goes_on(
    config: TrainConfig, samples: Samples, tmp_path: Path
) -> None:
    copies = []
    for sample in samples:
        target = tmp_path / sample.name
        shutil.copy(sample.image, target)
        copies.append(replace(sample, image=target))
    streaming = replace(config, cache_gb=1e-5, steps=40)  # 10 kB: less than one image
    events = []
    for event in train(streaming, copies):
        events.append(event)
        if isinstance(event, StepDone):
            copies[0].image.unlink(missing_ok=True)
            copies[1].image.write_bytes(b"spoilt")
    named = {event.where for event in events if isinstance(event, Problem)}
    assert named == {copies[0].name, copies[1].name}
    assert isinstance(events[-1], Finished)
    assert events[-1].step == 40


def test_when_every_file_has_died_it_is_told(config: TrainConfig, samples: Samples, tmp_path: Path) -> None:
    copies = []
    for sample in samples[:2]:
        target = tmp_path / sample.name
        shutil.copy(sample.image, target)
        copies.append(replace(sample, image=target, held_out=False))
    with pytest.raises(TrainingError, match="no image is left"):
        for event in train(replace(config, cache_gb=1e-5, steps=10_000), copies):
            if isinstance(event, StepDone):
                for copy in copies:
                    copy.image.unlink(missing_ok=True)
