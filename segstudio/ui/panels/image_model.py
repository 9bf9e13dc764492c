"""The listed images as rows of a Qt list, with thumbnails read on demand."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, Qt, QTimer

from segstudio.app.listing import Listing
from segstudio.app.state import State
from segstudio.project.query import Query
from segstudio.review.report import format_metric
from segstudio.ui.jobs import Jobs
from segstudio.ui.panels.image_thumbnails import ImageThumbnails
from segstudio.ui.widgets import Index

_LONG = 5000  # items, from which a query waits until typing rests
_REFRESH_MS = 150


class ImageModel(QAbstractListModel):
    """Rows are the names of a Listing, which is refreshed a moment after states or scores have changed."""

    NAME = Qt.ItemDataRole.UserRole
    STATE = Qt.ItemDataRole.UserRole + 1
    MIOU = Qt.ItemDataRole.UserRole + 2

    def __init__(self, state: State, listing: Listing, jobs: Jobs) -> None:
        super().__init__()
        self._state = state
        self._listing = listing
        self._names: list[str] = []
        self._thumbnails = ImageThumbnails(state, jobs)
        self._thumbnails.arrived.connect(lambda name: self._update_rows([name]))
        self._refresh = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh.timeout.connect(lambda: listing.refresh(keep_open=True))
        listing.changed.connect(self._on_names)
        listing.outdated.connect(self._refresh.start)
        state.item_states_changed.connect(self._update_rows)
        state.scores_changed.connect(self._on_scores)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        return 0 if parent.isValid() else len(self._names)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        name = self._names[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | self.NAME:
                return name
            case Qt.ItemDataRole.DecorationRole:
                return self._thumbnails.pixmap(self._listing.item(name))
            case self.STATE:
                return self._listing.state_of(name)
            case self.MIOU:
                return self._miou_text(name)
            case Qt.ItemDataRole.ToolTipRole:
                state = self._state.item_states.get(name)
                return state.problem if state and state.problem else name
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{name}, {self._listing.state_of(name)}, mIoU {self._miou_text(name) or '–'}"
        return None

    def set_query(self, query: Query) -> None:
        """At once; in a long list a moment later, when typing rests."""
        at_once = len(self._state.items) < _LONG
        self._listing.set_query(query, refresh=at_once)
        if not at_once:
            self._refresh.start()

    def _miou_text(self, name: str) -> str:
        miou = self._listing.miou_of(name)
        return format_metric(miou) if name in self._state.scores or not math.isnan(miou) else ""

    def _on_names(self) -> None:
        """Rows that are only appended keep the scroll position and the current row."""
        names, count = self._listing.names, len(self._names)
        if count and len(names) > count and names[:count] == self._names:
            self.beginInsertRows(QModelIndex(), count, len(names) - 1)
            self._names = names
            self.endInsertRows()
        else:
            self.beginResetModel()
            self._names = names
            self.endResetModel()

    def _on_scores(self) -> None:
        if self._names:
            self.dataChanged.emit(self.index(0), self.index(len(self._names) - 1))

    def _update_rows(self, names: list[str]) -> None:
        rows = [row for name in names if (row := self._listing.row_of(name)) is not None and row < len(self._names)]
        if rows:
            self.dataChanged.emit(self.index(min(rows)), self.index(max(rows)))
