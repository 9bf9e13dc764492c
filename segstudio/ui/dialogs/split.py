"""Which images judge the model and are kept from learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.project.item import natural_key
from segstudio.project.split import FOLDER, PREFIX, SEQUENCE, assign


class SplitDialog(QDialog):
    """A tick holds an image out. Neither side may be empty."""

    def __init__(
        self, held_out: Mapping[str, bool], by: str, twins: Sequence[Sequence[str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._twins = twins
        self.setWindowTitle(self.tr("Held-out images"))
        self._by = QComboBox()
        for word, text in _groupings().items():
            self._by.addItem(text, word)
        self._by.setCurrentIndex(self._by.findData(by))
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Images; a tick holds one out"))
        for name in sorted(held_out, key=natural_key):
            item = QListWidgetItem(name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(_state(held_out[name]))
            self._list.addItem(item)
        self._count = QLabel()
        self._buttons = QDialogButtonBox()
        self._keep = self._buttons.addButton(self.tr("Keep"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.addButton(self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow(self.tr("Keep together"), self._by)
        about = QLabel(self.tr("Ticked images judge the model and never train it. Images alike belong on one side."))
        about.setWordWrap(True)
        about.setProperty("quiet", True)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(about)
        layout.addLayout(form)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._count)
        layout.addWidget(self._buttons)
        self._by.currentIndexChanged.connect(self._assign)
        self._list.itemChanged.connect(lambda _: self._show_count())
        self._show_count()
        self.resize(420, 520)

    @property
    def by(self) -> str:
        return str(self._by.currentData())

    def held_out(self) -> dict[str, bool]:
        rows = [self._list.item(row) for row in range(self._list.count())]
        return {row.text(): row.checkState() == Qt.CheckState.Checked for row in rows}

    def _assign(self) -> None:
        """Anew, by what belongs together."""
        held = assign(list(self.held_out()), by=self.by, twins=self._twins)
        self._list.blockSignals(True)
        for row in range(self._list.count()):
            item = self._list.item(row)
            item.setCheckState(_state(held[item.text()]))
        self._list.blockSignals(False)
        self._list.viewport().update()
        self._show_count()

    def _show_count(self) -> None:
        held = list(self.held_out().values())
        out = sum(held)
        self._count.setText(self.tr("{} to learn from, {} held out").format(len(held) - out, out))
        fine = 0 < out < len(held) or len(held) == 1
        self._keep.setEnabled(fine)


def _state(held_out: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if held_out else Qt.CheckState.Unchecked


def _groupings() -> dict[str, str]:
    translate = QCoreApplication.translate
    return {
        SEQUENCE: translate("SplitDialog", "frames of a sequence"),
        FOLDER: translate("SplitDialog", "everything in a folder"),
        PREFIX: translate("SplitDialog", "names that begin alike"),
    }
