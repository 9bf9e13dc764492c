"""One optimisation step, and what a run prepares for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from segstudio.core.sample import Sample, train_samples
from segstudio.training.batches import Batch, BatchPrefetcher, PatchSampler
from segstudio.training.checkpoint import compute_digest
from segstudio.training.config import TrainConfig
from segstudio.training.dataset import PatchDataset
from segstudio.training.engine import train
from segstudio.training.hooks import RunHooks
from segstudio.training.plan import count_epoch_steps
from segstudio.training.run import Run
from segstudio.training.start import RunStart, start_run
from segstudio.training.trainer import NonFiniteLossError, Trainer


@pytest.fixture
def run(config: TrainConfig, samples: tuple[Sample, ...]) -> Iterator[Run]:
    dataset = PatchDataset(train_samples(samples), config.table, config.unlabelled)
    list(dataset.load(""))
    made = start_run(config, dataset).run
    yield made
    made.release()


def digest(run: Run) -> str:
    state = run.trainer.state()
    return compute_digest([state["net"], state["ema"], state["optimiser"]["state"]])


def make_ignored_batch() -> Batch:
    return Batch(torch.rand(4, 3, 32, 32), torch.full((4, 32, 32), 255))


@pytest.mark.parametrize("on_gpu", [False, True])
def test_a_batch_without_labels_changes_nothing(run: Run, on_gpu: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trainer, "_may_read_numbers", not on_gpu)
    run.update()
    before = digest(run)
    run.trainer.step(make_ignored_batch(), 1, 0.5, 0.0)
    assert digest(run) == before
    assert run.trainer.can_be_saved


def test_a_batch_whose_labels_augmentation_moves_out_changes_nothing(run: Run) -> None:
    run.update()
    before = digest(run)
    run.trainer._augment = lambda images, labels, fraction: (images, torch.full_like(labels, 255))
    labels = torch.zeros(4, 32, 32, dtype=torch.long)
    run.trainer.step(Batch(torch.rand(4, 3, 32, 32), labels), 1, 0.5, 0.0)
    assert digest(run) == before
    assert run.trainer.can_be_saved


def test_gradients_are_clipped_to_a_norm_of_5(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Trainer._compute_loss
    monkeypatch.setattr(Trainer, "_compute_loss", lambda *arguments: 1e6 * real(*arguments))
    run.update()
    norms = [parameter.grad.norm() for parameter in run.trainer.net.parameters()]
    assert float(torch.stack(norms).norm()) == pytest.approx(5.0, rel=1e-3)


def test_a_non_finite_gradient_of_a_finite_loss_is_an_error_and_not_saved(run: Run) -> None:
    assert math.isnan(run.trainer.mean_loss())
    next(run.trainer.net.parameters()).register_hook(lambda gradient: gradient * math.inf)
    run.update()
    assert not run.trainer.can_be_saved
    with pytest.raises(NonFiniteLossError, match="loss became NaN or infinite"):
        run.trainer.mean_loss()
    assert not run.trainer.can_be_saved


def test_augmentation_of_a_step_does_not_depend_on_random_numbers_drawn_before(run: Run) -> None:
    batch = Batch(torch.rand(4, 3, 32, 32), torch.zeros(4, 32, 32, dtype=torch.long))
    torch.manual_seed(1)
    first, _ = run.trainer._prepare(batch, 5, math.inf)
    torch.manual_seed(2)
    again, _ = run.trainer._prepare(batch, 5, math.inf)
    other, _ = run.trainer._prepare(batch, 6, math.inf)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_restored_state_continues_the_random_numbers(run: Run) -> None:
    state = run.trainer.state()
    expected = torch.rand(3)
    torch.manual_seed(9)
    run.trainer.restore(state)
    assert torch.equal(torch.rand(3), expected)


def test_each_sample_added_during_a_run_changes_the_epoch_and_drops_prepared_batches(
    config: TrainConfig, samples: tuple[Sample, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Run] = []
    prefetchers: list[BatchPrefetcher] = []
    waiting = [list(samples[:2])]

    def start(*arguments: object) -> RunStart:
        started = start_run(*arguments)
        runs.append(started.run)
        prefetchers.append(started.run._batches)
        return started

    real_add, pending = PatchDataset.add, []

    def add(self: PatchDataset, added: list[Sample]) -> Iterator[object]:
        pending.append(len(prefetchers[0]._pending))
        yield from real_add(self, added)

    monkeypatch.setattr("segstudio.training.engine.start_run", start)
    monkeypatch.setattr(PatchDataset, "add", add)
    hooks = RunHooks(new_samples=lambda: waiting.pop() if waiting else [])
    list(train(replace(config, steps=8), samples[2:], hooks))
    (run,) = runs
    assert set(pending) == {0}
    assert set(run.dataset.names) >= {sample.name for sample in train_samples(samples[:2])}
    expected = count_epoch_steps(run.dataset.num_pixels, run.plan.pixels_per_step)
    assert run.plan.steps_per_epoch == expected > count_epoch_steps(3 * 64 * 72, run.plan.pixels_per_step)


def test_prepared_batches_are_those_of_the_plan(run: Run) -> None:
    run.update()
    sampler = PatchSampler(run.dataset, 32, 4, 0, run.config.rare_class_fraction)
    assert torch.equal(run._batches.get(1).images_BCHW, sampler.make_batch(1).images_BCHW)
    smaller = run.plan.with_less_memory().with_less_memory().with_less_memory()
    assert smaller.patch_size == 16
    run.apply_plan(smaller, run.device)
    assert run._batches.get(2).images_BCHW.shape == (4, 3, 16, 16)
