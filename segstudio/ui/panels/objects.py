"""Objects panel: the objects of the open image, topmost first, with class, kind, lock and visibility."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QLineEdit, QTableView, QVBoxLayout, QWidget

from segstudio.app.state import State
from segstudio.core.annotation import Annotation
from segstudio.core.painting_rules import Marks, with_selected
from segstudio.core.shape import Shape
from segstudio.tools.toolbox import SELECT
from segstudio.ui.icons import icon
from segstudio.ui.panels.classes import make_swatch

Index = QModelIndex | QPersistentModelIndex

_LABEL, _KIND, _LOCK, _EYE = range(4)
_ROW_PX = 20


class ObjectModel(QAbstractTableModel):
    """Rows are the filtered shapes of the open annotation; refreshed when the annotation has changed."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._annotation: Annotation | None = None
        self._text = ""
        self.shapes: list[Shape] = []
        self.rows: dict[int, int] = {}
        self._icons: dict[object, QIcon] = {}

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        return 0 if parent.isValid() else len(self.shapes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        return 4

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        shape = self.shapes[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._texts(shape)[index.column()]
            case Qt.ItemDataRole.DecorationRole:
                return self._icon(shape, index.column())
            case Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.ToolTipRole:
                return ", ".join([*self._texts(shape)[:2], *self._states(shape)])
        return None

    def set_text(self, text: str) -> None:
        self._text = text.strip().casefold()
        self.refresh(anyway=True)

    def refresh(self, anyway: bool = False) -> bool:
        """Read the annotation again if it has changed, or `anyway`; True if the rows have changed."""
        image = self._state.image
        annotation = None if image is None else image.document.annotation
        if annotation is self._annotation and not anyway:
            return False
        self._annotation = annotation
        shapes = [] if annotation is None else list(reversed(annotation.shapes))
        if self._text:
            shapes = [shape for shape in shapes if self._matches(shape)]
        now, before = [_row(shape) for shape in shapes], [_row(shape) for shape in self.shapes]
        if now == before:
            self.shapes = shapes
            return False
        if now[1:] == before:  # a stroke or a new shape adds one row on top
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._set(shapes)
            self.endInsertRows()
            return True
        self.beginResetModel()
        self._set(shapes)
        self.endResetModel()
        return True

    def _set(self, shapes: list[Shape]) -> None:
        self.shapes = shapes
        self.rows = {shape.uid: row for row, shape in enumerate(shapes)}

    def repaint_icons(self) -> None:
        self._icons.clear()
        if self.shapes:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.shapes) - 1, _EYE))

    def _matches(self, shape: Shape) -> bool:
        return self._text in " ".join(self._texts(shape)).casefold()

    def _texts(self, shape: Shape) -> tuple[str, str, str, str]:
        group = f" · {shape.group_id}" if shape.group_id is not None else ""
        return shape.label + group, shape.kind.replace("_", " "), "", ""

    def _states(self, shape: Shape) -> list[str]:
        marks = self._marks()
        locked = [self.tr("locked")] if shape.uid in marks.locked else []
        return locked + ([self.tr("hidden")] if shape.uid in marks.hidden else [])

    def _icon(self, shape: Shape, column: int) -> QIcon | None:
        marks = self._marks()
        key: object
        match column:
            case 0:
                class_id = self._state.table.id_of(shape.label)
                key = class_id if class_id is not None else 255
                if key not in self._icons:
                    colour = self._state.layers.colour_of(self._state.table, int(str(key)))
                    self._icons[key] = make_swatch(colour, 12)
            case 2:
                key = "locked" if shape.uid in marks.locked else "unlocked"
            case 3:
                key = "hidden" if shape.uid in marks.hidden else "shown"
            case _:
                return None
        if key not in self._icons:
            self._icons[key] = QIcon(icon(str(key)).pixmap(14, 14))  # rendered once, not for every row
        return self._icons[key]

    def _marks(self) -> Marks:
        return self._state.image.document.marks if self._state.image else Marks()


def _row(shape: Shape) -> tuple[int, str, str, int | None]:
    """The data of a shape that its row shows."""
    return shape.uid, shape.label, shape.kind, shape.group_id


