"""The choices that a run makes for itself, from device and data, each with its reason (after nnU-Net's rules)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segstudio.errors import TrainingError
from segstudio.training.balance import class_weights
from segstudio.training.batches import SPARSE
from segstudio.training.choices import AUTO, BATCH, CONCAT, GROUP, SIGMOID, SOFTMAX, TRANSPOSED
from segstudio.training.config import TrainConfig
from segstudio.training.dataset import PatchDataset
from segstudio.training.device import Device, memory_bytes
from segstudio.training.events import Decision
from segstudio.training.heads import outputs_of
from segstudio.training.losses import default_loss, parse_loss
from segstudio.training.model import Architecture

_FEW = 4  # patches a step under which batch statistics are too noisy
_LONG_MINUTES = 10  # compiling takes about a minute
_ACTIVATIONS = 40  # floats a pixel and channel of the first level that a step holds, measured on the classic net


@dataclass(frozen=True)
class Plan:
    """Everything that was 0 or "auto" in the config, decided; `tile` is the side for prediction."""

    architecture: Architecture
    loss: str
    weights: tuple[float, ...] | None
    patch: int
    batch: int
    accumulate: int
    vertical_flip: bool
    compiled: bool
    steps_per_epoch: int
    tile: int
    choices: tuple[Decision, ...] = ()

    def smaller(self) -> Plan | None:
        """What to try when memory does not do: more, smaller parts; then smaller patches; None at the end."""
        unit = max(2**self.architecture.depth, 32 if self.architecture.encoder else 1)
        if self.accumulate < self.batch:
            return replace(self, accumulate=min(self.batch, 2 * self.accumulate))
        if self.patch >= 4 * unit:
            return replace(self, patch=self.patch // 2 // unit * unit)
        return None


class _Decisions:
    """Collects values with reasons: a user's own choice stands, else the program's."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.choices: list[Decision] = []

    def take(self, key: str, choose: Callable[[], tuple[Any, str]]) -> Any:
        own = getattr(self.config, key)
        if own not in (0, AUTO):
            return self._note(key, own, "as you chose")
        preset = self.config.of_network(key)
        if preset not in (0, AUTO):
            return self._note(key, preset, f"the {self.config.preset} network has it so")
        value, reason = choose()
        return self._note(key, value, reason)

    def _note(self, key: str, value: Any, reason: str) -> Any:
        self.choices.append(Decision(key, str(value), reason))
        return value


