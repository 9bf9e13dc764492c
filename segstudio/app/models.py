"""The model in memory and what is computed with it. torch is imported inside functions only, which run in jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segstudio.app.open_image import OpenImage
from segstudio.core.prediction import Prediction, remap_to_table, unknown_classes
from segstudio.core.sample import Sample
from segstudio.events import Problem, Progress
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.runs import find_weights
from segstudio.review.evaluate import Evaluation, ImageEvaluation, evaluate
from segstudio.review.predict_all import ImagePredicted, predict_all

if TYPE_CHECKING:
    from segstudio.training.device import Device
    from segstudio.training.model import Model


class ModelCache:
    """Keeps the model that was used last; another run, or the same one with newer weights, replaces it."""

    def __init__(self) -> None:
        self._key: tuple[str, int] | None = None
        self._held: tuple[Model, Device] | None = None

    def get(self, project: Project, run: str) -> tuple[Model, Device]:
        """Load the weights of a run if they are not loaded yet. Raises SegstudioError when they cannot be read."""
        from segstudio.training.checkpoint import load_weights
        from segstudio.training.device import choose_device

        path = find_weights(project, run)
        key = (str(path), path.stat().st_mtime_ns)
        if self._held is None or key != self._key:
            device = choose_device()
            self._held, self._key = (load_weights(path, device), device), key
        return self._held

    def predict(self, project: Project, run: str, image: OpenImage) -> Iterator[Progress | Prediction]:
        """One image, in the model's own classes."""
        from segstudio.training.predict import predict

        model, device = self.get(project, run)
        yield from predict(model, image.pixels, device, image.item.name)

    def evaluate(
        self, project: Project, run: str, samples: Sequence[Sample]
    ) -> Iterator[Progress | Problem | ImageEvaluation | Evaluation]:
        """The confusion matrix of each sample; nothing if the model has classes that the project lacks."""
        from segstudio.training.predict import predict_file

        model, device = self.get(project, run)
        if not unknown_classes(tuple(model.table.names), project.table):
            yield from evaluate(
                project,
                samples,
                lambda s: remap_to_table(predict_file(model, s.image, device, s.name), project.table).labels,
                run,
            )

    def predict_all(
        self, project: Project, run: str, items: Sequence[Item]
    ) -> Iterator[Progress | Problem | ImagePredicted]:
        """Every item, for its confusion matrix and uncertainty."""
        from segstudio.training.predict import predict_file

        model, device = self.get(project, run)
        missing = unknown_classes(tuple(model.table.names), project.table)
        if missing:
            yield Problem(run, f"predicts classes that this project does not have: {', '.join(missing)}")
            return
        yield from predict_all(project, items, lambda item: predict_file(model, item.image, device, item.name), run)


def export_run(project: Project, run: str, path: Path) -> Iterator[str | Progress]:
    """Write a run's weights as ONNX; yields one line with the result. Raises FileError if `path` exists."""
    from segstudio.training.checkpoint import load_weights
    from segstudio.training.device import choose_device
    from segstudio.training.onnx_export import export_onnx

    yield export_onnx(load_weights(find_weights(project, run), choose_device("cpu")), path).line
    yield Progress(1, 1, run)
