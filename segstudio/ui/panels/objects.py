"""Objects panel: the objects of the open image, topmost first, with class, kind, lock and visibility."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from segstudio.app.object_list import RowChange, compare_rows, list_shapes, row_texts, select_objects, toggle_mark
from segstudio.app.state import State
from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE
from segstudio.core.painting_rules import Marks
from segstudio.core.shape import Shape
from segstudio.tools.options import N
from segstudio.ui.icons import icon
from segstudio.ui.panels.classes import make_swatch
from segstudio.ui.panels.panel import ANNOTATE, Panel, PanelInfo
from segstudio.ui.widgets import Index, fix_columns, make_column, make_label, make_line, watch_keys

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
                return row_texts(shape)[index.column()] if index.column() in (_LABEL, _KIND) else ""
            case Qt.ItemDataRole.DecorationRole:
                return self._icon(shape, index.column())
            case Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.ToolTipRole:
                return ", ".join([*row_texts(shape), *self._states(shape)])
        return None

    def set_text(self, text: str) -> None:
        self._text = text
        self.refresh(anyway=True)

    def refresh(self, anyway: bool = False) -> bool:
        """Read the annotation again if it has changed, or `anyway`; True if the rows have changed."""
        image = self._state.image
        annotation = None if image is None else image.document.annotation
        if annotation is self._annotation and not anyway:
            return False
        self._annotation = annotation
        shapes = list_shapes(annotation, self._text)
        match compare_rows(self.shapes, shapes):
            case RowChange.NONE:
                self.shapes = shapes
                return False
            case RowChange.ONE_ON_TOP:
                self.beginInsertRows(QModelIndex(), 0, 0)
                self._set(shapes)
                self.endInsertRows()
            case RowChange.OTHER:
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

    def _states(self, shape: Shape) -> list[str]:
        marks = self._marks()
        locked = [self.tr("locked")] if shape.uid in marks.locked else []
        return locked + ([self.tr("hidden")] if shape.uid in marks.hidden else [])

    def _icon(self, shape: Shape, column: int) -> QIcon | None:
        """Made once for each class and state, not for each row."""
        marks = self._marks()
        match column:
            case 0:
                return self._swatch(self._state.table.id_of(shape.label))
            case 2:
                return self._small_icon("locked" if shape.uid in marks.locked else "unlocked")
            case 3:
                return self._small_icon("hidden" if shape.uid in marks.hidden else "shown")
        return None

    def _swatch(self, class_id: int | None) -> QIcon:
        if class_id not in self._icons:
            colour = self._state.layers.colour_of(self._state.table, IGNORE if class_id is None else class_id)
            self._icons[class_id] = make_swatch(colour, 12)
        return self._icons[class_id]

    def _small_icon(self, name: str) -> QIcon:
        if name not in self._icons:
            self._icons[name] = QIcon(icon(name).pixmap(14, 14))
        return self._icons[name]

    def _marks(self) -> Marks:
        return self._state.image.document.marks if self._state.image else Marks()


class ObjectTable(QTableView):
    """Does not search for typed letters, which are shortcuts of the window."""

    def keyboardSearch(self, search: str) -> None:
        """Do nothing."""


class ObjectsPanel(Panel):
    """Shares the selection with the canvas; a double click emits `shown`."""

    info = PanelInfo("objects", N("Panel", "Objects"), "objects", (ANNOTATE,))

    delete_asked = Signal()
    shown = Signal(object)  # a shape to bring into view

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._model = ObjectModel(state)
        self._marks = Marks()
        self._palette = state.layers.palette
        self._filter = make_line(self.tr("Filter by class or kind"), self.tr("Filter objects"))
        self._table = ObjectTable()
        self._table.setModel(self._model)
        self._place_columns()
        self._count = make_label(style="quiet")
        self._count.setContentsMargins(8, 0, 8, 0)
        top = make_column(self._filter, margins=(6, 6, 6, 0))
        make_column(top, self._table, self._count, within=self, margins=(0, 0, 0, 6), spacing_px=6)
        self._filter.textChanged.connect(self._on_filter)
        self._table.selectionModel().selectionChanged.connect(self._on_selected)
        self._table.clicked.connect(self._on_clicked)
        self._table.doubleClicked.connect(lambda index: self.shown.emit(self._model.shapes[index.row()]))
        delete = self.delete_asked.emit
        watch_keys(self._table, {Qt.Key.Key_Delete: delete, Qt.Key.Key_Backspace: delete})
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
        fix_columns(table.horizontalHeader(), {_KIND: 80, _LOCK: 28, _EYE: 28}, stretch=_LABEL)

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
            model.select(selection, model.SelectionFlag.ClearAndSelect)
        if len(rows) == 1:
            self._table.scrollTo(self._model.index(rows[0], 0))
        self._table.viewport().update()

    def _on_selected(self) -> None:
        rows = {index.row() for index in self._table.selectionModel().selectedIndexes()}
        select_objects(self._state, frozenset(self._model.shapes[row].uid for row in rows))

    def _on_clicked(self, index: QModelIndex) -> None:
        image = self._state.image
        if image is not None and index.column() in (_LOCK, _EYE):
            uid = self._model.shapes[index.row()].uid
            self._state.set_marks(toggle_mark(image.document.marks, uid, lock=index.column() == _LOCK))

    def _on_filter(self, text: str) -> None:
        self._model.set_text(text)
        self._marks = Marks()
        self._follow()
