"""Predict every image of a project: its uncertainty and, where it is annotated, its confusion matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from segstudio.core.metrics import ConfusionMatrix, confusion_matrix
from segstudio.core.prediction import Prediction, mean_uncertainty, remap_to_table
from segstudio.core.sample import rasterise_ground_truth
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.index import Index
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.store import is_annotated, load


@dataclass(frozen=True)
class ImagePredicted:
    """`uncertainty` is from 0 to 1; `confusion` is None for an image that is not annotated."""

    name: str
    uncertainty: float
    confusion: ConfusionMatrix | None = None

    __hash__ = None  # type: ignore[assignment]


def predict_all(
    project: Project, items: Sequence[Item], predict: Callable[[Item], Prediction], run: str
) -> Iterator[Progress | Problem | ImagePredicted]:
    """Results are stored in the index under `run`; an image that cannot be read is reported and left out."""
    with Index(project.index_file) as index:
        for done, item in enumerate(items):
            yield Progress(done, len(items), item.name)
            try:
                prediction = remap_to_table(predict(item), project.table)
                matrix = _compare(project, item, prediction)
            except SegstudioError as error:
                yield Problem(item.name, str(error))
                continue
            found = ImagePredicted(item.name, mean_uncertainty(prediction), matrix)
            index.put_uncertainty(run, item.name, found.uncertainty)
            if matrix is not None:
                index.put_matrix(run, item.name, project.table.names, matrix)
            yield found


def _compare(project: Project, item: Item, prediction: Prediction) -> ConfusionMatrix | None:
    stored = load(item, prediction.labels.shape[:2])
    if stored.problem or not is_annotated(stored.annotation):
        return None
    truth = rasterise_ground_truth(stored.annotation, project.table, project.unlabelled)
    return confusion_matrix(truth, prediction.labels, len(project.table))
