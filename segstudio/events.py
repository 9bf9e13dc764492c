"""Events that every job may yield besides its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """`done` of `total` items; `text` names the current one."""

    done: int
    total: int
    text: str = ""


@dataclass(frozen=True)
class Note:
    """A remark about a processed item: something was altered, approximated or cannot be stored in the target format."""

    where: str
    what: str

    def __str__(self) -> str:
        return _line(self.where, self.what)


@dataclass(frozen=True)
class Problem:
    """One item that was skipped or altered; the others were processed."""

    where: str
    what: str

    def __str__(self) -> str:
        return _line(self.where, self.what)


def _line(where: str, what: str) -> str:
    whole = what if where in what else f"{where}: {what}"
    return "".join(char if char >= " " else " " for char in whole)
