"""The prediction of a model for one image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import Box
from segstudio.core.classes import IGNORE, ClassTable

ProbabilityMap = NDArray[np.uint8]  # (H, W), 0..255 for 0..1


@dataclass(frozen=True)
class Prediction:
    """`name` is the image and `step` the training step of the model; they are used to detect stale results.

    `labels` is the (H, W) argmax plane. `probabilities` is (C, H, W), 0..255, or (0, H, W) where it would exceed the
    memory budget. `entropy` is (H, W), divided by ln C: 255 means that all classes are equally likely. `classes` are
    the names of the model's classes, one for each channel of `probabilities`.
    """

    name: str
    step: int
    classes: tuple[str, ...]
    labels: NDArray[np.uint8]
    probabilities: NDArray[np.uint8]
    entropy: ProbabilityMap

    __hash__ = None  # type: ignore[assignment]


def remap_to_table(prediction: Prediction, table: ClassTable) -> Prediction:
    """Convert the labels to class ids of `table`, by class name; IGNORE for classes that the table lacks."""
    lookup = np.full(256, IGNORE, np.uint8)
    for index, name in enumerate(prediction.classes):
        found = table.id_of(name)
        lookup[index] = IGNORE if found is None else found
    if (lookup[: len(prediction.classes)] == np.arange(len(prediction.classes))).all():
        return prediction
    return replace(prediction, labels=lookup[prediction.labels])


def with_part(whole: Prediction | None, part: Prediction, box: Box, shape: tuple[int, ...]) -> Prediction:
    """A prediction of an image of `shape` (H, W): `part` inside `box`, `whole` outside of it, or IGNORE without one.

    The planes of `whole` are copied, not changed, because they may be on screen.
    """
    labels = np.full(shape, IGNORE, np.uint8)
    probabilities = np.zeros((len(part.probabilities), *shape), np.uint8)
    entropy = np.zeros(shape, np.uint8)
    if whole is not None and whole.labels.shape == shape and whole.classes == part.classes:
        labels[:], entropy[:] = whole.labels, whole.entropy
        if whole.probabilities.shape == probabilities.shape:
            probabilities[:] = whole.probabilities
    labels[box.slices], entropy[box.slices] = part.labels, part.entropy
    probabilities[:, box.y0 : box.y1, box.x0 : box.x1] = part.probabilities
    return replace(part, labels=labels, probabilities=probabilities, entropy=entropy)


def unknown_classes(prediction_classes: tuple[str, ...], table: ClassTable) -> list[str]:
    """Names of the model's classes that are not in the table."""
    return [name for name in prediction_classes if table.id_of(name) in (None, IGNORE)]


def mean_uncertainty(prediction: Prediction) -> float:
    """Mean normalised entropy of all pixels, from 0 (certain) to 1 (all classes equally likely)."""
    return float(prediction.entropy.mean()) / 255
