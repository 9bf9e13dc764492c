"""What any job may report; every job yields these besides its own events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """`done` of `total` items; `text` names the one at hand."""

    done: int
    total: int
    text: str = ""


@dataclass(frozen=True)
class Note:
    """Something to know of an item that was done: altered, approximated, or not held by the target."""

    where: str
    what: str

    def __str__(self) -> str:
        return _line(self.where, self.what)


@dataclass(frozen=True)
class Problem:
    """One item that was skipped or altered, while the rest went on."""

    where: str
    what: str

    def __str__(self) -> str:
        return _line(self.where, self.what)


def _line(where: str, what: str) -> str:
    whole = what if where in what else f"{where}: {what}"
    return "".join(sign if sign >= " " else " " for sign in whole)
