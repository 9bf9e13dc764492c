"""The confusion matrix of a model on pictures it did not learn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from segstudio.core.metrics import Confusion, confusion
from segstudio.events import Progress
from segstudio.training.device import Device
from segstudio.training.model import Model
from segstudio.training.pool import Pair
from segstudio.training.predict import predict

VALIDATION_OVERLAP = 0.25


def validate(model: Model, pairs: Iterable[Pair], device: Device) -> Iterator[Progress | Confusion]:
    """The matrix of each picture, with progress in between."""
    for pair in pairs:
        pixels = np.moveaxis(pair.pixels, 0, 2)
        for event in predict(model, pixels, device, pair.name, VALIDATION_OVERLAP):
            if isinstance(event, Progress):
                yield event
            else:
                yield confusion(pair.labels, event.labels, model.architecture.num_classes)
