"""The objects of the open image, topmost first: class, kind, lock and eye; filtered by text."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QLineEdit, QTableView, QVBoxLayout, QWidget

from segstudio.core.annotation import Annotation
from segstudio.core.shape import Shape
from segstudio.core.stroke import Marks, with_selected
from segstudio.ui.features.marking import toggled
from segstudio.ui.icons import icon
from segstudio.ui.panels.classes import swatch
from segstudio.ui.session import Session

Index = QModelIndex | QPersistentModelIndex

_LABEL, _KIND, _LOCK, _EYE = range(4)
_ROW_PX = 20


class ObjectModel(QAbstractTableModel):
    """Rows are shapes of the annotation, those that the filter leaves; rebuilt when the annotation is another."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
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
                return self._words(shape)[index.column()]
            case Qt.ItemDataRole.DecorationRole:
                return self._icon(shape, index.column())
            case Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.ToolTipRole:
                return ", ".join([*self._words(shape)[:2], *self._states(shape)])
        return None

    def set_text(self, text: str) -> None:
        self._text = text.strip().casefold()
        self.refresh(anyway=True)

    def refresh(self, anyway: bool = False) -> bool:
        """Whether the rows are others now."""
        image = self._session.image
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
        if now[1:] == before:  # one more on top: what a stroke or a new shape makes
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
        return self._text in " ".join(self._words(shape)).casefold()

    def _words(self, shape: Shape) -> tuple[str, str, str, str]:
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
                class_id = self._session.table.id_of(shape.label)
                key = class_id if class_id is not None else 255
                if key not in self._icons:
                    colour = self._session.layers.colour_of(self._session.table, int(str(key)))
                    self._icons[key] = swatch(colour, 12)
            case 2:
                key = "locked" if shape.uid in marks.locked else "unlocked"
            case 3:
                key = "hidden" if shape.uid in marks.hidden else "shown"
            case _:
                return None
        if key not in self._icons:
            self._icons[key] = QIcon(icon(str(key)).pixmap(14, 14))  # drawn once, not for every row
        return self._icons[key]

    def _marks(self) -> Marks:
        return self._session.image.document.marks if self._session.image else Marks()


def _row(shape: Shape) -> tuple[int, str, str, int | None]:
    """What a row shows of a shape."""
    return shape.uid, shape.label, shape.kind, shape.group_id


class ObjectTable(QTableView):
    """Delete takes the selected objects away; letters are shortcuts of the window."""

    delete_asked = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_asked.emit()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Nothing."""


class ObjectsPanel(QWidget):
    """Select here and it is selected on the canvas, and the other way round; a double click brings it into view."""

    delete_asked = Signal()
    shown = Signal(object)  # a shape to bring into view

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._model = ObjectModel(session)
        self._marks = Marks()
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
        for changed in (session.image_changed, session.edited, session.marks_changed, session.acted):
            changed.connect(self._follow)
        session.classes_changed.connect(self._model.repaint_icons)

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
        """Cheap where nothing changed: the hand calls it at every move."""
        if not self.isVisible():
            return
        image = self._session.image
        marks = image.document.marks if image is not None else Marks()
        others = self._model.refresh()
        if others or marks is not self._marks:
            if (marks.locked, marks.hidden) != (self._marks.locked, self._marks.hidden):
                self._model.repaint_icons()
            self._marks = marks
            self._show_selected(marks.selected)
        total = 0 if image is None else len(image.document.annotation.shapes)
        text = self.tr("%n object(s)", "", total)
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
        model.blockSignals(True)
        model.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        model.blockSignals(False)
        if len(rows) == 1:
            self._table.scrollTo(self._model.index(rows[0], 0))
        self._table.viewport().update()

    def _on_selected(self) -> None:
        image = self._session.image
        if image is None:
            return
        rows = {index.row() for index in self._table.selectionModel().selectedIndexes()}
        uids = frozenset(self._model.shapes[row].uid for row in rows)
        if uids != image.document.marks.selected:
            if uids and self._session.tool.name != "select":
                self._session.choose(tool="select")
            self._session.set_marks(with_selected(image.document.marks, uids))

    def _on_clicked(self, index: QModelIndex) -> None:
        image = self._session.image
        if image is not None and index.column() in (_LOCK, _EYE):
            uid = self._model.shapes[index.row()].uid
            self._session.set_marks(toggled(image.document.marks, uid, lock=index.column() == _LOCK))

    def _on_filter(self, text: str) -> None:
        self._model.set_text(text)
        self._marks = Marks()
        self._follow()
