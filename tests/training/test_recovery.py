"""Recovery from out of memory, non-finite losses, a failed torch.compile and files that disappear."""

from __future__ import annotations

import math
from collections.abc import Callable
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
from segstudio.training.recovery import MAX_RECOVERIES
from segstudio.training.trainer import Trainer
from tests.training.conftest import copy_samples

Samples = tuple[Sample, ...]
ComputeLoss = Callable[[Trainer, torch.Tensor, torch.Tensor], torch.Tensor]


def replace_loss(monkeypatch: pytest.MonkeyPatch, change: Callable[[Trainer, torch.Tensor], float]) -> None:
    """Multiply the loss by what `change` returns for the labels, or let it raise."""
    real: ComputeLoss = Trainer._compute_loss

    def compute_loss(self: Trainer, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        factor = change(self, labels)
        return real(self, images, labels) * factor

    monkeypatch.setattr(Trainer, "_compute_loss", compute_loss)


def limit_memory(monkeypatch: pytest.MonkeyPatch, error: Exception, pixels: int) -> list[int]:
    """Parts of a batch of more than `pixels` raise `error`; returns the sizes that are tried."""
    tried: list[int] = []

    def change(trainer: Trainer, labels: torch.Tensor) -> float:
        tried.append(labels.numel())
        if labels.numel() > pixels:
            raise error
        return 1.0

    replace_loss(monkeypatch, change)
    return tried


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_out_of_memory_halves_the_parts_of_a_batch(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tried = limit_memory(monkeypatch, error, pixels=32 * 32)
    events = list(train(config, samples))
    texts = [event.text for event in events if isinstance(event, Recovered)]
    assert [text.split("in ")[1].split()[0] for text in texts] == ["2", "4"]
    assert isinstance(events[-1], Finished)
    assert events[-1].step == 12
    assert tried[:3] == [4096, 2048, 1024]
    assert "out of memory" in (config.run_dir / "log.txt").read_text()
    assert load_state(config.run_dir / "last.ckpt")["plan"] == {"patch_size": 32, "batch_size": 4, "accumulate": 4}


def test_a_run_that_came_down_to_smaller_parts_is_resumed_with_them(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_memory(monkeypatch, MemoryError(), pixels=32 * 32)
    list(train(config, samples))
    resumed = replace(config, steps=14, resume=True)
    assert not [event for event in train(resumed, samples) if isinstance(event, Recovered)]
    chosen = replace(resumed, steps=16, accumulate=2)  # the user's new value takes precedence
    assert [event for event in train(chosen, samples) if isinstance(event, Recovered)]


def test_when_single_patches_do_not_fit_they_get_smaller_and_finally_the_run_fails(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_memory(monkeypatch, MemoryError(), pixels=16 * 16)
    events = list(train(config, samples))
    assert any("patches are 16 px" in event.text for event in events if isinstance(event, Recovered))
    assert isinstance(events[-1], Finished)
    monkeypatch.undo()
    limit_memory(monkeypatch, MemoryError(), pixels=0)
    with pytest.raises(TrainingError, match="out of memory with 4 patches of 8 px; use a smaller batch_size"):
        list(train(replace(config, run_dir=config.run_dir.with_name("other")), samples))


def test_out_of_memory_in_a_step_leaves_no_trace_in_the_weights(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third part fails after two were added to the gradients; the step is repeated in four parts."""
    alike = replace(config, norm="group", loss="ce", steps=3, augment=False)
    expected = replace(alike, accumulate=4, run_dir=config.run_dir.with_name("expected"))
    list(train(expected, samples))
    calls: list[int] = []

    def change(trainer: Trainer, labels: torch.Tensor) -> float:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return 1.0

    replace_loss(monkeypatch, change)
    events = list(train(replace(alike, accumulate=2), samples))
    assert [event.step for event in events if isinstance(event, Recovered)] == [0]
    found, truth = (load_state(run.run_dir / "last.ckpt") for run in (alike, expected))
    for key in truth["net"]:
        assert torch.equal(found["net"][key], truth["net"][key]), key


def test_training_in_parts_gives_the_gradients_of_the_whole_batch(config: TrainConfig, samples: Samples) -> None:
    """With group norm and cross-entropy, whose sums over parts are the sum over the batch; SGD, as Adam rescales."""
    alike = replace(config, norm="group", loss="ce", steps=3, augment=False, optimiser="sgd", learning_rate=0.1)
    states = []
    for parts in (1, 4):
        run = replace(alike, accumulate=parts, run_dir=config.run_dir.with_name(f"parts{parts}"))
        list(train(run, samples))
        states.append(load_state(run.run_dir / "last.ckpt")["net"])
    for key in states[0]:
        assert torch.allclose(states[0][key], states[1][key], atol=2e-4), key


def test_a_non_finite_loss_restores_the_last_good_state_and_halves_the_learning_rate(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)
    monkeypatch.setattr("segstudio.training.engine.SAVE_INTERVAL_S", 0.0)
    calls: list[int] = []
    replace_loss(monkeypatch, lambda trainer, labels: calls.append(1) or (math.nan if len(calls) == 7 else 1.0))
    events = list(train(config, samples))
    (recovered,) = [event for event in events if isinstance(event, Recovered)]
    assert recovered.text == (
        "loss became NaN or infinite at step 7: continuing from step 6, at 0.5 of the learning rate"
    )
    assert isinstance(events[-1], Finished)
    assert events[-1].step == 12
    state = load_state(config.run_dir / "last.ckpt")
    assert state["rate_scale"] == 0.5
    assert all(torch.isfinite(value).all() for value in state["net"].values())
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [event.step for event in steps] == [1, 2, 3, 4, 5, 6, *range(7, 13)]
    assert steps[6].learning_rate < 0.6 * steps[5].learning_rate


def test_a_state_that_fails_again_is_left_for_the_one_before_it(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)
    monkeypatch.setattr("segstudio.training.engine.SAVE_INTERVAL_S", 0.0)
    calls: list[int] = []
    replace_loss(monkeypatch, lambda trainer, labels: calls.append(1) or (math.nan if len(calls) in (7, 8) else 1.0))
    events = list(train(config, samples))
    texts = [event.text.split(":")[1] for event in events if isinstance(event, Recovered)]
    assert texts == [
        " continuing from step 6, at 0.5 of the learning rate",
        " continuing from step 5, at 0.25 of the learning rate",
    ]
    assert events[-1].step == 12


def test_low_precision_is_given_up_before_the_learning_rate(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)
    replace_loss(monkeypatch, lambda trainer, _: 1.0 if trainer._device.dtype == torch.float32 else math.nan)
    events = list(train(replace(config, precision="bfloat16", steps=4), samples))
    (recovered,) = [event for event in events if isinstance(event, Recovered)]
    assert "continuing from step 0, in full precision" in recovered.text
    assert events[-1].step == 4
    state = load_state(config.run_dir / "last.ckpt")
    assert (state["precision"], state["rate_scale"]) == ("float32", 1.0)
    resumed = list(train(replace(config, precision="bfloat16", steps=6, resume=True), samples))
    assert not [event for event in resumed if isinstance(event, Recovered)]  # in full precision from the start


def test_a_loss_that_stays_non_finite_ends_the_run_and_keeps_the_last_good_state(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.training.engine.REPORT_INTERVAL_S", 0.0)
    list(train(config, samples))
    before = load_state(config.run_dir / "last.ckpt")
    replace_loss(monkeypatch, lambda *_: math.nan)
    events = []
    with pytest.raises(TrainingError, match="after 8 attempts to recover"):
        for event in train(replace(config, steps=30, resume=True), samples):
            events.append(event)
    assert len([event for event in events if isinstance(event, Recovered)]) == MAX_RECOVERIES
    after = load_state(config.run_dir / "last.ckpt")
    assert after["step"] == before["step"]
    assert all(torch.equal(after["net"][key], before["net"][key]) for key in before["net"])


def test_a_failed_compile_continues_without(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile(net: torch.nn.Module) -> torch.nn.Module:
        class Broken(torch.nn.Module):
            def forward(self, images: torch.Tensor) -> torch.Tensor:
                raise RuntimeError("no C++ compiler")

        return Broken()

    monkeypatch.setattr(torch, "compile", compile)
    events = list(train(replace(config, compile="yes", steps=2), samples))
    (recovered,) = [event for event in events if isinstance(event, Recovered)]
    assert recovered.text == "torch.compile failed (RuntimeError): continuing without it"
    assert events[-1].step == 2


def test_any_other_error_in_a_step_is_raised_and_saves_nothing_of_it(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised after the weights have changed and before their average and the step number have."""
    saved = []

    def update(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("segstudio.training.trainer.ExponentialMovingAverage.update", update)
    monkeypatch.setattr("segstudio.training.run.save_state", lambda path, state: saved.append(state["step"]))
    with pytest.raises(RuntimeError, match="a bug"):
        list(train(config, samples))
    assert saved == [0]  # only the state before the first step


def test_out_of_memory_within_the_optimiser_leaves_no_incomplete_moments(
    config: TrainConfig, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moments are allocated in the first step: the first one fails when only one parameter has a part of its."""
    real, calls = torch.optim.AdamW.step, []

    def step(self: torch.optim.AdamW) -> None:
        calls.append(1)
        if len(calls) == 1:
            self.state[self.param_groups[0]["params"][0]] = {"step": torch.zeros(())}
            raise MemoryError
        real(self)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    events = list(train(replace(config, steps=2), samples))
    assert [event.step for event in events if isinstance(event, Recovered)] == [0]
    assert events[-1].step == 2


def test_files_that_disappear_or_are_damaged_during_a_run_are_reported_and_dropped(
    config: TrainConfig, samples: Samples, tmp_path: Path
) -> None:
    copies = copy_samples(samples, tmp_path)
    uncached = replace(config, cache_gb=1e-5, steps=40)  # 10 kB: less than one image
    events = []
    for event in train(uncached, copies):
        events.append(event)
        if isinstance(event, StepDone):
            copies[0].image.unlink(missing_ok=True)
            copies[1].image.write_bytes(b"spoilt")
    named = {event.where for event in events if isinstance(event, Problem)}
    assert named == {copies[0].name, copies[1].name}
    assert isinstance(events[-1], Finished)
    assert events[-1].step == 40


def test_a_run_fails_when_no_image_can_be_read_any_more(config: TrainConfig, samples: Samples, tmp_path: Path) -> None:
    copies = copy_samples(samples[:2], tmp_path, held_out=False)
    with pytest.raises(TrainingError, match="no training image can be read any more"):
        for event in train(replace(config, cache_gb=1e-5, steps=10_000), copies):
            if isinstance(event, StepDone):
                for sample in copies:
                    sample.image.unlink(missing_ok=True)
