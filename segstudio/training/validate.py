"""The confusion matrix of a model on images it did not learn from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from segstudio.core.metrics import ConfusionMatrix, confusion_matrix
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.training.dataset import PatchDataset
from segstudio.training.device import Device
from segstudio.training.model import Model
from segstudio.training.predict import predict

VALIDATION_OVERLAP = 0.25


def validate(model: Model, pool: PatchDataset, device: Device) -> Iterator[Progress | Problem | ConfusionMatrix]:
    """The matrix of each image, with progress in between; a file that has died is named and dropped."""
    for name in pool.names:
        try:
            pair = pool.pair(pool.names.index(name))
        except SegstudioError as error:
            pool.drop(name)
            yield Problem(name, str(error))
            continue
        pixels = np.moveaxis(pair.pixels, 0, 2)
        for event in predict(model, pixels, device, pair.name, VALIDATION_OVERLAP):
            if isinstance(event, Progress):
                yield event
            else:
                yield confusion_matrix(pair.labels, event.labels, model.architecture.num_classes)
