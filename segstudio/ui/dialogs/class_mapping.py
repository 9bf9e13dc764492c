"""A table: each class of a source, and what becomes of it here."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QColorDialog, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QToolButton, QWidget

from segstudio.core.classes import IGNORE_NAME, ClassTable, is_background
from segstudio.core.colours import Colour
from segstudio.project.mapping import DROP, ClassMapping
from segstudio.ui.dialogs.still import keep_still

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class StillBox(QComboBox):
    """The wheel scrolls what lies around it and changes nothing; Enter ends the choice and presses no button."""

    def __init__(self, table: QTableWidget | None = None) -> None:
        super().__init__()
        self.table = table
        keep_still(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER and self.isEditable():
            if self.table is not None:
                self.table.setFocus()
            event.accept()
            return
        super().keyPressEvent(event)


class ClassMappingTable(QTableWidget):
    """Becomes: a class of the project, a new name typed, ignored, or dropped. A choice stays when it is refilled.

    One Tab stop: arrows go from row to row, F2 or Enter goes into a row's name, or opens its colour.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels([self.tr("In the source"), self.tr("Becomes"), ""])
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().resizeSection(2, 34)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(self.tr("Class mapping"))
        self._boxes: dict[str, QComboBox] = {}
        self._colours: dict[str, Colour] = {}  # by name in the source
        self._chosen: dict[str, str] = {}

    def show_classes(
        self, names: tuple[str, ...], colours: Mapping[str, Colour], project: ClassTable, proposed: Mapping[str, str]
    ) -> None:
        """Fill the table anew; `colours` are those that the classes will get."""
        self._boxes.clear()
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            target = self._chosen.get(name, proposed.get(name, name))
            shown = QTableWidgetItem(name)
            shown.setFlags(Qt.ItemFlag.ItemIsEnabled)
            shown.setToolTip(name)
            if target != name:
                font = shown.font()
                font.setBold(True)
                shown.setFont(font)
            self.setItem(row, 0, shown)
            box = self._boxes[name] = self._box(name, project, target)
            self.setCellWidget(row, 1, box)
            self.setCellWidget(row, 2, self._swatch(name, self._colours.get(name) or colours.get(name)))

    def mapping(self) -> ClassMapping:
        names = {name: self._target(name) for name in self._boxes}
        changed = {name: target for name, target in names.items() if name != target}
        return ClassMapping(changed, {names[name]: colour for name, colour in self._colours.items() if name in names})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentRow()
        if row < 0 or event.key() not in (*_ENTER, Qt.Key.Key_F2, Qt.Key.Key_Space):
            super().keyPressEvent(event)
            return
        widget = self.cellWidget(row, 2 if self.currentColumn() == 2 else 1)
        widget.click() if isinstance(widget, QToolButton) else widget.setFocus()
        event.accept()

    def _target(self, name: str) -> str:
        """What a row says; emptied, it says nothing new."""
        box = self._boxes[name]
        index = box.findText(box.currentText())
        data = box.itemData(index) if index >= 0 else None
        return str(data) if data is not None else box.currentText().strip() or name

    def _box(self, name: str, project: ClassTable, target: str) -> QComboBox:
        box = StillBox(self)
        box.setEditable(True)
        box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setAccessibleName(self.tr("What {} becomes").format(name))
        for each in dict.fromkeys([name, *project.names]):
            if each != IGNORE_NAME:
                box.addItem(each, each)
        if not is_background(name):
            box.addItem(self.tr("(ignored: counts for nothing)"), IGNORE_NAME)
            box.addItem(self.tr("(dropped)"), DROP)
        index = box.findData(target)
        box.setCurrentIndex(index) if index >= 0 else box.setCurrentText(target)
        line = box.lineEdit()
        if line is not None:
            line.setCursorPosition(0)
        box.currentTextChanged.connect(lambda _: self._chosen.update({name: self._target(name)}))
        return box

    def _swatch(self, name: str, colour: Colour | None) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setIconSize(QSize(14, 14))
        button.setToolTip(self.tr("Choose a colour"))
        button.setAccessibleName(self.tr("Colour of {}").format(name))
        button.setIcon(_square(colour or (128, 128, 128)))

        def ask() -> None:
            dialog = QColorDialog(QColor(*(self._colours.get(name) or colour or (128, 128, 128))), self)
            dialog.colorSelected.connect(chosen)
            dialog.open()

        def chosen(picked: QColor) -> None:
            self._colours[name] = (picked.red(), picked.green(), picked.blue())
            button.setIcon(_square(self._colours[name]))

        button.clicked.connect(ask)
        return button


def _square(colour: Colour) -> QIcon:
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor(*colour))
    return QIcon(pixmap)
