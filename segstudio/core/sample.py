"""Training sample: image path and a snapshot of the annotation, which later edits do not change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.raster import Labels, rasterise


@dataclass(frozen=True)
class Sample:
    """One image with its annotation; `held_out` samples are used for validation, never for training."""

    name: str
    image: Path
    annotation: Annotation
    held_out: bool = False

    __hash__ = None  # type: ignore[assignment]


def resolve_unlabelled(plane: Labels, unlabelled: str) -> Labels:
    """A copy of a class plane with UNLABELLED replaced by class 0 or IGNORE.

    `unlabelled` is the project's policy: "background" (class 0) or "ignore" (255).
    """
    out = plane.copy()
    out[out == UNLABELLED] = 0 if unlabelled == "background" else IGNORE
    return out


def rasterise_ground_truth(annotation: Annotation, table: ClassTable, unlabelled: str) -> Labels:
    """The (H, W) plane for training and metrics: class ids, and 255 for pixels to ignore."""
    return resolve_unlabelled(rasterise(annotation, table), unlabelled)


def train_samples(samples: Iterable[Sample]) -> list[Sample]:
    """Samples to train on."""
    return [sample for sample in samples if not sample.held_out]


def held_out_samples(samples: Iterable[Sample]) -> list[Sample]:
    """Samples for validation."""
    return [sample for sample in samples if sample.held_out]
