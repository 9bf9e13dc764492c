"""Metrics of the open image: mIoU, IoU of each class, and the confusion matrix as a coloured table."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem

from segstudio.app.confusion_table import Cell, ConfusionRow, compute_open_metrics, list_rows
from segstudio.app.state import State
from segstudio.core.colours import PROBABILITY_PALETTE, contrasting_colour
from segstudio.core.metrics import Metrics
from segstudio.review.report import format_metric
from segstudio.tools.options import N
from segstudio.ui.panels.panel import ANNOTATE, REVIEW, Panel, PanelInfo
from segstudio.ui.widgets import NUMBER_ALIGNMENT, STRETCH, make_column, make_label

_DELAY_MS = 150
_IOU_COLUMN_PX, _CELL_PADDING_PX = 52, 18


class MetricsPanel(Panel):
    """Refreshed a moment after labels or prediction have changed."""

    info = PanelInfo("metrics", N("Panel", "Metrics"), "model", (ANNOTATE, REVIEW), 240)

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._headline = make_label(style="large")
        self._quiet = make_label(style="quiet", wrap=True)
        self._table = QTableWidget()
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self._table.setShowGrid(False)
        self._table.setAccessibleName(self.tr("Confusion matrix"))
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._table.verticalHeader().setDefaultSectionSize(24)
        parts = (self._headline, self._quiet, (self._table, 1), STRETCH)
        make_column(*parts, within=self, margins=(8, 8, 8, 8), spacing_px=4)
        self._timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
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
        found = compute_open_metrics(self._state) if self.isVisible() else None
        self._table.setVisible(found is not None)
        if found is None:
            self._headline.setText("mIoU –")
            no_image = self.tr("Open an image to see its metrics.")
            no_prediction = self.tr("Train a model, then press Predict to compare its prediction with the labels.")
            self._quiet.setText(no_image if self._state.image is None else no_prediction)
            return
        self._headline.setText(f"mIoU {format_metric(found.miou)}")
        text = self.tr("{} classes averaged · pixel accuracy {} · rows: labels, columns: prediction")
        self._quiet.setText(text.format(found.classes_averaged, format_metric(found.pixel_accuracy)))
        self._fill(found)

    def _fill(self, found: Metrics) -> None:
        """The first column is the IoU of each class."""
        rows = list_rows(found, self._state.table)
        names = [row.name for row in rows]
        self._table.setRowCount(len(rows))
        self._table.setColumnCount(len(rows) + 1)
        self._table.setVerticalHeaderLabels(names)
        self._table.setHorizontalHeaderLabels(["IoU", *(name[:12] for name in names)])
        self._set_column_widths(rows)
        for number, row in enumerate(rows):
            self._table.setItem(number, 0, _make_item(row.iou))
            for column, cell in enumerate(row.cells, 1):
                self._table.setItem(number, column, _make_cell(cell))

    def _set_column_widths(self, rows: list[ConfusionRow]) -> None:
        """Computed once for each fill: ResizeToContents would measure every column again at every `setItem`."""
        metrics = self._table.fontMetrics()
        longest = max((cell.text for row in rows for cell in row.cells), key=len, default="")
        header = self._table.horizontalHeader()
        header.resizeSection(0, _IOU_COLUMN_PX)
        for column, row in enumerate(rows, 1):
            widest = max(metrics.horizontalAdvance(longest), metrics.horizontalAdvance(row.name[:12]))
            header.resizeSection(column, widest + _CELL_PADDING_PX)


def _make_item(number: str) -> QTableWidgetItem:
    item = QTableWidgetItem(number)
    item.setTextAlignment(NUMBER_ALIGNMENT)
    return item


def _make_cell(cell: Cell) -> QTableWidgetItem:
    """Coloured by its share of the row; no colour for 0."""
    item = _make_item(cell.text)
    item.setToolTip(cell.tip)
    if cell.share > 0:
        red, green, blue = (int(value) for value in PROBABILITY_PALETTE[40 + int(cell.share * 190)])
        item.setBackground(QColor(red, green, blue))
        item.setForeground(QColor(*contrasting_colour((red, green, blue))))
    return item
