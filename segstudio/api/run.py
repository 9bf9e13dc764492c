"""A trained model of a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segstudio.api.datasets import PathArgument, complete_classes
from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.prediction import Prediction
from segstudio.errors import SegstudioError
from segstudio.formats.images import Pixels
from segstudio.project.project import Project
from segstudio.project.runs import RunInfo, find_weights, read_run

if TYPE_CHECKING:
    from segstudio.training.device import Device
    from segstudio.training.model import Model


class Run:
    """One training of a project: its metrics, and its best weights to predict with.

    `project` has a class for each label in its files. The weights are loaded at the first prediction and kept.
    """

    def __init__(
        self, project: Project, path: Path, *, name: str = "", device: str = "auto", owner: object = None
    ) -> None:
        """`path` is the run's folder, or a weights file. Use `Run.open`, `train` or `train_arrays` to get a run.

        `owner` is kept alive as long as the run: it may own the folder that the run is in.
        """
        self.project = project
        self.name = name or path.name
        self._path = path
        self.device = device
        self._owner = owner
        self._loaded: tuple[Model, Device] | None = None

    @classmethod
    def open(cls, project: Project, name: PathArgument, *, device: str = "auto") -> Run:
        """The run of that name, or the run folder or weights file (*.safetensors) at that path.

        `device` is "auto", "cpu", "cuda" or "mps". Raises ProjectError where there is no such run or it has no weights.
        """
        weights = find_weights(project, str(name))
        return cls(complete_classes(project), weights, name=str(name), device=device)

    def __repr__(self) -> str:
        return f"Run({str(self.project.folder)!r}, {self.name!r})"

    @property
    def folder(self) -> Path:
        """The run's folder, with its configuration, metrics and checkpoints."""
        return self._path.parent if self._path.is_file() else self._path

    @property
    def weights(self) -> Path:
        """The file of the best weights. Raises ProjectError where none has been saved yet."""
        return find_weights(self.project, str(self._path))

    @property
    def info(self) -> RunInfo:
        """Configuration and metrics, read from the run's folder: `rows` has one entry a validation."""
        return read_run(self.folder)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the model's classes in the order of its own ids, which may differ from the project's."""
        return tuple(self._load()[0].table.names)

    def predict(self, image_HWC: Pixels, *, name: str = "", overlap: float = 0.5) -> Prediction:
        """Predict one image of shape (H, W) or (H, W, C), uint8 or uint16.

        The result is in class ids of the project, matched by name or alias: `labels` is (H, W) uint8, `probabilities`
        (C, H, W) uint8 from 0 to 255 for 0 to 1, with C = 0 where they would need more than 512 MiB; `entropy` is
        (H, W) uint8, 255 where all classes are equally likely. Pixels of a class that the project lacks are 255
        (ignore); `project.with_labels(run.classes)` adds these classes.

        `name` is kept in the result; `overlap` is the part of each tile that its neighbour covers, 0 to below 1. Raises
        SegstudioError for other arrays, TrainingError for other channels than the model was trained on.
        """
        from segstudio.training.predict import predict_whole

        pixels = np.asarray(image_HWC)
        if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in (2, 3) or not pixels.size:
            raise SegstudioError(
                f"image is {pixels.dtype} {pixels.shape}; predict takes uint8 or uint16 of (H, W) or (H, W, C)"
            )
        model, device = self._load()
        return to_table(predict_whole(model, pixels, device, name, overlap), self.project.table)

    def predict_file(self, path: PathArgument) -> Prediction:
        """`predict` for an image file; `name` of the result is the path. Raises FileError where it cannot be read."""
        from segstudio.formats.images import read_image

        return self.predict(read_image(Path(path)), name=str(path))

    def _load(self) -> tuple[Model, Device]:
        from segstudio.training.checkpoint import load_weights
        from segstudio.training.device import choose_device

        if self._loaded is None:
            device = choose_device(self.device)
            self._loaded = load_weights(self.weights, device), device
        return self._loaded


def to_table(prediction: Prediction, table: ClassTable) -> Prediction:
    """The prediction with labels and probabilities in class ids of `table`, matched by name or alias."""
    if list(prediction.classes) == table.names:
        return prediction
    ids = np.full(256, IGNORE, np.uint8)
    channels, height, width = prediction.probabilities.shape
    probabilities = np.zeros((len(table) if channels else 0, height, width), np.uint8)
    for channel, name in enumerate(prediction.classes):
        class_id = table.id_of(name)
        if class_id is None or class_id >= len(table):
            continue
        ids[channel] = class_id
        if channels:  # two classes of the model may have become one of the project
            total = probabilities[class_id].astype(np.uint16) + prediction.probabilities[channel]
            probabilities[class_id] = np.minimum(total, 255)
    return Prediction(
        prediction.name,
        prediction.step,
        tuple(table.names),
        ids[prediction.labels],
        probabilities,
        prediction.entropy,
    )
