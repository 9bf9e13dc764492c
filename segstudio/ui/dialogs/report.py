"""Progress and report of an import or export: one row for each record that was left out or altered."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QTreeWidget, QTreeWidgetItem, QWidget

from segstudio.events import Note, Problem, Progress
from segstudio.ui.icons import icon
from segstudio.ui.widgets import (
    ENTER_KEYS,
    make_column,
    make_label,
    make_progress_bar,
    make_quiet_button,
    make_row,
    set_up_rows,
    watch_keys,
)

_MAX_ROWS = 5000  # the copied report has all of them


class RowList(QTreeWidget):
    """A flat list with a header. Return activates a row, and does not press the dialog's default button."""

    def __init__(self, name: str, headers: list[str]) -> None:
        super().__init__()
        set_up_rows(self, name, headers)
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        watch_keys(self, dict.fromkeys(ENTER_KEYS, self._activate))

    def _activate(self) -> bool:
        if self.currentItem() is not None:
            self.itemActivated.emit(self.currentItem(), 0)
        return self.currentItem() is not None


class Report(QWidget):
    """Double-click or Return on a row emits `image_asked` with its image."""

    image_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._events: list[Problem | Note] = []
        self._summary = make_label(wrap=True)
        self._summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._bar = make_progress_bar()
        self._rows = RowList(self.tr("Report"), [self.tr("Image"), self.tr("Left out or altered")])
        self._rows.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._rows.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self._rows.header().resizeSection(0, 200)
        self._rows.itemActivated.connect(lambda row: self.image_asked.emit(row.text(0)))
        self._hint = make_label(self.tr("Double-click a row to open its image."), "quiet")
        self._copy = make_quiet_button(self.tr("Copy report"), self.copy)
        self._filler = QWidget()
        below = make_row((self._hint, 1), self._copy)
        parts = (self._summary, self._bar, (self._rows, 1), below, (self._filler, 1))
        make_column(*parts, within=self, margins=(0, 0, 0, 0), spacing_px=8)
        self.begin("")

    @property
    def rows(self) -> list[tuple[str, str]]:
        return [(event.where, event.what) for event in self._events]

    @property
    def text(self) -> str:
        return self._summary.text()

    def begin(self, text: str) -> None:
        self._events.clear()
        self._rows.clear()
        self._summary.setText(text)
        self._bar.setRange(0, 0)
        self._bar.show()
        self._show_rows(False)

    def show_progress(self, event: Progress) -> None:
        self._bar.setRange(0, max(event.total, 1))
        self._bar.setValue(event.done)
        self._summary.setText(self.tr("{} of {}: {}").format(event.done, event.total, event.text))

    def add(self, event: Problem | Note) -> None:
        self._events.append(event)
        if len(self._events) > _MAX_ROWS:
            return
        row = QTreeWidgetItem([event.where, event.what.removeprefix(f"{event.where}: ")])
        row.setIcon(0, icon("problem" if isinstance(event, Problem) else "info"))
        row.setToolTip(1, event.what)
        self._rows.addTopLevelItem(row)
        self._show_rows(True)

    def finish(self, text: str) -> None:
        self._bar.hide()
        more = len(self._events) - _MAX_ROWS
        if more > 0:
            text += " " + self.tr("Copy the report to see {} more rows.").format(more)
        self._summary.setText(text)
        first = self._rows.topLevelItem(0)
        if first is not None:
            self._rows.setCurrentItem(first)

    def copy(self) -> None:
        lines = [self._summary.text(), *(str(event) for event in self._events)]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _show_rows(self, on: bool) -> None:
        for widget in (self._rows, self._hint, self._copy):
            widget.setVisible(on)
        self._filler.setVisible(not on)
