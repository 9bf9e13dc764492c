"""The confusion matrix of the open image as rows of texts, with how strongly each cell is coloured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segstudio.app.state import State
from segstudio.core.classes import ClassTable
from segstudio.core.metrics import Metrics, compute_metrics, confusion_matrix
from segstudio.core.sample import resolve_unlabelled
from segstudio.review.report import format_metric


@dataclass(frozen=True)
class Cell:
    """`share` is that of the row's labels, 0 to 1."""

    text: str
    share: float
    tip: str


@dataclass(frozen=True)
class ConfusionRow:
    """A class of the labels: its IoU, and a cell for each class of the prediction."""

    name: str
    iou: str
    cells: tuple[Cell, ...]


def compute_open_metrics(state: State) -> Metrics | None:
    """Metrics of the prediction of the open image; None if there is none, or it has classes that the project lacks."""
    image, table = state.image, state.table
    if image is None or image.prediction is None:
        return None
    predicted = image.prediction.labels
    if predicted.size and int(predicted.max()) >= len(table):
        return None
    truth = resolve_unlabelled(image.document.plane, state.unlabelled)
    return compute_metrics(confusion_matrix(truth, predicted, len(table)))


def list_rows(found: Metrics, table: ClassTable) -> list[ConfusionRow]:
    """Rows and cells of the classes that occur in labels or prediction, in the order of the table."""
    matrix = found.confusion
    present = [int(index) for index in np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))]
    totals = np.maximum(matrix.sum(axis=1), 1)

    def make_cell(truth: int, predicted: int) -> Cell:
        count, share = int(matrix[truth, predicted]), float(matrix[truth, predicted] / totals[truth])
        return Cell(with_thin_spaces(count), share, f"{table[truth].name} → {table[predicted].name}: {share:.1%}")

    return [
        ConfusionRow(
            table[truth].name,
            format_metric(float(found.iou[truth])),
            tuple(make_cell(truth, predicted) for predicted in present),
        )
        for truth in present
    ]


def with_thin_spaces(number: int) -> str:
    """With a thin space between thousands."""
    return f"{number:,}".replace(",", "\u2009")
