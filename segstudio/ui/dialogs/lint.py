"""What is likely wrong in the project, a row each, with what mending it would do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.events import Problem
from segstudio.project.lint import EMPTY, NAMES, SIZE, SLIVER, TWICE, UNKNOWN, Finding


class LintDialog(QDialog):
    """Nothing is ticked at first: what is mended is chosen by hand."""

    image_asked = Signal(str)
    mend_asked = Signal(list)  # findings

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Check labels"))
        self.resize(860, 480)
        self._summary = QLabel(self.tr("Looking …"))
        self._summary.setWordWrap(True)
        self._rows = QTreeWidget()
        self._rows.setHeaderLabels([self.tr("Kind"), self.tr("Image"), self.tr("Finding"), self.tr("Mending it would")])
        self._rows.setRootIsDecorated(False)
        self._rows.setUniformRowHeights(True)
        self._rows.setAlternatingRowColors(True)
        self._rows.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._rows.setAccessibleName(self.tr("Findings"))
        for column, width in enumerate((120, 150, 330)):
            self._rows.header().resizeSection(column, width)
        self._rows.header().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self._rows.header().setStretchLastSection(False)
        self._rows.header().resizeSection(3, 230)
        self._rows.itemActivated.connect(self._on_row)
        self._rows.itemChanged.connect(lambda *_: self._refresh())
        self._findings: list[Finding] = []
        self._items: list[QTreeWidgetItem] = []
        buttons = QDialogButtonBox()
        self._mend = buttons.addButton(self.tr("Mend ticked"), QDialogButtonBox.ButtonRole.ApplyRole)
        self._all = buttons.addButton(self.tr("Tick all"), QDialogButtonBox.ButtonRole.ActionRole)
        close = buttons.addButton(self.tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        close.setDefault(True)
        self._mend.clicked.connect(lambda: self.mend_asked.emit(self.ticked()))
        self._all.clicked.connect(self.tick_all)
        buttons.rejected.connect(self.reject)
        hint = QLabel(self.tr("Double click a row to open its image. A labels file is kept as it was before mending."))
        hint.setProperty("quiet", True)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        for widget in (self._summary, self._rows, hint, buttons):
            layout.addWidget(widget)
        self._refresh()

    @property
    def text(self) -> str:
        return self._summary.text()

    def begin(self, text: str) -> None:
        self._findings.clear()
        self._items.clear()
        self._rows.clear()
        self._summary.setText(text)
        self._refresh()

    def add(self, finding: Finding) -> None:
        words = {
            NAMES: self.tr("Class names"),
            UNKNOWN: self.tr("Unknown label"),
            SIZE: self.tr("Size"),
            EMPTY: self.tr("Empty object"),
            SLIVER: self.tr("Sliver"),
            TWICE: self.tr("Image twice"),
        }
        row = QTreeWidgetItem([words[finding.kind], finding.item, finding.text, finding.fix_text])
        row.setFlags(row.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        row.setCheckState(0, Qt.CheckState.Unchecked)
        row.setToolTip(2, finding.text)
        self._findings.append(finding)
        self._items.append(row)
        self._rows.addTopLevelItem(row)

    def add_problem(self, problem: Problem) -> None:
        """A file that could not be read; there is nothing to tick."""
        row = QTreeWidgetItem([self.tr("Unreadable"), problem.where, problem.what, ""])
        row.setToolTip(2, problem.what)
        self._rows.addTopLevelItem(row)

    def finish(self, text: str) -> None:
        self._summary.setText(text)
        self._refresh()

    def ticked(self) -> list[Finding]:
        pairs = zip(self._items, self._findings, strict=False)
        return [finding for row, finding in pairs if row.checkState(0) == Qt.CheckState.Checked]

    def tick_all(self) -> None:
        for row in self._items:
            row.setCheckState(0, Qt.CheckState.Checked)

    def _on_row(self, row: QTreeWidgetItem) -> None:
        if row.text(1):
            self.image_asked.emit(row.text(1))

    def _refresh(self) -> None:
        self._all.setEnabled(bool(self._findings))
        self._mend.setEnabled(bool(self.ticked()))
