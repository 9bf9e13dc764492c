"""Metrics of the open image: mIoU, IoU of each class, and the confusion matrix as a coloured table."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.state import State
from segstudio.core.colours import PROBABILITY_PALETTE, contrasting_colour
from segstudio.core.metrics import ConfusionMatrix, Metrics, compute_metrics, confusion_matrix
from segstudio.core.sample import resolve_unlabelled
from segstudio.review.report import format_metric

_DELAY_MS = 150
_IOU_COLUMN_PX, _CELL_PADDING_PX = 52, 18


class MetricsPanel(QWidget):
    """Refreshed a moment after labels or prediction have changed."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._headline = QLabel()
        self._headline.setProperty("large", True)
        self._quiet = QLabel()
        self._quiet.setProperty("quiet", True)
        self._quiet.setWordWrap(True)
        self._table = QTableWidget()
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._table.setShowGrid(False)
        self._table.setAccessibleName(self.tr("Confusion matrix"))
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._table.verticalHeader().setDefaultSectionSize(24)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(4)
        layout.addWidget(self._headline)
        layout.addWidget(self._quiet)
        layout.addWidget(self._table, 1)
        layout.addStretch()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self.refresh)
        state.region_changed.connect(lambda region: self._timer.start())
        state.prediction_changed.connect(self._timer.start)
        state.classes_changed.connect(self._timer.start)
        state.image_changed.connect(self.refresh)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        self._timer.start()
        super().showEvent(event)

    @property
    def headline(self) -> str:
        return self._headline.text()

    def refresh(self) -> None:
        """Compute and show the metrics; the matrix of 12 megapixels takes 10 ms."""
        found = self._scores() if self.isVisible() else None
        self._table.setVisible(found is not None)
        if found is None:
            self._headline.setText("mIoU –")
            has_image = self._state.image is not None
            self._quiet.setText(
                self.tr("Train a model, then press Predict to compare its prediction with the labels.")
                if has_image
                else self.tr("Open an image to see its metrics.")
            )
            return
        self._headline.setText(f"mIoU {format_metric(found.miou)}")
        self._quiet.setText(
            self.tr("{} classes averaged · pixel accuracy {} · rows: labels, columns: prediction").format(
                found.classes_averaged, format_metric(found.pixel_accuracy)
            )
        )
        self._fill(found)

    def _scores(self) -> Metrics | None:
        image, table = self._state.image, self._state.table
        if image is None or image.prediction is None:
            return None
        predicted = image.prediction.labels
        if predicted.size and int(predicted.max()) >= len(table):
            return None  # the prediction has classes that the project does not have
        truth = resolve_unlabelled(image.document.plane, self._state.unlabelled)
        return compute_metrics(confusion_matrix(truth, predicted, len(table)))

    def _fill(self, found: Metrics) -> None:
        """Only classes that occur in labels or prediction; the first column is their IoU."""
        matrix = found.confusion
        present = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
        names = [self._state.table[int(index)].name for index in present]
        self._table.setRowCount(len(present))
        self._table.setColumnCount(len(present) + 1)
        self._table.setVerticalHeaderLabels(names)
        self._table.setHorizontalHeaderLabels(["IoU", *(name[:12] for name in names)])
        self._set_column_widths(matrix, names)
        totals = np.maximum(matrix.sum(axis=1), 1)
        for row, truth in enumerate(present):
            for column, predicted in enumerate(present):
                share = matrix[truth, predicted] / totals[truth]
                cell = self._cell(_with_thin_spaces(int(matrix[truth, predicted])), float(share))
                cell.setToolTip(f"{names[row]} → {names[column]}: {share:.1%}")
                self._table.setItem(row, column + 1, cell)
            iou = QTableWidgetItem(format_metric(float(found.iou[truth])))
            iou.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._table.setItem(row, 0, iou)

    def _set_column_widths(self, matrix: ConfusionMatrix, names: list[str]) -> None:
        """Computed once for each fill: ResizeToContents would measure every column again at every `setItem`."""
        metrics = self._table.fontMetrics()
        digits = metrics.horizontalAdvance(_with_thin_spaces(int(matrix.max())))
        header = self._table.horizontalHeader()
        header.resizeSection(0, _IOU_COLUMN_PX)
        for column, name in enumerate(names, 1):
            header.resizeSection(column, max(digits, metrics.horizontalAdvance(name[:12])) + _CELL_PADDING_PX)

    def _cell(self, number: str, share: float) -> QTableWidgetItem:
        """Coloured by its share of the row; no colour for 0."""
        cell = QTableWidgetItem(number)
        cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if share > 0:
            red, green, blue = (int(value) for value in PROBABILITY_PALETTE[40 + int(share * 190)])
            cell.setBackground(QColor(red, green, blue))
            cell.setForeground(QColor(*contrasting_colour((red, green, blue))))
        return cell


def _with_thin_spaces(number: int) -> str:
    return f"{number:,}".replace(",", "\u2009")
