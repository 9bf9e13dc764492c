"""Runs panel: the training runs of the project, and what can be done with them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.state import State
from segstudio.project.runs import RunInfo
from segstudio.review.report import format_metric
from segstudio.training.config import rename_old_keys
from segstudio.ui.icons import icon
from segstudio.ui.panels.training import format_duration

_NAME, _MIOU, _STEPS, _TIME, _DATE = range(5)


class _Rows(QTreeWidget):
    """F2 renames the run and Delete deletes it, whatever the current column is."""

    deleted = Signal()
    renamed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        signal = {Qt.Key.Key_Delete: self.deleted, Qt.Key.Key_F2: self.renamed}.get(Qt.Key(event.key()))
        if signal is not None:
            signal.emit()
            event.accept()
            return
        super().keyPressEvent(event)


class RunsPanel(QWidget):
    """The run that predicts is in bold. Return uses the selected run; the rest is in buttons and menu."""

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
        self._rows = _Rows()
        self._rows.setHeaderLabels(
            [self.tr("Run"), self.tr("mIoU"), self.tr("Steps"), self.tr("Time"), self.tr("Date")]
        )
        self._rows.setRootIsDecorated(False)
        self._rows.setUniformRowHeights(True)
        self._rows.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._rows.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._rows.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._rows.setAccessibleName(self.tr("Runs"))
        header = self._rows.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column in (_MIOU, _STEPS, _TIME, _DATE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self._use = QPushButton(self.tr("Use"))
        self._use.setToolTip(self.tr("Predict with this run from now on"))
        self._compare = QPushButton(self.tr("Compare"))
        self._compare.setToolTip(self.tr("Compare curves and settings of the selected runs"))
        self._more = QToolButton()
        self._more.setToolTip(self.tr("More"))
        self._more.setAccessibleName(self.tr("More"))
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._make_menu()
        self._more.setMenu(self._menu)
        empty = QLabel(self.tr("No runs yet. Each training adds a run, which you can compare, resume or fine-tune."))
        empty.setWordWrap(True)
        empty.setProperty("quiet", True)
        empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedLayout()
        self._stack.addWidget(empty)
        self._stack.addWidget(self._rows)
        buttons = QHBoxLayout()
        for widget in (self._use, self._compare, self._more):
            buttons.addWidget(widget)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(self._stack, 1)
        layout.addLayout(buttons)
        self._wire()
        self._show_enabled()

    def set_runs(self, runs: Sequence[RunInfo]) -> None:
        """List the runs, newest first; the selection is kept if possible."""
        chosen = set(self.selected())
        self._rows.blockSignals(True)
        self._rows.clear()
        self._runs = {run.name: run for run in runs}
        for run in runs:
            date = datetime.datetime.fromtimestamp(run.changed_s)
            row = QTreeWidgetItem(
                [
                    run.name,
                    format_metric(run.best_miou),
                    str(run.steps),
                    format_duration(run.seconds),
                    date.strftime("%d %b %H:%M"),
                ]
            )
            row.setData(_NAME, Qt.ItemDataRole.UserRole, run.name)
            row.setFlags(row.flags() | Qt.ItemFlag.ItemIsEditable)
            for column in (_MIOU, _STEPS, _TIME, _DATE):
                row.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            row.setToolTip(_NAME, _about(run))
            self._rows.addTopLevelItem(row)
            row.setSelected(run.name in chosen)
            if run.name in chosen:
                self._rows.setCurrentItem(row)
        self._rows.blockSignals(False)
        self._stack.setCurrentIndex(1 if runs else 0)
        self._show_used()
        self._show_enabled()

    def selected(self) -> list[str]:
        return [str(row.data(_NAME, Qt.ItemDataRole.UserRole)) for row in self._rows.selectedItems()]

    def retheme(self) -> None:
        self._more.setIcon(icon("more"))
        self._show_used()

    def _make_menu(self) -> None:
        self._actions: dict[str, QAction] = {}
        for key, words in (
            ("resume", self.tr("Resume")),
            ("fine_tune", self.tr("Fine-tune…")),
            ("export", self.tr("Export as ONNX…")),
            ("rename", self.tr("Rename")),
            ("delete", self.tr("Delete…")),
        ):
            self._actions[key] = self._menu.addAction(words)
        for key, signal in (
            ("resume", self.resume_asked),
            ("fine_tune", self.fine_tune_asked),
            ("export", self.export_asked),
        ):
            self._actions[key].triggered.connect(lambda _=False, signal=signal: signal.emit(self.selected()[0]))
        self._actions["rename"].triggered.connect(self._rename)
        self._actions["delete"].triggered.connect(self._delete)

    def _wire(self) -> None:
        self._rows.itemSelectionChanged.connect(self._show_enabled)
        self._rows.itemChanged.connect(self._on_renamed)
        self._rows.itemActivated.connect(lambda *_: self._use.click())
        self._rows.deleted.connect(self._delete)
        self._rows.renamed.connect(self._rename)
        self._rows.customContextMenuRequested.connect(self._show_menu)
        self._use.clicked.connect(lambda: self.use_asked.emit(self.selected()[0]))
        self._compare.clicked.connect(lambda: self.compare_asked.emit(self.selected()))
        self._state.training_changed.connect(self._show_enabled)
        self._state.scores_changed.connect(self._show_used)

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
        self._rows.blockSignals(True)
        for row in self._rows.findItems("", Qt.MatchFlag.MatchContains):
            font = row.font(_NAME)
            font.setBold(row.data(_NAME, Qt.ItemDataRole.UserRole) == self._state.run)
            row.setFont(_NAME, font)
        self._rows.blockSignals(False)

    def _show_enabled(self) -> None:
        chosen = [self._runs[name] for name in self.selected() if name in self._runs]
        one, idle = chosen[0] if len(chosen) == 1 else None, not self._state.training
        self._use.setEnabled(one is not None and one.has_weights)
        self._compare.setEnabled(len(chosen) > 1)
        self._actions["resume"].setEnabled(one is not None and one.resumable and idle)
        self._actions["fine_tune"].setEnabled(one is not None and one.has_weights and idle)
        self._actions["export"].setEnabled(one is not None and one.has_weights)
        self._actions["rename"].setEnabled(one is not None and idle)
        self._actions["delete"].setEnabled(bool(chosen) and idle)
        self._more.setEnabled(bool(chosen))


def _about(run: RunInfo) -> str:
    """The main settings of a run, as a tip."""
    shown = ("preset", "width", "depth", "head", "loss", "minutes", "steps", "patch_size", "batch_size")
    config = rename_old_keys(run.config)
    values = ((key, config.get(key)) for key in (*shown, "learning_rate", "init"))
    return "\n".join(f"{key}: {value}" for key, value in values if value not in (None, "", 0))
