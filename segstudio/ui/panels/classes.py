"""Classes panel: colour, id, name, lock and visibility of each class."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from segstudio.app.state import State
from segstudio.core.classes import IGNORE, IGNORE_NAME
from segstudio.tools.options import N
from segstudio.ui.icons import icon
from segstudio.ui.panels.panel import ANNOTATE, Panel, PanelInfo
from segstudio.ui.widgets import NUMBER_ALIGNMENT, fix_columns, make_button, make_column, set_up_rows, watch_keys

_SWATCH, _NUMBER, _NAME, _LOCK, _EYE = range(5)
_ID = Qt.ItemDataRole.UserRole


def make_swatch(colour: tuple[int, int, int], side: int = 14) -> QIcon:
    """An icon: a square in the colour of a class, with a thin edge."""
    pixmap = QPixmap(side, side)
    pixmap.fill(QColor(*colour))
    painter = QPainter(pixmap)
    painter.setPen(QColor(128, 128, 128))
    painter.drawRect(0, 0, side - 1, side - 1)
    painter.end()
    drawn = QIcon(pixmap)
    drawn.addPixmap(pixmap, QIcon.Mode.Selected)  # a selection must not tint the colour
    return drawn


class ClassTree(QTreeWidget):
    """Does not search for typed letters, which are shortcuts of the window."""

    def keyboardSearch(self, search: str) -> None:
        """Do nothing."""


class ClassesPanel(Panel):
    """A click makes a class the current one; a double click edits its colour or its name; the eye hides it.

    Alt + click on the eye shows only that class; the padlock protects it from being painted over. F2 renames the
    current class, Space shows or hides it, Return edits its colour.
    """

    info = PanelInfo("classes", N("Panel", "Classes"), "objects", (ANNOTATE,), 280)

    chosen = Signal(int)
    renamed = Signal(int, str)
    colour_asked = Signal(int)
    visibility_toggled = Signal(int)
    solo_toggled = Signal(int)
    lock_toggled = Signal(int)
    add_asked = Signal()

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._tree = ClassTree()
        self._tree.setColumnCount(5)
        set_up_rows(self._tree, self.tr("Classes"))
        self._tree.setIconSize(QSize(14, 14))
        self._tree.setEditTriggers(QTreeWidget.EditTrigger.NoEditTriggers)
        fix_columns(self._tree.header(), {_SWATCH: 26, _NUMBER: 30, _LOCK: 28, _EYE: 30}, stretch=_NAME)
        self._add = make_button(self.tr("Add class"), self.add_asked, self.tr("Add a class to the project"))
        bottom = make_column(self._add, margins=(6, 0, 6, 0))
        make_column(self._tree, bottom, within=self, margins=(0, 0, 0, 6), spacing_px=6)
        self._tree.itemClicked.connect(self._on_clicked)
        self._tree.itemDoubleClicked.connect(self._on_double)
        self._tree.currentItemChanged.connect(self._on_current)
        keys = {
            Qt.Key.Key_F2: lambda: self._on_double(self._tree.currentItem(), _NAME),
            Qt.Key.Key_Return: lambda: self._on_double(self._tree.currentItem(), _SWATCH),
            Qt.Key.Key_Space: self._toggle_current,
        }
        watch_keys(self._tree, keys)
        self._tree.itemChanged.connect(self._on_changed)
        state.classes_changed.connect(self.rebuild)
        state.layers_changed.connect(self._on_layers)
        state.tool_changed.connect(self._follow)
        state.tool_changed.connect(self._follow_icons)
        state.project_changed.connect(self.rebuild)
        self.rebuild()

    def rebuild(self) -> None:
        """List the classes of the project again."""
        self._palette = self._state.layers.palette
        self._add.setEnabled(self._state.project is not None)
        self._add.setIcon(icon("add"))
        table, layers = self._state.table, self._state.layers
        rows = [(item.id, item.name, layers.colour_of(table, item.id)) for item in table]
        with QSignalBlocker(self._tree):
            self._tree.clear()
            for class_id, name, colour in [*rows, (IGNORE, IGNORE_NAME, (224, 224, 192))]:
                row = QTreeWidgetItem(self._tree, ["", str(class_id), name])
                row.setData(0, _ID, class_id)
                row.setIcon(_SWATCH, make_swatch(colour))
                row.setTextAlignment(_NUMBER, NUMBER_ALIGNMENT)
                if class_id != IGNORE:
                    row.setFlags(row.flags() | Qt.ItemFlag.ItemIsEditable)
        self._show_icons()
        self._follow()

    def _rows(self) -> list[QTreeWidgetItem]:
        rows = (self._tree.topLevelItem(index) for index in range(self._tree.topLevelItemCount()))
        return [row for row in rows if row is not None]

    def _on_layers(self) -> None:
        if self._palette != self._state.layers.palette:
            self.rebuild()
        else:
            self._follow_icons()

    def _follow_icons(self) -> None:
        """Update the icons if visibility or locks have changed."""
        hidden, locked = self._state.layers.hidden_classes(self._state.table), self._state.rules.locked_classes
        if self._icon_state != (hidden, locked):
            self._show_icons()

    def _show_icons(self) -> None:
        hidden, locked = self._state.layers.hidden_classes(self._state.table), self._state.rules.locked_classes
        self._icon_state = (hidden, locked)
        with QSignalBlocker(self._tree):
            for row in self._rows():
                class_id = row.data(0, _ID)
                row.setIcon(_EYE, icon("hidden" if class_id in hidden else "shown"))
                row.setIcon(_LOCK, icon("locked" if class_id in locked else "unlocked"))
                row.setToolTip(_LOCK, self.tr("Never paint over this class"))
                row.setToolTip(_EYE, self.tr("Show or hide (Alt + click: show only this class)"))

    def _follow(self) -> None:
        for row in self._rows():
            if row.data(0, _ID) == self._state.settings.class_id and row is not self._tree.currentItem():
                self._tree.setCurrentItem(row)

    def _on_clicked(self, row: QTreeWidgetItem, column: int) -> None:
        if column in (_EYE, _LOCK):
            alone = bool(QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier)
            toggled = self.lock_toggled if column == _LOCK else self.solo_toggled if alone else self.visibility_toggled
            toggled.emit(row.data(0, _ID))
            self._follow()
        else:
            self.chosen.emit(row.data(0, _ID))

    def _on_current(self, row: QTreeWidgetItem | None, before: QTreeWidgetItem | None) -> None:
        if row is not None and row.data(0, _ID) != self._state.settings.class_id:
            self.chosen.emit(row.data(0, _ID))

    def _toggle_current(self) -> None:
        row = self._tree.currentItem()
        if row is not None:
            self.visibility_toggled.emit(row.data(0, _ID))

    def _on_double(self, row: QTreeWidgetItem | None, column: int) -> None:
        if row is None or row.data(0, _ID) == IGNORE:
            return
        if column == _SWATCH:
            self.colour_asked.emit(row.data(0, _ID))
        elif column == _NAME:
            self._tree.editItem(row, _NAME)

    def _on_changed(self, row: QTreeWidgetItem, column: int) -> None:
        if column == _NAME:
            self.renamed.emit(row.data(0, _ID), row.text(_NAME))
