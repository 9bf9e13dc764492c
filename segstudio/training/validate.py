"""The confusion matrix of a model on pictures it did not learn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from segstudio.core.metrics import Confusion, confusion
from segstudio.training.batches import Pair
from segstudio.training.device import Device
from segstudio.training.model import Model
from segstudio.training.predict import predict_whole

VALIDATION_OVERLAP = 0.25


def validate(model: Model, pairs: Iterable[Pair], device: Device) -> Iterator[tuple[str, Confusion]]:
    """(name, matrix) of each picture, as soon as it is known."""
    for pair in pairs:
        pixels = np.moveaxis(pair.pixels, 0, 2)
        prediction = predict_whole(model, pixels, device, pair.name, VALIDATION_OVERLAP)
        yield pair.name, confusion(pair.labels, prediction.labels, model.architecture.num_classes)
