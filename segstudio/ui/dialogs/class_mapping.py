"""A table: each class of a source, and what becomes of it here."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QColorDialog, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QToolButton, QWidget

from segstudio.core.classes import BACKGROUND_NAME, IGNORE_NAME, ClassTable, is_background
from segstudio.core.colours import Colour
from segstudio.project.mapping import DROP, ClassMapping


class ClassMappingTable(QTableWidget):
    """Becomes: a class of the project, a new name typed, ignored, or dropped."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels([self.tr("In the source"), self.tr("Becomes"), ""])
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().resizeSection(2, 34)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        self.setShowGrid(False)
        self.setAccessibleName(self.tr("Class mapping"))
        self._boxes: dict[str, QComboBox] = {}
        self._colours: dict[str, Colour] = {}

    def show_classes(
        self, names: tuple[str, ...], source: ClassTable | None, project: ClassTable, proposed: Mapping[str, str]
    ) -> None:
        """Fill the table anew."""
        self._boxes.clear()
        self._colours.clear()
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            shown = QTableWidgetItem(name)
            shown.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.setItem(row, 0, shown)
            box = self._box(name, project, proposed.get(name, name))
            self.setCellWidget(row, 1, box)
            self._boxes[name] = box
            self.setCellWidget(row, 2, self._swatch(box, _colour_of(name, source, project)))

    def mapping(self) -> ClassMapping:
        names = {name: self._target(box) for name, box in self._boxes.items()}
        return ClassMapping({name: target for name, target in names.items() if name != target}, dict(self._colours))

    def _target(self, box: QComboBox) -> str:
        index = box.findText(box.currentText())
        data = box.itemData(index) if index >= 0 else None
        return str(data) if data is not None else box.currentText().strip()

    def _box(self, name: str, project: ClassTable, target: str) -> QComboBox:
        box = QComboBox()
        box.setEditable(True)
        box.setAccessibleName(self.tr("What {} becomes").format(name))
        for each in dict.fromkeys([name, *project.names]):
            if each != IGNORE_NAME:
                box.addItem(each, each)
        box.addItem(self.tr("(ignored: counts for nothing)"), IGNORE_NAME)
        if not is_background(name):
            box.addItem(self.tr("(dropped)"), DROP)
        index = box.findData(target)
        box.setCurrentIndex(index) if index >= 0 else box.setCurrentText(target)
        return box

    def _swatch(self, box: QComboBox, colour: Colour | None) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIconSize(QSize(14, 14))
        button.setToolTip(self.tr("Choose a colour"))
        if colour is not None:
            button.setIcon(_square(colour))

        def ask() -> None:
            dialog = QColorDialog(QColor(*(colour or (128, 128, 128))), self)
            dialog.colorSelected.connect(chosen)
            dialog.open()

        def chosen(picked: QColor) -> None:
            found = (picked.red(), picked.green(), picked.blue())
            self._colours[self._target(box)] = found
            button.setIcon(_square(found))

        button.clicked.connect(ask)
        return button


def _colour_of(name: str, source: ClassTable | None, project: ClassTable) -> Colour | None:
    for table in (project, source):
        found = None if table is None else table.id_of(name)
        if table is not None and found is not None and found < len(table) and (found or name == BACKGROUND_NAME):
            return table[found].colour
    return None


def _square(colour: Colour) -> QIcon:
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor(*colour))
    return QIcon(pixmap)
