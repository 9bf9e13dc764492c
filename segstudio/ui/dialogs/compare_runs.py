"""Dialog that compares runs: curves, best metrics, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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

from segstudio.project.runs import RunInfo, compare_configs
from segstudio.review.report import format_metric
from segstudio.training.config import rename_old_keys
from segstudio.ui.panels.curves import RUNS, add_curve, make_plot, set_points, theme_plot
from segstudio.ui.panels.training import format_duration


class CompareRunsDialog(QDialog):
    """Each run has one colour, in the curves and in the table."""

    def __init__(self, runs: Sequence[RunInfo], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Compare runs"))
        curves = QHBoxLayout()
        for title, key in ((self.tr("loss"), "loss"), (self.tr("validation mIoU"), "miou")):
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
            (self.tr("best mIoU"), [format_metric(run.best_miou) for run in runs]),
            (self.tr("steps"), [str(run.steps) for run in runs]),
            (self.tr("time"), [format_duration(run.seconds) for run in runs]),
            *_class_rows(runs),
            *compare_configs([replace(run, config=rename_old_keys(run.config)) for run in runs]),
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
    """IoU of each class at the best validation of each run."""
    best: list[dict[str, Any]] = []
    for run in runs:
        validated = [row for row in run.rows if _is_number(row.get("miou"))]
        best.append(max(validated, key=lambda row: row["miou"]).get("iou", {}) if validated else {})
    names = list(dict.fromkeys(name for each in best for name in each))
    return [(f"IoU {name}", [_format_number(each.get(name)) for each in best]) for name in names]


def _format_number(value: Any) -> str:
    return format_metric(float(value)) if _is_number(value) else "–"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
