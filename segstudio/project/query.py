"""A small query over the list of images: `class:road -status:done miou:<0.5 street`."""

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
    """What is known of an image; NaN for figures that nobody has computed."""

    name: str
    state: str = "todo"
    labels: tuple[str, ...] = ()
    miou: float = math.nan
    uncertainty: float = math.nan


Test = Callable[[Row], bool]


@dataclass(frozen=True)
class Query:
    """All of its tests must hold."""

    tests: tuple[Test, ...] = ()
    keys: frozenset[str] = frozenset()  # which parts of a row it looks at

    def matches(self, row: Row) -> bool:
        return all(test(row) for test in self.tests)


def parsed(text: str) -> Query:
    """Words must occur in the name, `*` and `?` stand for letters. Keys: name, class, status, miou, uncertainty.

    A minus before a term turns it round; figures take <, <=, >, >=, = or a range 0.2..0.5, or `none`.
    Raises ValueError with what is wrong and what would be right.
    """
    tests: list[Test] = []
    keys: set[str] = set()
    for minus, key, quoted, plain in _TERM.findall(text):
        value = quoted or plain
        if not value or (not key and plain.rstrip('"').endswith(":") and plain.rstrip('":').casefold() in _KEYS):
            continue  # still being typed
        test = _test(key.casefold() or "name", value)
        keys.add(key.casefold() or "name")
        tests.append(_turned(test) if minus else test)
    return Query(tuple(tests), frozenset(keys))


def _turned(test: Test) -> Test:
    return lambda row: not test(row)


def _test(key: str, value: str) -> Test:
    match key:
        case "name":
            return _name(value)
        case "class":
            wanted = value.casefold()
            return lambda row: any(_alike(label.casefold(), wanted) for label in row.labels)
        case "status" | "state":
            return _state(value)
        case "miou":
            return _number(value, lambda row: row.miou)
        case "uncertainty":
            return _number(value, lambda row: row.uncertainty)
    raise ValueError(f"there is no {key}: here; use class:, status:, miou:, uncertainty: or name:")


def _alike(text: str, wanted: str) -> bool:
    """Equal, or as `*` and `?` have it; a bracket is a letter."""
    return text == wanted or fnmatch.fnmatchcase(text, wanted.replace("[", "[[]"))


def _name(value: str) -> Test:
    wanted = value.casefold()
    if any(sign in wanted for sign in "*?"):
        return lambda row: _alike(row.name.casefold(), wanted)
    return lambda row: wanted in row.name.casefold()


def _state(value: str) -> Test:
    wanted = {"to do": "todo", "labeled": "labelled"}.get(value.casefold(), value.casefold())
    if wanted not in STATES:
        raise ValueError(f"there is no status {value!r}; use {', '.join(STATES)}")
    return lambda row: row.state == wanted


def _number(value: str, of: Callable[[Row], float]) -> Test:
    if value.casefold() == "none":
        return lambda row: math.isnan(of(row))
    found = _NUMBER.match(value)
    if found is None:
        raise ValueError(f"{value!r} is no figure; write <0.5, >=0.5, 0.2..0.5 or none")
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


def ordered(rows: Sequence[Row], by: str, dates: dict[str, float], *, down: bool) -> list[int]:
    """Indices of rows by name (as they stand), date, state, miou or uncertainty; unknown figures come last."""
    if by == "name":
        found = list(range(len(rows)))
        return found[::-1] if down else found
    figures: dict[str, Callable[[Row], float]] = {
        "date": lambda row: dates.get(row.name, math.nan),
        "state": lambda row: float(STATES.index(row.state)),
        "miou": lambda row: row.miou,
        "uncertainty": lambda row: row.uncertainty,
    }
    of, sign = figures[by], -1.0 if down else 1.0
    keys = [of(row) for row in rows]
    return sorted(range(len(rows)), key=lambda i: (math.isnan(keys[i]), 0.0 if math.isnan(keys[i]) else sign * keys[i]))
