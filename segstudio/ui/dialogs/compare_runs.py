"""Dialog that compares runs: curves, best metrics, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from segstudio.app.run_table import compare_classes, compare_settings, format_duration, read_curve
from segstudio.project.runs import RunInfo
from segstudio.review.report import format_metric
from segstudio.ui.panels.curves import RUNS, add_curve, make_plot, set_points, theme_plot
from segstudio.ui.widgets import NUMBER_ALIGNMENT, make_close_button, make_column, make_row


class CompareRunsDialog(QDialog):
    """Each run has one colour, in the curves and in the table."""

    def __init__(self, runs: Sequence[RunInfo], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Compare runs"))
        curves = make_row()
        for title, key in ((self.tr("loss"), "loss"), (self.tr("validation mIoU"), "miou")):
            plot = make_plot(title)
            theme_plot(plot)
            for number, run in enumerate(runs):
                set_points(add_curve(plot, RUNS[number % len(RUNS)], run.name), read_curve(run, key))
            curves.addWidget(plot)
        buttons = make_close_button(self, self.tr("Close"))
        make_column((curves, 1), (self._table(list(runs)), 1), buttons, within=self)
        self.resize(760, 560)

    def _table(self, runs: list[RunInfo]) -> QTableWidget:
        rows = [
            (self.tr("best mIoU"), [format_metric(run.best_miou) for run in runs]),
            (self.tr("steps"), [str(run.steps) for run in runs]),
            (self.tr("time"), [format_duration(run.seconds) for run in runs]),
            *compare_classes(runs),
            *compare_settings(runs),
        ]
        table = QTableWidget(len(rows), len(runs) + 1)
        for column, name in enumerate(["", *(run.name for run in runs)]):
            head = QTableWidgetItem(name)
            if column:
                head.setForeground(QColor(RUNS[(column - 1) % len(RUNS)]))
            table.setHorizontalHeaderItem(column, head)
        table.verticalHeader().hide()
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for row, (name, values) in enumerate(rows):
            table.setItem(row, 0, QTableWidgetItem(name))
            for column, value in enumerate(values, 1):
                item = QTableWidgetItem(value)
                item.setTextAlignment(NUMBER_ALIGNMENT)
                table.setItem(row, column, item)
        return table
