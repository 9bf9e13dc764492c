"""The confusion matrix beside the canvas."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QHeaderView
from pytestqt.qtbot import QtBot

from segstudio.app.state import State
from segstudio.app.workspace import Workspace
from segstudio.core.classes import ClassTable
from segstudio.core.metrics import compute_metrics
from segstudio.ui.panels.metrics import MetricsPanel
from tests.app.executor import FreeJournal, ManualExecutor


def test_filling_the_matrix_does_not_measure_the_columns_at_every_cell(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns that resize to their contents are measured at every cell: 1.6 s with 20 classes after each stroke."""
    table = ClassTable.from_names([f"class {number}" for number in range(20)])
    monkeypatch.setattr(State, "table", property(lambda self: table))
    panel = MetricsPanel(State(Workspace(ManualExecutor(), FreeJournal())))
    qtbot.addWidget(panel)
    panel._fill(compute_metrics(np.random.default_rng(0).integers(0, 9_999_999, (20, 20))))
    header, metrics = panel._table.horizontalHeader(), panel._table.fontMetrics()
    for column in range(21):
        assert header.sectionResizeMode(column) == QHeaderView.ResizeMode.Fixed
        for row in range(20):
            assert metrics.horizontalAdvance(panel._table.item(row, column).text()) < header.sectionSize(column)
        assert metrics.horizontalAdvance(panel._table.horizontalHeaderItem(column).text()) < header.sectionSize(column)
