"""What learning sees of one image, by value: later edits do not reach it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.raster import Labels, rasterise


@dataclass(frozen=True)
class Sample:
    """`held_out` samples judge the model and never train it."""

    name: str
    image: Path
    annotation: Annotation
    held_out: bool = False

    __hash__ = None  # type: ignore[assignment]


def reading(plane: Labels, unlabelled: str) -> Labels:
    """A copy of a class plane in which UNLABELLED has the meaning that the project gives it.

    `unlabelled` is "background" (class 0) or "ignore" (255).
    """
    out = plane.copy()
    out[out == UNLABELLED] = 0 if unlabelled == "background" else IGNORE
    return out


def ground_truth(annotation: Annotation, table: ClassTable, unlabelled: str) -> Labels:
    """The (H, W) plane to learn from or to score against: class ids and 255."""
    return reading(rasterise(annotation, table), unlabelled)


def train_part(samples: Iterable[Sample]) -> list[Sample]:
    return [sample for sample in samples if not sample.held_out]


def held_out_part(samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.held_out]
