"""What a model says of one image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import Box
from segstudio.core.classes import IGNORE, ClassTable

Heat = NDArray[np.uint8]  # (H, W), 0..255 for 0..1


@dataclass(frozen=True)
class Prediction:
    """`name` is the image, `step` the training step of the model: a stale result is told by them.

    `labels` is the (H, W) argmax plane; `probabilities` (C, H, W) quantised to bytes, or with C = 0 where
    they would not fit the memory budget; `entropy` is (H, W), divided by ln C, so 255 is "no idea".
    `classes` names the model's classes, one a channel of `probabilities`.
    """

    name: str
    step: int
    classes: tuple[str, ...]
    labels: NDArray[np.uint8]
    probabilities: NDArray[np.uint8]
    entropy: Heat

    __hash__ = None  # type: ignore[assignment]


def in_terms_of(prediction: Prediction, table: ClassTable) -> Prediction:
    """The prediction with its labels as class ids of `table`, by name; IGNORE where the table lacks a class."""
    lookup = np.full(256, IGNORE, np.uint8)
    for index, name in enumerate(prediction.classes):
        found = table.id_of(name)
        lookup[index] = IGNORE if found is None else found
    if (lookup[: len(prediction.classes)] == np.arange(len(prediction.classes))).all():
        return prediction
    return replace(prediction, labels=lookup[prediction.labels])


def with_part(whole: Prediction | None, part: Prediction, box: Box, shape: tuple[int, ...]) -> Prediction:
    """A prediction of an image of `shape` (H, W) in which `box` is new; outside it as before, or IGNORE.

    The planes of `whole` are copied, never written: somebody may be looking at them.
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
    """Names that the model has and the table has not."""
    return [name for name in prediction_classes if table.id_of(name) in (None, IGNORE)]


def mean_uncertainty(prediction: Prediction) -> float:
    """Mean entropy of all pixels, from 0 (sure) to 1 (no idea)."""
    return float(prediction.entropy.mean()) / 255
