"""Runs panel: the training runs of the project, and what can be done with them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QMenu, QStackedLayout, QTreeWidget, QTreeWidgetItem

from segstudio.app.run_table import describe_settings, format_duration, list_allowed
from segstudio.app.state import State
from segstudio.project.runs import RunInfo
from segstudio.review.report import format_metric
from segstudio.tools.options import N
from segstudio.ui.icons import icon
from segstudio.ui.panels.panel import ANNOTATE, TRAIN, Panel, PanelInfo
from segstudio.ui.widgets import (
    NUMBER_ALIGNMENT,
    STRETCH,
    make_button,
    make_column,
    make_label,
    make_row,
    make_tool_button,
    set_up_rows,
    watch_keys,
)

_NAME, _MIOU, _STEPS, _TIME, _DATE = range(5)


class RunsPanel(Panel):
    """The run that predicts is in bold. Return uses the selected run; the rest is in buttons and menu."""

    info = PanelInfo("runs", N("Panel", "Runs"), "model", (ANNOTATE, TRAIN))

    use_asked = Signal(str)
    resume_asked = Signal(str)
    fine_tune_asked = Signal(str)
    rename_asked = Signal(str, str)
    delete_asked = Signal(list)
    compare_asked = Signal(list)
    export_asked = Signal(str)

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._runs: dict[str, RunInfo] = {}
        self._make_rows()
        self._make_buttons()
        empty = self.tr("No runs yet. Each training adds a run, which you can compare, resume or fine-tune.")
        empty_label = make_label(empty, "quiet", wrap=True)
        empty_label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedLayout()
        self._stack.addWidget(empty_label)
        self._stack.addWidget(self._rows)
        buttons = make_row(self._use, self._compare, self._more, STRETCH)
        make_column((self._stack, 1), buttons, within=self, margins=(8, 8, 8, 8))
        state.training_changed.connect(self._show_enabled)
        state.scores_changed.connect(self._show_used)
        self._show_enabled()

    def _make_rows(self) -> None:
        self._rows = QTreeWidget()
        headers = [self.tr("Run"), self.tr("mIoU"), self.tr("Steps"), self.tr("Time"), self.tr("Date")]
        set_up_rows(self._rows, self.tr("Runs"), headers)
        self._rows.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
        self._rows.setEditTriggers(QTreeWidget.EditTrigger.NoEditTriggers)
        self._rows.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = self._rows.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        self._rows.itemSelectionChanged.connect(self._show_enabled)
        self._rows.itemChanged.connect(self._on_renamed)
        self._rows.itemActivated.connect(lambda *_: self._use.click())
        watch_keys(self._rows, {Qt.Key.Key_F2: self._rename, Qt.Key.Key_Delete: self._delete})  # in any column
        self._rows.customContextMenuRequested.connect(self._show_menu)

    def _make_buttons(self) -> None:
        use_tip = self.tr("Predict with this run from now on")
        self._use = make_button(self.tr("Use"), lambda: self.use_asked.emit(self.selected()[0]), use_tip)
        compare_tip = self.tr("Compare curves and settings of the selected runs")
        self._compare = make_button(self.tr("Compare"), lambda: self.compare_asked.emit(self.selected()), compare_tip)
        self._menu = QMenu(self)
        choices: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("resume", self.tr("Resume"), lambda: self.resume_asked.emit(self.selected()[0])),
            ("fine_tune", self.tr("Fine-tune…"), lambda: self.fine_tune_asked.emit(self.selected()[0])),
            ("export", self.tr("Export as ONNX…"), lambda: self.export_asked.emit(self.selected()[0])),
            ("rename", self.tr("Rename"), self._rename),
            ("delete", self.tr("Delete…"), self._delete),
        )
        self._actions = {name: self._menu.addAction(text) for name, text, _ in choices}
        for name, _, act in choices:
            self._actions[name].triggered.connect(act)
        self._more = make_tool_button(self.tr("More"), flat=False)
        self._more.setPopupMode(self._more.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(self._menu)

    def set_runs(self, runs: Sequence[RunInfo]) -> None:
        """List the runs, newest first; the selection is kept if possible."""
        chosen = set(self.selected())
        with QSignalBlocker(self._rows):
            self._rows.clear()
            self._runs = {run.name: run for run in runs}
            for run in runs:
                row = _make_row(run)
                self._rows.addTopLevelItem(row)
                row.setSelected(run.name in chosen)
                if run.name in chosen:
                    self._rows.setCurrentItem(row)
        self._stack.setCurrentIndex(1 if runs else 0)
        self._show_used()
        self._show_enabled()

    def selected(self) -> list[str]:
        return [str(row.data(_NAME, Qt.ItemDataRole.UserRole)) for row in self._rows.selectedItems()]

    def retheme(self) -> None:
        self._more.setIcon(icon("more"))
        self._show_used()

    def _show_menu(self, at: QPoint) -> None:
        if self.selected():
            self._menu.popup(self._rows.viewport().mapToGlobal(at))

    def _delete(self) -> None:
        if self.selected() and not self._state.training:
            self.delete_asked.emit(self.selected())

    def _rename(self) -> None:
        if len(self.selected()) == 1 and not self._state.training:
            self._rows.editItem(self._rows.selectedItems()[0], _NAME)

    def _on_renamed(self, row: QTreeWidgetItem, column: int) -> None:
        old, new = str(row.data(_NAME, Qt.ItemDataRole.UserRole)), row.text(_NAME).strip()
        if column == _NAME and new != old:
            self.rename_asked.emit(old, new)

    def _show_used(self) -> None:
        """Show the run that predicts in bold."""
        with QSignalBlocker(self._rows):
            for row in self._rows.findItems("", Qt.MatchFlag.MatchContains):
                font = row.font(_NAME)
                font.setBold(row.data(_NAME, Qt.ItemDataRole.UserRole) == self._state.run)
                row.setFont(_NAME, font)

    def _show_enabled(self) -> None:
        chosen = [self._runs[name] for name in self.selected() if name in self._runs]
        allowed = list_allowed(chosen, training=self._state.training)
        self._use.setEnabled("use" in allowed)
        self._compare.setEnabled("compare" in allowed)
        for name, action in self._actions.items():
            action.setEnabled(name in allowed)
        self._more.setEnabled(bool(chosen))


def _make_row(run: RunInfo) -> QTreeWidgetItem:
    date = datetime.datetime.fromtimestamp(run.changed_s).strftime("%d %b %H:%M")
    duration = format_duration(run.seconds)
    row = QTreeWidgetItem([run.name, format_metric(run.best_miou), str(run.steps), duration, date])
    row.setData(_NAME, Qt.ItemDataRole.UserRole, run.name)
    row.setFlags(row.flags() | Qt.ItemFlag.ItemIsEditable)
    for column in (_MIOU, _STEPS, _TIME, _DATE):
        row.setTextAlignment(column, NUMBER_ALIGNMENT)
    row.setToolTip(_NAME, describe_settings(run))
    return row
