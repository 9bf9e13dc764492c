"""Confusion matrices of a model on the validation images."""

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


def validate(model: Model, dataset: PatchDataset, device: Device) -> Iterator[Progress | Problem | ConfusionMatrix]:
    """Predict every image, without augmentation, and yield its matrix; one that cannot be read is dropped."""
    for name in dataset.names:
        try:
            pair = dataset.get_pair(dataset.names.index(name))
        except SegstudioError as error:
            dataset.drop(name)
            yield Problem(name, str(error))
            continue
        pixels = np.moveaxis(pair.pixels, 0, 2)
        for event in predict(model, pixels, device, pair.name, VALIDATION_OVERLAP):
            if isinstance(event, Progress):
                yield event
            else:
                yield confusion_matrix(pair.labels, event.labels, model.architecture.num_classes)
