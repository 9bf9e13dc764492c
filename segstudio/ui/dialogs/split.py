"""Dialog that chooses the validation images of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
from PySide6.QtWidgets import QDialog, QListWidget, QListWidgetItem, QWidget

from segstudio.project.item import natural_key
from segstudio.project.split import FOLDER, PREFIX, SEQUENCE, assign
from segstudio.ui.widgets import choose, make_buttons, make_column, make_combo, make_form, make_label


class SplitDialog(QDialog):
    """Ticked images are for validation, the others for training; both subsets must have images."""

    def __init__(
        self, held_out: Mapping[str, bool], by: str, duplicates: Sequence[Sequence[str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._duplicates = duplicates
        self.setWindowTitle(self.tr("Validation images"))
        self._by = make_combo(_groupings())
        choose(self._by, by)
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Images; ticked ones are for validation"))
        for name in sorted(held_out, key=natural_key):
            item = QListWidgetItem(name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(_check_state(held_out[name]))
            self._list.addItem(item)
        self._count = make_label()
        buttons, self._ok = make_buttons(self, self.tr("OK"), self.tr("Cancel"))
        text = self.tr("Ticked images are only used for validation. Keep similar images in one subset.")
        about = make_label(text, "quiet", wrap=True)
        grouping = make_form((self.tr("Keep together"), self._by))
        make_column(about, grouping, (self._list, 1), self._count, buttons, within=self, spacing_px=8)
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
        """Assign all images again, keeping the chosen groups together."""
        held = assign(list(self.held_out()), by=self.by, duplicates=self._duplicates)
        with QSignalBlocker(self._list):
            for row in range(self._list.count()):
                item = self._list.item(row)
                item.setCheckState(_check_state(held[item.text()]))
        self._list.viewport().update()
        self._show_count()

    def _show_count(self) -> None:
        held = list(self.held_out().values())
        out = sum(held)
        self._count.setText(self.tr("{} for training, {} for validation").format(len(held) - out, out))
        self._ok.setEnabled(0 < out < len(held) or len(held) == 1)


def _check_state(held_out: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if held_out else Qt.CheckState.Unchecked


def _groupings() -> dict[str, str]:
    translate = QCoreApplication.translate
    return {
        SEQUENCE: translate("SplitDialog", "frames of a sequence"),
        FOLDER: translate("SplitDialog", "images of a folder"),
        PREFIX: translate("SplitDialog", "names with the same prefix"),
    }
