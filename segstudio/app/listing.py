"""Which images the list shows, and in which order: filtered by a query, sorted by name, date, state or a metric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from segstudio.app.signal import Signal
from segstudio.app.state import State
from segstudio.core.metrics import ConfusionMatrix, compute_metrics
from segstudio.project.item import DONE, Item
from segstudio.project.query import Query, Row, order_rows

_STATE_KEYS = frozenset(("class", "status", "state"))
_SCORE_KEYS = frozenset(("miou", "uncertainty"))


class Listing:
    """Names of the state's items that match the query.

    The open image stays listed while it is worked on, even if its state no longer matches.
    """

    def __init__(self, state: State) -> None:
        self.changed: Signal[[]] = Signal()  # `names` are others
        self.outdated: Signal[[]] = Signal()  # what filter or order depend on has changed; call `refresh` soon
        self._state = state
        self._query = Query()
        self._by, self._down = "name", False
        self._dates: dict[str, float] = {}
        self._names: list[str] = []
        self._rows: dict[str, int] = {}
        self._items: dict[str, Item] = {}
        self._miou: dict[int, tuple[ConfusionMatrix, float]] = {}
        state.project_changed.connect(self._forget)
        state.items_changed.connect(self._on_items)
        state.item_states_changed.connect(self._on_item_states)
        state.scores_changed.connect(self._on_scores)

    @property
    def names(self) -> list[str]:
        """In the order of the list; do not modify."""
        return self._names

    @property
    def needs_dates(self) -> bool:
        """True if the order is by date and `set_dates` was not called yet."""
        return self._by == "date" and not self._dates

    def row_of(self, name: str) -> int | None:
        return self._rows.get(name)

    def item(self, name: str) -> Item:
        """Raises KeyError for a name that is not in the project."""
        return self._items[name]

    def neighbours(self, name: str) -> list[Item]:
        """The items after and before `name`, the next first."""
        row = self._rows.get(name)
        if row is None:
            return []
        names = [self._names[place] for place in (row + 1, row - 1) if 0 <= place < len(self._names)]
        return [self._items[name] for name in names]

    def previous(self, name: str) -> Item | None:
        """The item before `name`; None for the first."""
        row = self._rows.get(name, 0)
        return self._items[self._names[row - 1]] if row else None

    def step_from(self, name: str, by: int) -> str | None:
        """The name `by` places after `name`, clipped to the list; the first if `name` is not listed; None if empty."""
        if not self._names:
            return None
        row = self._rows[name] + by if name in self._rows else 0
        return self._names[max(0, min(len(self._names) - 1, row))]

    def set_query(self, query: Query, *, refresh: bool = True) -> None:
        """Filter; with `refresh` off the caller calls `refresh` later."""
        self._query = query
        if refresh:
            self.refresh()

    def set_order(self, by: str, *, down: bool) -> None:
        """Sort by name, date, state, miou or uncertainty."""
        self._by, self._down = by, down
        self.refresh()

    def set_dates(self, dates: dict[str, float]) -> None:
        """Modification times in seconds by name; NaN where unknown."""
        self._dates = dates
        self.refresh()

    def refresh(self, *, keep_open: bool = False) -> None:
        """Filter and sort again; `changed` is emitted only if that gives other names."""
        image = self._state.image
        open_name = image.item.name if image is not None and keep_open and image.item.name in self._rows else ""
        rows = [self._row(item) for item in self._state.items]
        if self._query.tests:
            rows = [row for row in rows if row.name == open_name or self._query.matches(row)]
        self._set_names([rows[place].name for place in order_rows(rows, self._by, self._dates, down=self._down)])

    def state_of(self, name: str) -> str:
        """todo, labelled, done or broken."""
        state = self._state.item_states.get(name)
        if state is None:
            return "todo"
        if state.problem:
            return "broken"
        return "done" if state.status == DONE else "labelled" if state.is_annotated else "todo"

    def miou_of(self, name: str) -> float:
        """NaN where there is no score."""
        matrix = self._state.scores.get(name)
        if matrix is None:
            return math.nan
        held = self._miou.get(id(matrix))
        if held is None:  # the matrix is kept beside its mIoU, so that its id is not given to another one
            held = self._miou[id(matrix)] = (matrix, compute_metrics(matrix).miou)
        return held[1]

    def _forget(self) -> None:
        self._dates.clear()
        self._miou.clear()

    def _on_items(self) -> None:
        self._items = {item.name: item for item in self._state.items}
        plain = self._by == "name" and not self._down and not self._query.tests
        if plain:
            self._set_names([item.name for item in self._state.items])
        else:
            self.refresh()

    def _set_names(self, names: list[str]) -> None:
        if names != self._names:
            self._names = names
            self._rows = {name: row for row, name in enumerate(names)}
            self.changed.emit()

    def _row(self, item: Item) -> Row:
        """Only what query and order need."""
        keys = self._query.keys | {self._by}
        if keys <= {"name", "date"}:
            return Row(item.name)
        name, state = item.name, self._state
        labels: tuple[str, ...] = ()
        if "class" in keys and name in state.item_states:
            labels = tuple(map(state.table.canonical_name, state.item_states[name].labels))
        return Row(
            name,
            self.state_of(name) if keys & {"state", "status"} else "todo",
            labels,
            self.miou_of(name) if "miou" in keys else math.nan,
            state.uncertainties.get(name, math.nan),
        )

    def _on_item_states(self, names: list[str]) -> None:
        if self._by == "state" or self._query.keys & _STATE_KEYS:
            self.outdated.emit()

    def _on_scores(self) -> None:
        if self._by in _SCORE_KEYS or self._query.keys & _SCORE_KEYS:
            self.outdated.emit()


def read_dates(items: Sequence[Item]) -> Iterator[dict[str, float]]:
    """Modification times of the image files, in seconds; for a job."""
    yield {item.name: _modified_s(item) for item in items}


def _modified_s(item: Item) -> float:
    try:
        return item.image.stat().st_mtime
    except OSError:
        return math.nan
