"""Class mapping table: which class of the project each class of a dataset becomes."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QColorDialog, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QToolButton, QWidget

from segstudio.app.mapping_edit import MappingEdit, list_targets
from segstudio.core.classes import IGNORE_NAME, ClassTable
from segstudio.core.colours import Colour
from segstudio.project.mapping import DROP, ClassMapping
from segstudio.ui.dialogs.form_fields import FormComboBox
from segstudio.ui.panels.classes import make_swatch
from segstudio.ui.widgets import ENTER_KEYS, make_tool_button


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
        self._edited = MappingEdit()

    def show_classes(
        self, names: tuple[str, ...], colours: Mapping[str, Colour], project: ClassTable, proposed: Mapping[str, str]
    ) -> None:
        """Fill the table. `colours` are those of the dataset, `proposed` the project's names for its classes."""
        self._edited.show(names, colours, proposed)
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            item = QTableWidgetItem(name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setToolTip(name)
            font = item.font()
            font.setBold(self._edited.target(name) != name)
            item.setFont(font)
            self.setItem(row, 0, item)
            self.setCellWidget(row, 1, self._make_box(name, project))
            self.setCellWidget(row, 2, self._make_colour_button(name))

    def mapping(self) -> ClassMapping:
        return self._edited.mapping()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentRow()
        if row < 0 or event.key() not in (*ENTER_KEYS, Qt.Key.Key_F2, Qt.Key.Key_Space):
            super().keyPressEvent(event)
            return
        widget = self.cellWidget(row, 2 if self.currentColumn() == 2 else 1)
        widget.click() if isinstance(widget, QToolButton) else widget.setFocus()
        event.accept()

    def _make_box(self, name: str, project: ClassTable) -> QComboBox:
        box = FormComboBox(focus_after_enter=self)
        box.setEditable(True)
        box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setAccessibleName(self.tr("New class of {}").format(name))
        words = {IGNORE_NAME: self.tr("(ignore)"), DROP: self.tr("(drop)")}
        for each in list_targets(name, project):
            box.addItem(words.get(each, each), each)
        target = self._edited.target(name)
        index = box.findData(target)
        box.setCurrentIndex(index) if index >= 0 else box.setCurrentText(target)
        line = box.lineEdit()
        if line is not None:
            line.setCursorPosition(0)

        def on_text(text: str) -> None:
            row = box.findText(text)
            self._edited.choose(name, str(box.itemData(row)) if row >= 0 else text.strip() or name)

        box.currentTextChanged.connect(on_text)
        return box

    def _make_colour_button(self, name: str) -> QToolButton:
        button = make_tool_button(self.tr("Choose a colour"))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setIconSize(QSize(14, 14))
        button.setAccessibleName(self.tr("Colour of {}").format(name))
        button.setIcon(make_swatch(self._edited.colour(name)))

        def ask() -> None:
            dialog = QColorDialog(QColor(*self._edited.colour(name)), self)
            dialog.colorSelected.connect(set_colour)
            dialog.open()

        def set_colour(picked: QColor) -> None:
            self._edited.set_colour(name, (picked.red(), picked.green(), picked.blue()))
            button.setIcon(make_swatch(self._edited.colour(name)))

        button.clicked.connect(ask)
        return button
