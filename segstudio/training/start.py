"""From a configuration and samples to a run that can take its first step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from segstudio.core.sample import Sample, held_out_samples, train_samples
from segstudio.errors import TrainingError
from segstudio.events import Problem, Progress
from segstudio.run_layout import LAUNCH_FILE
from segstudio.training.balance import find_label_warnings
from segstudio.training.checkpoint import load_newest_state
from segstudio.training.config import TrainConfig
from segstudio.training.dataset import PatchDataset, compute_mean_std
from segstudio.training.device import Device, choose_device, total_memory_bytes
from segstudio.training.distributed import is_restarted, launch_id, rank, shard
from segstudio.training.events import PretrainedLoaded, Proposal
from segstudio.training.model import Architecture, Model
from segstudio.training.plan import Plan, make_plan
from segstudio.training.pretrained import Pretrained, load_pretrained, read_pretrained
from segstudio.training.run import Run

MEMORY_FRACTION: Final = 0.25  # of the machine's memory, for cached images


class Datasets:
    """Training and validation images within one memory budget; each rank validates its shard."""

    def __init__(self, config: TrainConfig, samples: Sequence[Sample]) -> None:
        budget = int(config.cache_gb * (1 << 30)) or int(total_memory_bytes() * MEMORY_FRACTION)
        self.train = PatchDataset(train_samples(samples), config.table, config.unlabelled, budget)
        self.val = PatchDataset(shard(held_out_samples(samples)), config.table, config.unlabelled, budget // 4)

    def load(self) -> Iterator[Progress | Problem]:
        """Raises TrainingError when no training image has labels."""
        yield from self.train.load("reading training images")
        self.val.channels = self.train.channels
        yield from self.val.load("reading validation images")
        if not len(self.train):
            raise TrainingError("no training image has labels; label at least one, then train")


@dataclass(frozen=True)
class RunStart:
    """A run before its first step; what was loaded of pretrained weights; a remark if an older state was resumed."""

    run: Run
    pretrained: PretrainedLoaded | None
    remark: str


def propose(config: TrainConfig, samples: Sequence[Sample]) -> Iterator[Progress | Problem | Proposal]:
    """What `train` would decide for these samples, with reasons; nothing is written."""
    datasets = Datasets(config, samples)
    yield from datasets.load()
    pretrained = _read_init(config)
    device = choose_device(config.device, config.precision)
    plan = make_plan(config, device, datasets.train, pretrained.architecture if pretrained else None)
    warnings = tuple(find_warnings(config, datasets.train))
    yield Proposal(plan.decisions, warnings, tuple(datasets.train.names), tuple(datasets.val.names))


def find_warnings(config: TrainConfig, dataset: PatchDataset) -> list[str]:
    return find_label_warnings(dataset.counts[: len(config.table)], config.table)


def start_run(config: TrainConfig, dataset: PatchDataset) -> RunStart:
    """Decide what the configuration leaves open, build the network, load pretrained weights or resume.

    Raises TrainingError if a run of this name exists, which is never overwritten, or cannot be resumed; FileError
    for weights or a state that cannot be read.
    """
    _check_name(config)
    device = choose_device(config.device, config.precision)
    state, remark = load_newest_state(config.run_dir) if config.resume else ({}, "")
    pretrained = None if config.resume else _read_init(config)
    if state:
        plan = make_plan(config, device, dataset, _architecture_of(state, config))
        plan, device = _restore_plan(state, config, plan, device)
        dataset.reorder(state["sampler"]["names"])
    else:
        plan = make_plan(config, device, dataset, pretrained.architecture if pretrained else None)
    model = _build_model(config, plan, device, dataset)
    if state:
        model = replace(model, **state["input"])
    loaded = None if pretrained is None else _initialise(model, pretrained)
    run = Run(config, dataset, device, plan, model)
    try:
        if state:
            run.restore(state)
            if run.clock.update_progress(run.step) >= 1.0:
                raise TrainingError(f"{config.run_dir.name}: run is finished; give it more minutes or steps to resume")
    except TrainingError:
        run.release()
        raise
    return RunStart(run, loaded, remark)


def _check_name(config: TrainConfig) -> None:
    """Raises TrainingError if the folder has files, unless this torchrun began the run before it had a state."""
    exists = config.run_dir.is_dir() and any(config.run_dir.iterdir())
    ours = is_restarted() and _read_launch_id(config.run_dir) == launch_id()
    if exists and not config.resume and not ours and not rank():
        raise TrainingError(f"{config.run_dir.name}: there is a run of this name; choose another, or resume it")


def _restore_plan(state: Mapping[str, Any], config: TrainConfig, plan: Plan, device: Device) -> tuple[Plan, Device]:
    """What recovery had changed, such as smaller parts or full precision, unless the user has changed it since."""
    chosen, saved = state["chosen"], state["plan"]
    kept = {key: saved[key] for key in saved if getattr(config, key) == chosen[key]}
    if state["precision"] == "float32" and config.precision == chosen["precision"]:
        device = device.with_full_precision()
    return replace(plan, **kept), device


def _read_launch_id(folder: Path) -> str:
    try:
        return (folder / LAUNCH_FILE).read_text("utf-8")
    except OSError:
        return ""


def _architecture_of(state: Mapping[str, Any], config: TrainConfig) -> Architecture:
    try:
        return Architecture(**state["architecture"])
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{config.run_dir}: cannot be resumed from ({error}); start a new run") from error


def _build_model(config: TrainConfig, plan: Plan, device: Device, dataset: PatchDataset) -> Model:
    torch.manual_seed(config.seed)
    mean, std = compute_mean_std(dataset)
    try:
        net = plan.architecture.build(pretrained=bool(config.encoder) and not config.resume)
    except ValueError as error:
        raise TrainingError(str(error)) from error
    net.to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Model(net, plan.architecture, config.table, config.unlabelled, mean, std, plan.tile, dataset.white)


def _read_init(config: TrainConfig) -> Pretrained | None:
    return read_pretrained(Path(config.init)) if config.init else None


def _initialise(model: Model, pretrained: Pretrained) -> PretrainedLoaded:
    """Raises TrainingError when none of the weights fits."""
    report = load_pretrained(model.net, pretrained, model.table, model.architecture.head)
    if not report.parameters_loaded:
        raise TrainingError(f"{pretrained.path}: none of its weights fits this network; use another file or network")
    return PretrainedLoaded(tuple(report.lines()), report.percent)
