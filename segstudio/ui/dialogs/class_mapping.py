"""Class mapping table: which class of the project each class of a dataset becomes."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QColorDialog, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QToolButton, QWidget

from segstudio.core.classes import IGNORE_NAME, ClassTable, is_background
from segstudio.core.colours import Colour
from segstudio.project.mapping import DROP, ClassMapping
from segstudio.ui.dialogs.form_fields import ENTER_KEYS, FormComboBox
from segstudio.ui.panels.classes import make_swatch

_GREY = (128, 128, 128)


class ClassMappingTable(QTableWidget):
    """Each class becomes a class of the project, a new class, ignored or dropped. Choices survive `show_classes`.

    One Tab stop: the arrow keys change the row; F2, Enter or Space edit its name, or its colour in the last column.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels([self.tr("In the dataset"), self.tr("Becomes"), ""])
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().resizeSection(2, 34)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(self.tr("Class mapping"))
        self._boxes: dict[str, QComboBox] = {}
        self._colours: dict[str, Colour] = {}  # by name in the dataset
        self._chosen: dict[str, str] = {}

    def show_classes(
        self, names: tuple[str, ...], colours: Mapping[str, Colour], project: ClassTable, proposed: Mapping[str, str]
    ) -> None:
        """Fill the table. `colours` are those of the dataset, `proposed` the project's names for its classes."""
        self._boxes.clear()
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            target = self._chosen.get(name, proposed.get(name, name))
            item = QTableWidgetItem(name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setToolTip(name)
            if target != name:
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            self.setItem(row, 0, item)
            box = self._boxes[name] = self._make_box(name, project, target)
            self.setCellWidget(row, 1, box)
            button = self._make_colour_button(name, self._colours.get(name) or colours.get(name) or _GREY)
            self.setCellWidget(row, 2, button)

    def mapping(self) -> ClassMapping:
        names = {name: self._target(name) for name in self._boxes}
        changed = {name: target for name, target in names.items() if name != target}
        return ClassMapping(changed, {names[name]: colour for name, colour in self._colours.items() if name in names})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentRow()
        if row < 0 or event.key() not in (*ENTER_KEYS, Qt.Key.Key_F2, Qt.Key.Key_Space):
            super().keyPressEvent(event)
            return
        widget = self.cellWidget(row, 2 if self.currentColumn() == 2 else 1)
        widget.click() if isinstance(widget, QToolButton) else widget.setFocus()
        event.accept()

    def _target(self, name: str) -> str:
        """The row's new name; an empty field keeps the name."""
        box = self._boxes[name]
        index = box.findText(box.currentText())
        data = box.itemData(index) if index >= 0 else None
        return str(data) if data is not None else box.currentText().strip() or name

    def _make_box(self, name: str, project: ClassTable, target: str) -> QComboBox:
        box = FormComboBox(focus_after_enter=self)
        box.setEditable(True)
        box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setAccessibleName(self.tr("New class of {}").format(name))
        for each in dict.fromkeys([name, *project.names]):
            if each != IGNORE_NAME:
                box.addItem(each, each)
        if not is_background(name):
            box.addItem(self.tr("(ignore)"), IGNORE_NAME)
            box.addItem(self.tr("(drop)"), DROP)
        index = box.findData(target)
        box.setCurrentIndex(index) if index >= 0 else box.setCurrentText(target)
        line = box.lineEdit()
        if line is not None:
            line.setCursorPosition(0)
        box.currentTextChanged.connect(lambda _: self._chosen.update({name: self._target(name)}))
        return box

    def _make_colour_button(self, name: str, colour: Colour) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setIconSize(QSize(14, 14))
        button.setToolTip(self.tr("Choose a colour"))
        button.setAccessibleName(self.tr("Colour of {}").format(name))
        button.setIcon(make_swatch(colour))

        def ask() -> None:
            dialog = QColorDialog(QColor(*self._colours.get(name, colour)), self)
            dialog.colorSelected.connect(set_colour)
            dialog.open()

        def set_colour(picked: QColor) -> None:
            self._colours[name] = (picked.red(), picked.green(), picked.blue())
            button.setIcon(make_swatch(self._colours[name]))

        button.clicked.connect(ask)
        return button
