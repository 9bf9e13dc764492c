"""Progress and report of an import or export: one row for each record that was left out or altered."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.events import Note, Problem, Progress
from segstudio.ui.icons import icon

_MAX_ROWS = 5000  # the copied report has all of them


class RowList(QTreeWidget):
    """A flat list with a header. Return activates a row, and does not press the dialog's default button."""

    def __init__(self, name: str, headers: list[str]) -> None:
        super().__init__()
        self.setHeaderLabels(headers)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAccessibleName(name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row is not None:
            self.itemActivated.emit(row, 0)
            event.accept()
            return
        super().keyPressEvent(event)


class Report(QWidget):
    """Double-click or Return on a row emits `image_asked` with its image."""

    image_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._events: list[Problem | Note] = []
        self._summary = QLabel()
        self._summary.setWordWrap(True)
        self._summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._rows = RowList(self.tr("Report"), [self.tr("Image"), self.tr("Left out or altered")])
        self._rows.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._rows.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self._rows.header().resizeSection(0, 200)
        self._rows.itemActivated.connect(lambda row: self.image_asked.emit(row.text(0)))
        self._hint = QLabel(self.tr("Double-click a row to open its image."))
        self._hint.setProperty("quiet", True)
        self._copy = QPushButton(self.tr("Copy report"))
        self._copy.setAutoDefault(False)
        self._copy.clicked.connect(self.copy)
        below = QHBoxLayout()
        below.addWidget(self._hint, 1)
        below.addWidget(self._copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._summary)
        layout.addWidget(self._bar)
        layout.addWidget(self._rows, 1)
        layout.addLayout(below)
        self._filler = QWidget()
        layout.addWidget(self._filler, 1)
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
