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
class Problem:
    """One item that was skipped or altered, while the rest went on."""

    where: str
    what: str

    def __str__(self) -> str:
        return self.what if self.where in self.what else f"{self.where}: {self.what}"
