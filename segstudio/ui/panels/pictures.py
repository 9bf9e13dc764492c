"""The pictures of the project: thumbnail, name, state and mIoU; filtered by text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.metrics import scores
from segstudio.errors import SegstudioError
from segstudio.formats.images import read_thumbnail
from segstudio.project.item import DONE, Item
from segstudio.review.report import text as figure
from segstudio.ui.session import Session

Index = QModelIndex | QPersistentModelIndex

THUMB_PX = 44
_AT_ONCE = 24
_MOST_HELD = 2000
_STATES = {"done": "#16a34a", "labelled": "#2563eb", "todo": "#a1a1aa", "broken": "#dc2626"}


@dataclass(frozen=True)
class Thumbnail:
    """`rgb` is (h, w, 3), or None where the picture cannot be read."""

    name: str
    rgb: np.ndarray | None


def read_thumbnails(items: list[Item]) -> Iterator[Thumbnail]:
    for item in items:
        try:
            yield Thumbnail(item.name, read_thumbnail(item.picture, 2 * THUMB_PX))
        except SegstudioError:
            yield Thumbnail(item.name, None)


class PictureModel(QAbstractListModel):
    """Rows are the session's items. Thumbnails are read when a row is first shown, newest wish first."""

    NAME = Qt.ItemDataRole.UserRole
    STATE = Qt.ItemDataRole.UserRole + 1
    MIOU = Qt.ItemDataRole.UserRole + 2

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: dict[str, int] = {}
        self._thumbs: dict[str, QPixmap] = {}
        self._wanted: dict[str, None] = {}
        self._loading = False
        session.project_changed.connect(self._forget)
        session.items_changed.connect(self._on_items)
        session.states_changed.connect(self._on_states)
        session.scores_changed.connect(self._on_scores)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self._session.items[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | self.NAME:
                return item.name
            case Qt.ItemDataRole.DecorationRole:
                return self._thumb(item.name)
            case self.STATE:
                return self._state(item.name)
            case self.MIOU:
                return self._miou(item.name)
            case Qt.ItemDataRole.ToolTipRole:
                state = self._session.states.get(item.name)
                return state.problem if state and state.problem else item.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{item.name}, {self._state(item.name)}, mIoU {self._miou(item.name) or '–'}"
        return None

    def row_of(self, name: str) -> int | None:
        return self._rows.get(name)

    def _state(self, name: str) -> str:
        state = self._session.states.get(name)
        if state is None:
            return "todo"
        if state.problem:
            return "broken"
        return "done" if state.status == DONE else "labelled" if state.labelled else "todo"

    def _miou(self, name: str) -> str:
        matrix = self._session.scores.get(name)
        return "" if matrix is None else figure(scores(matrix).miou)

    def _thumb(self, name: str) -> QPixmap | None:
        held = self._thumbs.get(name)
        if held is None and name not in self._thumbs:
            self._wanted.pop(name, None)
            self._wanted[name] = None
            if not self._loading:
                self._loading = True
                QTimer.singleShot(0, self._load)
        return held

    def _load(self) -> None:
        names = list(self._wanted)[-_AT_ONCE:][::-1]
        self._wanted = {name: None for name in self._wanted if name not in names}
        items = [self._session.items[self._rows[name]] for name in names if name in self._rows]
        folder = self._session.project.folder if self._session.project else None

        def on_thumbnail(thumbnail: Thumbnail) -> None:
            if self._session.project is not None and self._session.project.folder == folder:
                self._on_thumbnail(thumbnail)

        self._session.jobs.start(lambda: read_thumbnails(items), on_thumbnail, self._on_loaded)

    def _on_thumbnail(self, thumbnail: Thumbnail) -> None:
        pixmap = QPixmap()
        if thumbnail.rgb is not None:
            height, width = thumbnail.rgb.shape[:2]
            image = QImage(thumbnail.rgb.tobytes(), width, height, width * 3, QImage.Format.Format_RGB888)
            pixmap = QPixmap.fromImage(image)
        self._thumbs[thumbnail.name] = pixmap
        while len(self._thumbs) > _MOST_HELD:
            del self._thumbs[next(iter(self._thumbs))]
        self._changed([thumbnail.name])

    def _on_loaded(self) -> None:
        self._loading = bool(self._wanted)
        if self._loading:
            self._load()

    def _forget(self) -> None:
        self._thumbs.clear()
        self._wanted.clear()

    def _on_items(self) -> None:
        names = [item.name for item in self._session.items]
        if names[: len(self._rows)] == list(self._rows):
            if len(names) > len(self._rows):
                self.beginInsertRows(QModelIndex(), len(self._rows), len(names) - 1)
                self._rows = {name: row for row, name in enumerate(names)}
                self.endInsertRows()
            return
        self.beginResetModel()
        self._rows = {name: row for row, name in enumerate(names)}
        self.endResetModel()

    def _on_states(self, names: list[str]) -> None:
        self._changed(names)

    def _on_scores(self) -> None:
        self._changed(list(self._rows)[:: max(1, len(self._rows) - 1)])

    def _changed(self, names: list[str]) -> None:
        rows = [self._rows[name] for name in names if name in self._rows]
        if rows:
            self.dataChanged.emit(self.index(min(rows)), self.index(max(rows)))


class PictureDelegate(QStyledItemDelegate):
    """Thumbnail, name over its state, and the figure on the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(160, THUMB_PX + 8)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        palette, rect = option.palette, option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.fillRect(rect, palette.color(QPalette.ColorRole.Highlight if selected else QPalette.ColorRole.Base))
        strong = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        quiet = strong if selected else palette.color(QPalette.ColorRole.PlaceholderText)
        self._paint_thumb(painter, rect, index.data(Qt.ItemDataRole.DecorationRole), palette)
        left = rect.left() + THUMB_PX + 14
        miou = index.data(PictureModel.MIOU)
        figure_width = painter.fontMetrics().horizontalAdvance("0.000") + 6
        upper = QRect(left, rect.top() + 7, rect.right() - left - figure_width - 8, 18)
        painter.setPen(strong)
        name = painter.fontMetrics().elidedText(
            index.data(PictureModel.NAME), Qt.TextElideMode.ElideMiddle, upper.width()
        )
        painter.drawText(upper, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.drawText(
            QRect(rect.right() - figure_width - 6, upper.top(), figure_width, 18),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            miou,
        )
        state = index.data(PictureModel.STATE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(_STATES[state]))
        painter.setPen(strong if selected else Qt.PenStyle.NoPen)
        painter.drawEllipse(left, upper.bottom() + 6, 8, 8)
        painter.setPen(quiet)
        painter.drawText(left + 14, upper.bottom() + 14, self._word(state))
        painter.restore()

    def _word(self, state: str) -> str:
        return {
            "done": self.tr("done"),
            "labelled": self.tr("labelled"),
            "todo": self.tr("to do"),
            "broken": self.tr("cannot be read"),
        }[state]

    def _paint_thumb(self, painter: QPainter, rect: QRect, thumb: QPixmap | None, palette: QPalette) -> None:
        place = QRect(rect.left() + 6, rect.top() + 4, THUMB_PX, THUMB_PX)
        painter.fillRect(place, palette.color(QPalette.ColorRole.Dark))
        if thumb is not None and not thumb.isNull():
            size = thumb.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(place.topLeft(), size)
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, thumb)


class PictureList(QListView):
    """Letters are shortcuts of the window; they do not jump in the list."""

    def keyboardSearch(self, search: str) -> None:
        """Nothing."""


class PicturesPanel(QWidget):
    """`chosen` carries the name of the picture to open."""

    chosen = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._filtering = False
        self._model = PictureModel(session)
        self._proxy = QSortFilterProxyModel()
        self._proxy.setSourceModel(self._model)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(self.tr("Filter by name"))
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(self._on_filter)
        self._list = PictureList()
        self._list.setModel(self._proxy)
        self._list.setItemDelegate(PictureDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._list.setAccessibleName(self.tr("Pictures"))
        self._counts = QLabel()
        self._counts.setProperty("quiet", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(6)
        holder = QVBoxLayout()
        holder.setContentsMargins(6, 6, 6, 0)
        holder.addWidget(self._filter)
        layout.addLayout(holder)
        layout.addWidget(self._list)
        layout.addWidget(self._counts)
        self._counts.setContentsMargins(8, 0, 8, 0)
        self._list.selectionModel().currentChanged.connect(self._on_current)
        session.picture_changed.connect(self._follow)
        session.states_changed.connect(self._count)
        session.items_changed.connect(self._count)
        self._count()

    def visible_names(self) -> list[str]:
        """What the filter leaves, in the list's order."""
        proxy = self._proxy
        return [str(proxy.index(row, 0).data(PictureModel.NAME)) for row in range(proxy.rowCount())]

    def focus_filter(self) -> None:
        self._filter.setFocus()
        self._filter.selectAll()

    def _on_filter(self, text: str) -> None:
        """The list may lose its current row; that opens nothing."""
        self._filtering = True
        self._proxy.setFilterFixedString(text)
        self._filtering = False
        self._follow()

    def _on_current(self, current: QModelIndex) -> None:
        if current.isValid() and not self._filtering:
            self.chosen.emit(current.data(PictureModel.NAME))

    def _follow(self) -> None:
        picture = self._session.picture
        row = self._model.row_of(picture.item.name) if picture else None
        if row is not None:
            index = self._proxy.mapFromSource(self._model.index(row))
            if index.isValid():
                self._list.setCurrentIndex(index)

    def _count(self) -> None:
        total = len(self._session.items)
        labelled = self._session.num_labelled
        done = sum(state.status == DONE for state in self._session.states.values())
        self._counts.setText(
            self.tr("{} pictures · {} labelled · {} done").format(total, labelled, done) if total else ""
        )
