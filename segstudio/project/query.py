"""Queries over the list of images, such as `class:road -status:done miou:<0.5 street`."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

STATES: Final = ("todo", "labelled", "done", "broken")

_KEYS: Final = ("name", "class", "status", "state", "miou", "uncertainty")
_TERM: Final = re.compile(r'(-?)(?:([A-Za-z]+):)?(?:"([^"]*)"|(\S+))')
_NUMBER: Final = re.compile(r"(<=|>=|<|>|=)?(\d*\.?\d+)(?:\.\.(\d*\.?\d+))?$")


@dataclass(frozen=True)
class Row:
    """One image in the list; metrics that have not been computed are NaN."""

    name: str
    state: str = "todo"
    labels: tuple[str, ...] = ()
    miou: float = math.nan
    uncertainty: float = math.nan


Test = Callable[[Row], bool]


@dataclass(frozen=True)
class Query:
    """An image matches if all tests are true for it. `keys` are the parts of a row that are looked at."""

    tests: tuple[Test, ...] = ()
    keys: frozenset[str] = frozenset()

    def matches(self, row: Row) -> bool:
        return all(test(row) for test in self.tests)


def parse_query(text: str) -> Query:
    """A word must occur in the image's name; `*` and `?` are wildcards. Keys: name, class, status, miou, uncertainty.

    A minus before a term negates it. Metrics are compared by <, <=, >, >= or =, with a range 0.2..0.5, or with `none`
    for images without one. Raises ValueError that says what is wrong and what would be right.
    """
    tests: list[Test] = []
    keys: set[str] = set()
    for minus, key, quoted, plain in _TERM.findall(text):
        value = quoted or plain
        if not value or (not key and plain.rstrip('"').endswith(":") and plain.rstrip('":').casefold() in _KEYS):
            continue  # still being typed
        test = _make_test(key.casefold() or "name", value)
        keys.add(key.casefold() or "name")
        tests.append(_negate(test) if minus else test)
    return Query(tuple(tests), frozenset(keys))


def _negate(test: Test) -> Test:
    return lambda row: not test(row)


def _make_test(key: str, value: str) -> Test:
    match key:
        case "name":
            return _test_name(value)
        case "class":
            wanted = value.casefold()
            return lambda row: any(_matches(label.casefold(), wanted) for label in row.labels)
        case "status" | "state":
            return _test_state(value)
        case "miou":
            return _test_number(value, lambda row: row.miou)
        case "uncertainty":
            return _test_number(value, lambda row: row.uncertainty)
    raise ValueError(f"{key}: is not a key; use class:, status:, miou:, uncertainty: or name:")


def _matches(text: str, wanted: str) -> bool:
    """Equal, or matching with the wildcards `*` and `?`; brackets are ordinary characters."""
    return text == wanted or fnmatch.fnmatchcase(text, wanted.replace("[", "[[]"))


def _test_name(value: str) -> Test:
    wanted = value.casefold()
    if any(sign in wanted for sign in "*?"):
        return lambda row: _matches(row.name.casefold(), wanted)
    return lambda row: wanted in row.name.casefold()


def _test_state(value: str) -> Test:
    wanted = {"to do": "todo", "labeled": "labelled"}.get(value.casefold(), value.casefold())
    if wanted not in STATES:
        raise ValueError(f"{value!r} is not a status; use {', '.join(STATES)}")
    return lambda row: row.state == wanted


def _test_number(value: str, of: Callable[[Row], float]) -> Test:
    if value.casefold() == "none":
        return lambda row: math.isnan(of(row))
    found = _NUMBER.match(value)
    if found is None:
        raise ValueError(f"{value!r} is not a number; write <0.5, >=0.5, 0.2..0.5 or none")
    sign, low, high = found[1] or "=", float(found[2]), found[3]
    if high is not None:
        return lambda row: low <= of(row) <= float(high)
    compare: dict[str, Test] = {
        "<": lambda row: of(row) < low,
        "<=": lambda row: of(row) <= low,
        ">": lambda row: of(row) > low,
        ">=": lambda row: of(row) >= low,
        "=": lambda row: abs(of(row) - low) < 0.0005,
    }
    return compare[sign]


def order_rows(rows: Sequence[Row], by: str, dates: dict[str, float], *, down: bool) -> list[int]:
    """Indices of the rows sorted by name (their order as given), date, state, miou or uncertainty.

    Unknown values come last, also where `down` sorts from high to low. `dates` are by name.
    """
    if by == "name":
        found = list(range(len(rows)))
        return found[::-1] if down else found
    values: dict[str, Callable[[Row], float]] = {
        "date": lambda row: dates.get(row.name, math.nan),
        "state": lambda row: float(STATES.index(row.state)),
        "miou": lambda row: row.miou,
        "uncertainty": lambda row: row.uncertainty,
    }
    of, sign = values[by], -1.0 if down else 1.0
    keys = [of(row) for row in rows]
    return sorted(range(len(rows)), key=lambda i: (math.isnan(keys[i]), 0.0 if math.isnan(keys[i]) else sign * keys[i]))