def make_plan(config: TrainConfig, device: Device, pool: PatchDataset, begin: Architecture | None = None) -> Plan:
    """`begin` is the network whose weights the run starts from. Raises TrainingError for choices that do not fit."""
    decide = _Decisions(config)
    shapes = np.array([facts.shape for facts in pool.facts])
    typical = int(np.median(shapes.min(axis=1)))
    depth = decide.take("depth", lambda: _depth(device, typical, begin))
    width = decide.take("width", lambda: _width(device, begin))
    unit = max(2**depth, 32 if config.encoder else 1)
    if config.patch and (config.patch % unit or config.patch < 2 * unit):
        fitting = max(2, config.patch // unit) * unit
        raise TrainingError(f"patch {config.patch} must be a multiple of {unit}, two at least; take {fitting}")
    if config.encoder and config.deep_supervision:
        raise TrainingError("deep_supervision needs the program's own U-Net; leave it out, or the encoder")
    patch = decide.take("patch", lambda: _patch(device, typical, unit))
    batch = decide.take("batch", lambda: _batch(device, patch, width))
    architecture = _architecture(decide, pool.channels, (width, depth, batch), begin)
    loss = decide.take("loss", lambda: (default_loss(architecture.head), f"suits a {architecture.head} head"))
    parse_loss(loss, architecture.head)
    counts = pool.counts[: len(config.table)]
    weights = class_weights(config.class_weights, counts, config.table.names)
    if weights is not None:
        decide.choices.append(Decision("class_weights", ", ".join(f"{w:.2g}" for w in weights), config.class_weights))
    flip = decide.take("vertical_flip", lambda: _flip(pool.channels))
    compiled = decide.take("compile", lambda: _compile(device, config)) == "yes"
    labelled = counts.sum() / max(1, pool.pixels)
    if labelled < SPARSE:
        decide.choices.append(Decision("sparse", f"{labelled:.1%}", "few pixels are labelled: patches lie around them"))
    return Plan(
        architecture=architecture,
        loss=loss,
        weights=tuple(weights) if weights is not None else None,
        patch=patch,
        batch=batch,
        accumulate=min(config.accumulate, batch),
        vertical_flip=flip == "yes",
        compiled=compiled,
        steps_per_epoch=max(4, math.ceil(pool.pixels / (batch * patch * patch))),
        tile=max(patch, 1024 if device.on_gpu else 512) // 32 * 32,
        choices=tuple(decide.choices),
    )


def _architecture(
    decide: _Decisions, channels: int, size: tuple[int, int, int], begin: Architecture | None
) -> Architecture:
    config = decide.config
    width, depth, batch = size
    classes = len(config.table)

    def of_begin(key: str, usual: str, why: str) -> Callable[[], tuple[str, str]]:
        return lambda: (getattr(begin, key), "as in the weights it begins from") if begin else (usual, why)

    up = decide.take("up", of_begin("up", TRANSPOSED, "learns how to enlarge"))
    skips = decide.take("skips", of_begin("skips", CONCAT, "keeps all that the way down saw"))
    few = batch < _FEW
    norm_why = f"{batch} patches a step are too few for batch statistics" if few else "fastest to learn"
    norm = decide.take("norm", of_begin("norm", GROUP if few else BATCH, norm_why))
    two = classes == 2
    head_why = "two classes need one sigmoid channel" if two else f"{classes} classes that exclude each other"
    head = decide.take("head", lambda: (SIGMOID if two else SOFTMAX, head_why))
    try:
        outputs_of(head, classes)
    except ValueError as error:
        raise TrainingError(str(error)) from error
    return Architecture(channels, classes, width, depth, up, skips, norm, head, config.deep_supervision, config.encoder)


def _depth(device: Device, typical: int, begin: Architecture | None) -> tuple[int, str]:
    """A GPU takes four downs; a CPU three, so that it sees the data often enough.

    (isbi2012, 2 minutes on 2 cores: held-out mIoU 0.802 at depth 3, 0.796 at depth 4.)
    """
    if begin:
        return begin.depth, "as in the weights it begins from"
    wanted = 4 if device.on_gpu else 3
    fitting = max(1, int(math.log2(max(2, typical / 4))))  # at least 4 pixels remain at the bottom
    if fitting < wanted:
        return fitting, f"images of {typical} pixels can be halved so often"
    return wanted, "a GPU has the time for four downs" if device.on_gpu else "three downs learn faster on a CPU"


def _width(device: Device, begin: Architecture | None) -> tuple[int, str]:
    if begin:
        return begin.width, "as in the weights it begins from"
    return (32, "fits a GPU") if device.on_gpu else (16, "a step on this CPU stays short")


def _patch(device: Device, typical: int, unit: int) -> tuple[int, str]:
    largest = 512 if device.on_gpu else 256
    patch = max(unit * 2, min(largest, math.ceil(typical / unit) * unit))
    return patch, f"images are about {typical} pixels on their shorter side, {largest} is the most here"


def _batch(device: Device, patch: int, width: int) -> tuple[int, str]:
    usual = 8 if device.on_gpu else max(2, min(16, 4 * (256 * 256) // (patch * patch)))
    held = 4 * _ACTIVATIONS * width * patch * patch
    most = int(memory_bytes(device) * 0.4 / held)
    if most < usual:
        return max(1, most), f"a patch takes about {held >> 20} MB of memory while it is learnt"
    return usual, "fills the GPU" if device.on_gpu else "as many as keep a step under a second"


def _flip(channels: int) -> tuple[str, str]:
    if channels == 3:
        return "no", "colour photographs have an up and a down"
    return "yes", "gray images are mostly micrographs or scans, which have none"


def _compile(device: Device, config: TrainConfig) -> tuple[str, str]:
    long = config.minutes >= _LONG_MINUTES or config.steps >= 5000
    if device.kind == "cuda" and long:
        return "yes", "the minute that compiling takes is won back"
    return "no", "would take longer than it saves" if device.kind == "cuda" else "only pays on a GPU"