class ObjectTable(QTableView):
    """Delete emits `delete_asked`. Does not search for typed letters, which are shortcuts of the window."""

    delete_asked = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_asked.emit()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Do nothing."""


class ObjectsPanel(QWidget):
    """Shares the selection with the canvas; a double click emits `shown`."""

    delete_asked = Signal()
    shown = Signal(object)  # a shape to bring into view

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._model = ObjectModel(state)
        self._marks = Marks()
        self._palette = state.layers.palette
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(self.tr("Filter by class or kind"))
        self._filter.setAccessibleName(self.tr("Filter objects"))
        self._filter.setClearButtonEnabled(True)
        self._table = ObjectTable()
        self._table.setModel(self._model)
        self._place_columns()
        self._count = QLabel()
        self._count.setProperty("quiet", True)
        self._count.setContentsMargins(8, 0, 8, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(6)
        holder = QVBoxLayout()
        holder.setContentsMargins(6, 6, 6, 0)
        holder.addWidget(self._filter)
        layout.addLayout(holder)
        layout.addWidget(self._table)
        layout.addWidget(self._count)
        self._filter.textChanged.connect(self._on_filter)
        self._table.selectionModel().selectionChanged.connect(self._on_selected)
        self._table.clicked.connect(self._on_clicked)
        self._table.doubleClicked.connect(lambda index: self.shown.emit(self._model.shapes[index.row()]))
        self._table.delete_asked.connect(self.delete_asked)
        for changed in (state.image_changed, state.marks_changed, state.tool_used):
            changed.connect(self._follow)
        state.edited.connect(lambda edit: self._follow())
        state.layers_changed.connect(self._on_layers)
        state.classes_changed.connect(self._model.repaint_icons)

    def _on_layers(self) -> None:
        if self._palette != self._state.layers.palette:
            self._palette = self._state.layers.palette
            self._model.repaint_icons()

    def retheme(self) -> None:
        self._model.repaint_icons()

    def _place_columns(self) -> None:
        table = self._table
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.horizontalHeader().hide()
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        table.setIconSize(QSize(14, 14))
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setAccessibleName(self.tr("Objects"))
        header = table.horizontalHeader()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(22)
        header.setSectionResizeMode(_LABEL, QHeaderView.ResizeMode.Stretch)
        for column, width in ((_KIND, 80), (_LOCK, 28), (_EYE, 28)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)

    def _follow(self) -> None:
        """Called at every pointer move; cheap if nothing has changed."""
        if not self.isVisible():
            return
        image = self._state.image
        marks = image.document.marks if image is not None else Marks()
        changed = self._model.refresh()
        if changed or marks is not self._marks:
            if (marks.locked, marks.hidden) != (self._marks.locked, self._marks.hidden):
                self._model.repaint_icons()
            self._marks = marks
            self._show_selected(marks.selected)
        total = 0 if image is None else len(image.document.annotation.shapes)
        text = self.tr("1 object") if total == 1 else self.tr("{} objects").format(total)
        self._count.setText(text + (self.tr(" · {} selected").format(len(marks.selected)) if marks.selected else ""))

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._follow()

    def _show_selected(self, uids: frozenset[int]) -> None:
        rows = sorted(self._model.rows[uid] for uid in uids if uid in self._model.rows)
        selection = QItemSelection()
        for row in rows:
            selection.select(self._model.index(row, 0), self._model.index(row, _EYE))
        model = self._table.selectionModel()
        with QSignalBlocker(model):
            model.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if len(rows) == 1:
            self._table.scrollTo(self._model.index(rows[0], 0))
        self._table.viewport().update()

    def _on_selected(self) -> None:
        image = self._state.image
        if image is None:
            return
        rows = {index.row() for index in self._table.selectionModel().selectedIndexes()}
        uids = frozenset(self._model.shapes[row].uid for row in rows)
        if uids != image.document.marks.selected:
            if uids and self._state.tool.info.name != SELECT:
                self._state.choose(tool=SELECT)
            self._state.set_marks(with_selected(image.document.marks, uids))

    def _on_clicked(self, index: QModelIndex) -> None:
        image = self._state.image
        if image is not None and index.column() in (_LOCK, _EYE):
            uid = self._model.shapes[index.row()].uid
            self._state.set_marks(_toggle(image.document.marks, uid, lock=index.column() == _LOCK))

    def _on_filter(self, text: str) -> None:
        self._model.set_text(text)
        self._marks = Marks()
        self._follow()


def _toggle(marks: Marks, uid: int, *, lock: bool) -> Marks:
    """Lock or unlock one object, or hide or show it."""
    if lock:
        return replace(marks, locked=marks.locked ^ {uid})
    return replace(marks, hidden=marks.hidden ^ {uid})
