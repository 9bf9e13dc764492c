"""Label check dialog: one row for each likely mistake, with the fix that would be applied."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidgetItem, QWidget

from segstudio.events import Problem
from segstudio.project.lint import DUPLICATE, EMPTY, NAMES, SIZE, SLIVER, UNKNOWN, Finding
from segstudio.ui.dialogs.job_dialog import JobForm
from segstudio.ui.dialogs.report import RowList
from segstudio.ui.widgets import make_label


class LintDialog(JobForm):
    """Lists the findings; the user selects which of them are fixed."""

    image_asked = Signal(str)
    fix_asked = Signal(list)  # findings

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("LintDialog", "Check labels"), parent)
        self.resize(860, 480)
        headers = [self.tr("Kind"), self.tr("Image"), self.tr("Finding"), self.tr("Fix")]
        self._rows = RowList(self.tr("Findings"), headers)
        for column, width in enumerate((120, 150, 330)):
            self._rows.header().resizeSection(column, width)
        self._rows.header().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self._rows.header().setStretchLastSection(False)
        self._rows.header().resizeSection(3, 230)
        self._rows.itemActivated.connect(self._on_row)
        self._rows.itemChanged.connect(lambda *_: self._refresh())
        self._findings: list[Finding] = []
        self._items: list[QTreeWidgetItem] = []
        hint_text = self.tr("Double-click a row to open its image. Fixing keeps a copy of each label file it changes.")
        hint = make_label(hint_text, "quiet")
        self.set_form(self.status, self._rows, hint, begin=self.tr("Fix selected"))
        self._close.setText(self.tr("Close"))
        self._close.setDefault(True)  # Enter must not change files
        self._all = self.add_button(self.tr("Select all"))
        self._all.clicked.connect(self.select_all)
        self.begin_asked.connect(lambda: self.fix_asked.emit(self.selected()))
        self._refresh()

    def begin(self, text: str) -> None:
        """A check or a fix begins; findings of an earlier check are cleared."""
        self._findings.clear()
        self._items.clear()
        self._rows.clear()
        self.finish(text)

    def add(self, finding: Finding) -> None:
        words = {
            NAMES: self.tr("Class names"),
            UNKNOWN: self.tr("Unknown label"),
            SIZE: self.tr("Size"),
            EMPTY: self.tr("Empty object"),
            SLIVER: self.tr("Sliver"),
            DUPLICATE: self.tr("Duplicate image"),
        }
        row = QTreeWidgetItem([words[finding.kind], finding.item, finding.text, finding.fix_text])
        row.setFlags(row.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        row.setCheckState(0, Qt.CheckState.Unchecked)
        row.setToolTip(2, finding.text)
        self._findings.append(finding)
        self._items.append(row)
        self._rows.addTopLevelItem(row)

    def add_problem(self, problem: Problem) -> None:
        """A file that could not be read; it cannot be selected."""
        row = QTreeWidgetItem([self.tr("Unreadable"), problem.where, problem.what, ""])
        row.setToolTip(2, problem.what)
        self._rows.addTopLevelItem(row)

    def finish(self, text: str) -> None:
        """The check or the fix has ended."""
        self.show_status(text)
        self._refresh()

    def selected(self) -> list[Finding]:
        pairs = zip(self._items, self._findings, strict=False)
        return [finding for row, finding in pairs if row.checkState(0) == Qt.CheckState.Checked]

    def select_all(self) -> None:
        for row in self._items:
            row.setCheckState(0, Qt.CheckState.Checked)

    def _on_row(self, row: QTreeWidgetItem) -> None:
        if row.text(1):
            self.image_asked.emit(row.text(1))

    def _refresh(self) -> None:
        self._all.setEnabled(bool(self._findings))
        self.set_ready(bool(self.selected()))
