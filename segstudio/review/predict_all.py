"""A model's view of every image of a project: how unsure it is, and how right where there are labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from segstudio.core.metrics import Confusion, confusion
from segstudio.core.prediction import Prediction, in_terms_of, mean_uncertainty
from segstudio.core.sample import ground_truth
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.index import Index
from segstudio.project.item import DONE, Item
from segstudio.project.project import Project
from segstudio.project.store import load, status_of


@dataclass(frozen=True)
class Surveyed:
    """`uncertainty` from 0 to 1; `confusion` is None for an image without labels."""

    name: str
    uncertainty: float
    confusion: Confusion | None = None

    __hash__ = None  # type: ignore[assignment]


def survey(
    project: Project, items: Sequence[Item], predict: Callable[[Item], Prediction], run: str
) -> Iterator[Progress | Problem | Surveyed]:
    """Figures go into the index under `run`; an image that cannot be read is named and passed over."""
    with Index(project.index_file) as index:
        for done, item in enumerate(items):
            yield Progress(done, len(items), item.name)
            try:
                prediction = in_terms_of(predict(item), project.table)
                matrix = _judged(project, item, prediction)
            except SegstudioError as error:
                yield Problem(item.name, str(error))
                continue
            found = Surveyed(item.name, mean_uncertainty(prediction), matrix)
            index.put_uncertainty(run, item.name, found.uncertainty)
            if matrix is not None:
                index.put_matrix(run, item.name, project.table.names, matrix)
            yield found


def _judged(project: Project, item: Item, prediction: Prediction) -> Confusion | None:
    stored = load(item, prediction.labels.shape[:2])
    labelled = stored.annotation.shapes or status_of(stored.annotation) == DONE
    if stored.problem or not labelled:
        return None
    truth = ground_truth(stored.annotation, project.table, project.unlabelled)
    return confusion(truth, prediction.labels, len(project.table))
