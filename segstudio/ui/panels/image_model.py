"""The images of the project as rows: filtered by a query, in an order of choice, with thumbnails read on demand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, QTimer

from segstudio.core.metrics import Confusion, scores
from segstudio.project.item import DONE, Item
from segstudio.project.query import Query, Row, ordered
from segstudio.review.report import text as figure
from segstudio.ui.panels.image_thumbnails import ImageThumbs
from segstudio.ui.session import Session

Index = QModelIndex | QPersistentModelIndex

_LONG = 5000
_AGAIN_MS = 150  # after states or figures came, for lists that depend on them


class _Figures:
    """mIoU of matrices, each computed once."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Confusion, float]] = {}

    def of(self, matrix: Confusion) -> float:
        held = self._held.get(id(matrix))
        if held is None:  # the matrix is held beside its figure, so its id cannot be given again
            held = self._held[id(matrix)] = (matrix, scores(matrix).miou)
        return held[1]

    def forget(self) -> None:
        self._held.clear()


class ImageModel(QAbstractListModel):
    """Rows are the session's items that the query leaves. Thumbnails are read when first shown, newest wish first.

    The open image stays in the list, whatever becomes of its state while one works on it.
    """

    NAME = Qt.ItemDataRole.UserRole
    STATE = Qt.ItemDataRole.UserRole + 1
    MIOU = Qt.ItemDataRole.UserRole + 2

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: dict[str, int] = {}
        self._thumbs = ImageThumbs(session)
        self._thumbs.arrived.connect(lambda name: self._changed([name]))
        self._names: list[str] = []
        self._figures = _Figures()
        self._items: dict[str, Item] = {}
        self._query = Query()
        self._by, self._down = "name", False
        self._dates: dict[str, float] = {}
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(lambda: self._arrange(keep_open=True))
        session.project_changed.connect(self._forget)
        session.items_changed.connect(self._on_items)
        session.states_changed.connect(self._on_states)
        session.scores_changed.connect(self._on_scores)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        return 0 if parent.isValid() else len(self._names)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self._items[self._names[index.row()]]
        match role:
            case Qt.ItemDataRole.DisplayRole | self.NAME:
                return item.name
            case Qt.ItemDataRole.DecorationRole:
                return self._thumbs.of(item)
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

    @property
    def names(self) -> list[str]:
        """As they are listed."""
        return self._names

    def set_query(self, query: Query) -> None:
        """At once; in a long list when the hand rests from typing."""
        self._query = query
        if len(self._items) < _LONG:
            self._arrange()
        else:
            self._again.start()

    def set_order(self, by: str, *, down: bool) -> None:
        """By name, date, state, miou or uncertainty."""
        self._by, self._down = by, down
        if by == "date" and not self._dates:
            self._read_dates()
        self._arrange()

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
        return "" if matrix is None else figure(self._figures.of(matrix))

    def _forget(self) -> None:
        self._dates.clear()
        self._figures.forget()

    def _on_items(self) -> None:
        self._items = {item.name: item for item in self._session.items}
        names = [item.name for item in self._session.items]
        plain = self._by == "name" and not self._down and not self._query.tests
        if not plain or names[: len(self._names)] != self._names:
            self._arrange()
        elif len(names) > len(self._names):
            self.beginInsertRows(QModelIndex(), len(self._names), len(names) - 1)
            self._set_names(names)
            self.endInsertRows()

    def _arrange(self, *, keep_open: bool = False) -> None:
        """Filter and sort anew; nothing happens where that changes nothing."""
        image = self._session.image
        open_name = image.item.name if image is not None and keep_open and image.item.name in self._rows else ""
        rows = [self._row(item) for item in self._session.items]
        if self._query.tests:
            rows = [row for row in rows if row.name == open_name or self._query.matches(row)]
        names = [rows[place].name for place in ordered(rows, self._by, self._dates, down=self._down)]
        if names != self._names:
            self.beginResetModel()
            self._set_names(names)
            self.endResetModel()

    def _set_names(self, names: list[str]) -> None:
        self._names = names
        self._rows = {name: row for row, name in enumerate(names)}

    def _row(self, item: Item) -> Row:
        """Only what the query and the order look at."""
        keys = self._query.keys | {self._by}
        if keys <= {"name", "date"}:
            return Row(item.name)
        name, miou = item.name, math.nan
        words: tuple[str, ...] = ()
        state = self._state(name) if keys & {"state", "status"} else "todo"
        if "class" in keys and name in self._session.states:
            words = tuple(map(self._session.table.canonical, self._session.states[name].labels))
        if "miou" in keys and name in self._session.scores:
            miou = self._figures.of(self._session.scores[name])
        return Row(name, state, words, miou, self._session.uncertainties.get(name, math.nan))

    def _read_dates(self) -> None:
        items, folder = list(self._session.items), self._session.project

        def events() -> Iterator[dict[str, float]]:
            yield {item.name: _date(item) for item in items}

        def on_dates(dates: dict[str, float]) -> None:
            if folder is not None and self._session.is_current(folder):
                self._dates = dates
                self._arrange()

        self._session.jobs.start(events, on_dates)

    def _on_states(self, names: list[str]) -> None:
        self._changed(names)
        if self._by == "state" or self._query.keys & {"class", "status", "state"}:
            self._again.start()

    def _on_scores(self) -> None:
        self._changed(self._names[:: max(1, len(self._names) - 1)])
        if self._by in ("miou", "uncertainty") or self._query.keys & {"miou", "uncertainty"}:
            self._again.start()

    def _changed(self, names: list[str]) -> None:
        rows = [self._rows[name] for name in names if name in self._rows]
        if rows:
            self.dataChanged.emit(self.index(min(rows)), self.index(max(rows)))


def _date(item: Item) -> float:
    try:
        return item.image.stat().st_mtime
    except OSError:
        return math.nan
