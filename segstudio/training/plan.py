"""Decides what the configuration leaves open, from device and data, each with a reason (after nnU-Net's rules)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from segstudio.errors import TrainingError
from segstudio.training.balance import compute_class_weights
from segstudio.training.batches import SPARSE
from segstudio.training.config import AUTO, BATCH, CONCAT, GROUP, SIGMOID, SOFTMAX, TRANSPOSED, TrainConfig
from segstudio.training.dataset import PatchDataset
from segstudio.training.device import Device, total_memory_bytes
from segstudio.training.events import Decision
from segstudio.training.losses import choose_loss, parse_loss
from segstudio.training.model import Architecture, count_outputs

_MIN_BATCH_FOR_BATCH_NORM: Final = 4  # with fewer patches per step batch statistics are too noisy
_LONG_RUN_MINUTES: Final = 10  # torch.compile takes about a minute
_LONG_RUN_STEPS: Final = 5000
_FLOATS_PER_PIXEL: Final = 40  # held per pixel and channel of the first level in a step; measured, classic U-Net
_AS_PRETRAINED: Final = "as in the pretrained weights"

Choose = Callable[[], tuple[Any, str]]


@dataclass(frozen=True)
class Plan:
    """Every setting that was 0 or "auto", decided; `tile` is the side of prediction tiles in pixels."""

    architecture: Architecture
    loss: str
    class_weights: tuple[float, ...] | None
    patch_size: int
    batch_size: int
    accumulate: int
    vertical_flip: bool
    compiled: bool
    steps_per_epoch: int
    tile: int
    decisions: tuple[Decision, ...] = ()

    @property
    def pixels_per_step(self) -> int:
        """On one rank."""
        return self.batch_size * self.patch_size**2

    def with_less_memory(self) -> Plan | None:
        """The batch in twice as many parts; with one patch per part, smaller patches; None at the minimum."""
        unit = _find_patch_unit(self.architecture.depth, self.architecture.encoder)
        if self.accumulate < self.batch_size:
            return replace(self, accumulate=min(self.batch_size, 2 * self.accumulate))
        if self.patch_size >= 4 * unit:
            return replace(self, patch_size=self.patch_size // 2 // unit * unit)
        return None


def count_epoch_steps(num_pixels: int, pixels_per_step: int) -> int:
    """Steps in which as many pixels are trained on as the images have, at least 4."""
    return max(4, math.ceil(num_pixels / pixels_per_step))


def _find_patch_unit(depth: int, encoder: str) -> int:
    """Sides of patches are multiples of it."""
    return max(2**depth, 32 if encoder else 1)


class _Decider:
    """Collects decisions: the user's value first, then the preset's, the pretrained network's, the program's."""

    def __init__(self, config: TrainConfig, pretrained: Architecture | None) -> None:
        self.config = config
        self.decisions: list[Decision] = []
        self._pretrained = pretrained

    def decide(self, key: str, choose: Choose) -> Any:
        own = getattr(self.config, key)
        if own not in (0, AUTO):
            return self._add(key, own, "set by you")
        preset = self.config.network_setting(key)
        if preset not in (0, AUTO):
            return self._add(key, preset, f"set by the preset {self.config.preset}")
        return self._add(key, *choose())

    def decide_as_pretrained(self, key: str, choose: Choose) -> Any:
        """For settings that pretrained weights fix, because others could not be loaded."""
        pretrained = self._pretrained
        return self.decide(key, (lambda: (getattr(pretrained, key), _AS_PRETRAINED)) if pretrained else choose)

    def note(self, key: str, value: str, reason: str) -> None:
        self.decisions.append(Decision(key, value, reason))

    def _add(self, key: str, value: Any, reason: str) -> Any:
        self.note(key, str(value), reason)
        return value


def make_plan(
    config: TrainConfig, device: Device, dataset: PatchDataset, pretrained: Architecture | None = None
) -> Plan:
    """`pretrained` is the network whose weights are loaded. Raises TrainingError for settings that do not fit."""
    decider = _Decider(config, pretrained)
    shapes = np.array([stats.shape for stats in dataset.stats])
    side = int(np.median(shapes.min(axis=1)))
    depth = decider.decide_as_pretrained("depth", lambda: _choose_depth(device, side))
    width = decider.decide_as_pretrained("width", lambda: _choose_width(device))
    unit = _find_patch_unit(depth, config.encoder)
    _check_settings(config, unit)
    patch_size = decider.decide("patch_size", lambda: _choose_patch_size(device, side, unit))
    batch_size = decider.decide("batch_size", lambda: _choose_batch_size(device, patch_size, width))
    architecture = Architecture(
        dataset.channels,
        len(config.table),
        width,
        depth,
        **_decide_variants(decider, batch_size),
        head=_decide_head(decider),
        deep_supervision=config.deep_supervision,
        encoder=config.encoder,
    )
    loss = decider.decide("loss", lambda: (choose_loss(architecture.head), f"fits a {architecture.head} head"))
    parse_loss(loss, architecture.head)
    counts = dataset.counts[: len(config.table)]
    weights = compute_class_weights(config.class_weights, counts, config.table.names)
    if weights is not None:
        decider.note("class_weights", ", ".join(f"{w:.2g}" for w in weights), config.class_weights)
    flip = decider.decide("vertical_flip", lambda: _choose_vertical_flip(dataset.channels))
    compiled = decider.decide("compile", lambda: _choose_compile(device, config)) == "yes"
    labelled = counts.sum() / max(1, dataset.num_pixels)
    if labelled < SPARSE:
        decider.note("sparse", f"{labelled:.1%}", "few pixels are labelled: patches are cut around them")
    return Plan(
        architecture=architecture,
        loss=loss,
        class_weights=tuple(weights) if weights is not None else None,
        patch_size=patch_size,
        batch_size=batch_size,
        accumulate=min(config.accumulate, batch_size),
        vertical_flip=flip == "yes",
        compiled=compiled,
        steps_per_epoch=count_epoch_steps(dataset.num_pixels, batch_size * patch_size**2),
        tile=max(patch_size, 1024 if device.on_gpu else 512) // 32 * 32,
        decisions=tuple(decider.decisions),
    )


def _check_settings(config: TrainConfig, unit: int) -> None:
    if config.patch_size and (config.patch_size % unit or config.patch_size < 2 * unit):
        fitting = max(2, config.patch_size // unit) * unit
        raise TrainingError(
            f"patch_size {config.patch_size} must be a multiple of {unit} and at least {2 * unit}; use {fitting}"
        )
    if config.encoder and config.deep_supervision:
        raise TrainingError("deep_supervision is not available with an encoder; remove one of the two")


def _decide_variants(decider: _Decider, batch_size: int) -> dict[str, str]:
    few = batch_size < _MIN_BATCH_FOR_BATCH_NORM
    reason = f"{batch_size} patches per step are too few for batch statistics" if few else "trains fastest"
    return {
        "upsampling": decider.decide_as_pretrained("upsampling", lambda: (TRANSPOSED, "its weights are trained")),
        "skips": decider.decide_as_pretrained("skips", lambda: (CONCAT, "keeps all features of the encoder")),
        "norm": decider.decide_as_pretrained("norm", lambda: (GROUP if few else BATCH, reason)),
    }


def _decide_head(decider: _Decider) -> str:
    classes = len(decider.config.table)
    two = classes == 2
    reason = "two classes need one sigmoid channel" if two else f"{classes} classes that exclude each other"
    head: str = decider.decide("head", lambda: (SIGMOID if two else SOFTMAX, reason))
    try:
        count_outputs(head, classes)
    except ValueError as error:
        raise TrainingError(str(error)) from error
    return head


def _choose_depth(device: Device, side: int) -> tuple[int, str]:
    """4 on a GPU; 3 on a CPU, so that it sees the data often enough.

    (isbi2012, 2 minutes on 2 cores: validation mIoU 0.802 at depth 3, 0.796 at depth 4.)
    """
    usual = 4 if device.on_gpu else 3
    possible = max(1, int(math.log2(max(2, side / 4))))  # leaves at least 4 pixels at the bottom
    if possible < usual:
        return possible, f"images of {side} pixels cannot be halved more often"
    return usual, "a GPU is fast enough for depth 4" if device.on_gpu else "depth 3 trains faster on a CPU"


def _choose_width(device: Device) -> tuple[int, str]:
    return (32, "fits a GPU") if device.on_gpu else (16, "keeps steps on this CPU short")


def _choose_patch_size(device: Device, side: int, unit: int) -> tuple[int, str]:
    largest = 512 if device.on_gpu else 256
    patch_size = max(unit * 2, min(largest, math.ceil(side / unit) * unit))
    return patch_size, f"images are about {side} pixels on their shorter side; the maximum here is {largest}"


def _choose_batch_size(device: Device, patch_size: int, width: int) -> tuple[int, str]:
    usual = 8 if device.on_gpu else max(2, min(16, 4 * (256 * 256) // (patch_size * patch_size)))
    patch_bytes = 4 * _FLOATS_PER_PIXEL * width * patch_size * patch_size
    possible = int(total_memory_bytes(device) * 0.4 / patch_bytes)
    if possible < usual:
        return max(1, possible), f"each patch takes about {patch_bytes >> 20} MB of memory in a step"
    return usual, "fills the GPU" if device.on_gpu else "keeps a step under a second"


def _choose_vertical_flip(channels: int) -> tuple[str, str]:
    if channels == 3:
        return "no", "colour photographs have an up and a down"
    return "yes", "grey images are mostly micrographs or scans, without an up and a down"


def _choose_compile(device: Device, config: TrainConfig) -> tuple[str, str]:
    long = config.minutes >= _LONG_RUN_MINUTES or config.steps >= _LONG_RUN_STEPS
    if device.kind == "cuda" and long:
        return "yes", "a long run regains the minute that compiling takes"
    return "no", "compiling would take longer than it saves" if device.kind == "cuda" else "only faster on a GPU"
