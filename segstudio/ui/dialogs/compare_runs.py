"""Runs side by side: their curves, their best figures, and the choices in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.project.run_files import RunInfo, differing_choices
from segstudio.review.report import text
from segstudio.ui.panels.curves import RUNS, add_curve, make_plot, set_points, theme_plot
from segstudio.ui.panels.training import duration


class CompareRunsDialog(QDialog):
    """One colour a run, in curves and table alike."""

    def __init__(self, runs: Sequence[RunInfo], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Runs side by side"))
        curves = QHBoxLayout()
        for title, key in ((self.tr("loss"), "loss"), (self.tr("held-out mIoU"), "miou")):
            plot = make_plot(title)
            theme_plot(plot)
            for number, run in enumerate(runs):
                points = [(row["step"], row[key]) for row in run.rows if _is_number(row.get(key))]
                set_points(add_curve(plot, RUNS[number % len(RUNS)], run.name), points)
            curves.addWidget(plot)
        buttons = QDialogButtonBox()
        buttons.addButton(self.tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(curves, 1)
        layout.addWidget(self._table(list(runs)), 1)
        layout.addWidget(buttons)
        self.resize(760, 560)

    def _table(self, runs: list[RunInfo]) -> QTableWidget:
        rows = [
            (self.tr("best mIoU"), [text(run.best_miou) for run in runs]),
            (self.tr("steps"), [str(run.steps) for run in runs]),
            (self.tr("time"), [duration(run.seconds) for run in runs]),
            *_class_rows(runs),
            *differing_choices(runs),
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
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                table.setItem(row, column, item)
        return table


def _class_rows(runs: list[RunInfo]) -> list[tuple[str, list[str]]]:
    """IoU of each class where the run was best."""
    best: list[dict[str, Any]] = []
    for run in runs:
        judged = [row for row in run.rows if _is_number(row.get("miou"))]
        best.append(max(judged, key=lambda row: row["miou"]).get("iou", {}) if judged else {})
    names = list(dict.fromkeys(name for each in best for name in each))
    return [(f"IoU {name}", [_figure(each.get(name)) for each in best]) for name in names]


def _figure(value: Any) -> str:
    return text(float(value)) if _is_number(value) else "–"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
