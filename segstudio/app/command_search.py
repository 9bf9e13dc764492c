"""Search for commands by letters of their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Command(Protocol):
    """`where` is its menu; `refusal` says why it cannot run now."""

    @property
    def text(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def refusal(self) -> str: ...


C = TypeVar("C", bound=Command)


def rank(wanted: str, command: Command) -> int | None:
    """Rank of a command for the typed letters, lower is better; None if letters are missing or out of order."""
    text, wanted = f"{command.text} {command.where}".casefold(), wanted.casefold().strip()
    if text.startswith(wanted):
        return 0
    at = text.find(wanted)
    if at >= 0:
        return 1 + (text[at - 1] != " ")
    place = -1
    for letter in wanted.replace(" ", ""):
        place = text.find(letter, place + 1)
        if place < 0:
            return None
    return 10 + place


def find_commands(wanted: str, commands: Sequence[C]) -> list[C]:
    """The commands that match, the best first; those that cannot run now come last."""
    ranked = [(bool(command.refusal), rank(wanted, command), command) for command in commands]
    matching = [(refused, place, command) for refused, place, command in ranked if place is not None]
    return [command for _, _, command in sorted(matching, key=lambda each: each[:2])]
