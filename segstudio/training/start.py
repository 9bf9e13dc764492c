"""From a configuration and images to a run that can take its first step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from segstudio.core.sample import Sample, held_out_samples, train_samples
from segstudio.errors import TrainingError
from segstudio.events import Problem, Progress
from segstudio.run_layout import LAUNCH_FILE
from segstudio.training.balance import warnings_about
from segstudio.training.checkpoint import load_newest_state
from segstudio.training.config import TrainConfig
from segstudio.training.dataset import PatchDataset, statistics
from segstudio.training.device import Device, choose_device, memory_bytes
from segstudio.training.distributed import launch, rank, restarted, share
from segstudio.training.events import Proposal, PretrainedLoaded
from segstudio.training.model import Architecture, Model
from segstudio.training.plan import Plan, make_plan
from segstudio.training.pretrained import Pretrained, load_donor, transfer
from segstudio.training.run import Run

MEMORY_SHARE = 0.25  # of the machine's memory may hold images


class Pools:
    """Images to learn from and those that judge, within one memory budget."""

    def __init__(self, config: TrainConfig, samples: Sequence[Sample]) -> None:
        budget = int(config.cache_gb * (1 << 30)) or int(memory_bytes() * MEMORY_SHARE)
        self.learn = PatchDataset(train_samples(samples), config.table, config.unlabelled, budget)
        self.judge = PatchDataset(share(held_out_samples(samples)), config.table, config.unlabelled, budget // 4)

    def load(self) -> Iterator[Progress | Problem]:
        """Raises TrainingError when there is nothing to learn from."""
        yield from self.learn.load("reading images to learn from")
        self.judge.channels = self.learn.channels  # one of other channels cannot judge
        yield from self.judge.load("reading held-out images")
        if not len(self.learn):
            raise TrainingError("no image to learn from has labels; label at least one, then train")


def propose(config: TrainConfig, samples: Sequence[Sample]) -> Iterator[Progress | Problem | Proposal]:
    """What `train` would choose for these images, with reasons; nothing is written."""
    pools = Pools(config, samples)
    yield from pools.load()
    plan = make_plan(config, choose_device(config.device, config.precision), pools.learn, _begin(_donor(config)))
    yield Proposal(
        plan.choices, tuple(warnings(config, pools.learn)), tuple(pools.learn.names), tuple(pools.judge.names)
    )


def warnings(config: TrainConfig, pool: PatchDataset) -> list[str]:
    return warnings_about(pool.counts[: len(config.table)], config.table)


def start_run(config: TrainConfig, pool: PatchDataset) -> tuple[Run, PretrainedLoaded | None, str]:
    """Decide what was left open, build, begin from other weights or resume if asked.

    Gives also what came of those weights, and a word if an older state had to do. An earlier run of that name is
    never written over.
    """
    taken = config.run_dir.is_dir() and any(config.run_dir.iterdir())
    ours = restarted() and _launch_of(config.run_dir) == launch()  # begun by this torchrun before it had a state
    if taken and not config.resume and not ours and not rank():
        raise TrainingError(f"{config.run_dir.name}: there is a run of this name; choose another, or resume it")
    device = choose_device(config.device, config.precision)
    state, remark = load_newest_state(config.run_dir) if config.resume else ({}, "")
    donor = None if config.resume else _donor(config)
    plan = make_plan(config, device, pool, _architecture_of(state, config) if state else _begin(donor))
    if state:
        plan, device = _as_before(state, config, plan, device)
        pool.order(state["sampler"]["names"])
    model = _model(config, plan, device, pool)
    if state:
        model = replace(model, **state["input"])
    moved = None if donor is None else _moved(model, donor)
    run = Run(config, pool, device, plan, model)
    try:
        if state:
            run.resume(state)
            if run.clock.look(run.step) >= 1.0:
                raise TrainingError(f"{config.run_dir.name}: is finished; give it more minutes or steps to go on")
    except TrainingError:
        run.release()
        raise
    return run, moved, remark


def _as_before(state: Mapping[str, Any], config: TrainConfig, plan: Plan, device: Device) -> tuple[Plan, Device]:
    """What the run had come down to, unless the user chose otherwise since: smaller parts, full precision."""
    chosen, had = state["chosen"], state["plan"]
    kept = {key: had[key] for key in had if getattr(config, key) == chosen[key]}
    if state["precision"] == "float32" and config.precision == chosen["precision"]:
        device = device.in_full_precision()
    return replace(plan, **kept), device


def _launch_of(folder: Path) -> str:
    try:
        return (folder / LAUNCH_FILE).read_text("utf-8")
    except OSError:
        return ""


def _architecture_of(state: Mapping[str, Any], config: TrainConfig) -> Architecture:
    """The network that a state was saved of. Raises TrainingError."""
    try:
        return Architecture(**state["architecture"])
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{config.run_dir}: cannot be resumed from ({error}); start a new run") from error


def _model(config: TrainConfig, plan: Plan, device: Device, pool: PatchDataset) -> Model:
    torch.manual_seed(config.seed)
    mean, deviation = statistics(pool)
    try:
        net = plan.architecture.build(pretrained=bool(config.encoder) and not config.resume)
    except ValueError as error:
        raise TrainingError(str(error)) from error
    net.to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Model(net, plan.architecture, config.table, config.unlabelled, mean, deviation, plan.tile, pool.white)


def _donor(config: TrainConfig) -> Pretrained | None:
    return load_donor(Path(config.init)) if config.init else None


def _begin(donor: Pretrained | None) -> Architecture | None:
    return None if donor is None else donor.architecture


def _moved(model: Model, donor: Pretrained) -> PretrainedLoaded:
    """Raises TrainingError when nothing of it fits."""
    report = transfer(model.net, donor, model.table, model.architecture.head)
    if not report.parameters_loaded:
        raise TrainingError(f"{donor.path}: none of its weights fits this network; choose another file or network")
    return PretrainedLoaded(tuple(report.lines()), report.percent)
