"""Carries a renamed class into the files that still use its old name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from segstudio.core.classes import ClassTable
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.item import Item, ItemState
from segstudio.project.store import Stamp, canonical, load, save, status_of


@dataclass(frozen=True)
class Relabelled:
    """One file that now uses today's names."""

    state: ItemState
    stamp: Stamp


def relabel(items: list[Item], table: ClassTable) -> Iterator[Progress | Problem | Relabelled]:
    """Write again each file whose labels have other names today; unreadable files are named and left alone."""
    for done, item in enumerate(items):
        yield Progress(done, len(items), item.name)
        try:
            stored = load(item)
            if stored.problem:
                yield Problem(item.name, stored.problem)
                continue
            renamed = canonical(stored.annotation, table)
            if renamed is stored.annotation:
                continue
            stamp = save(item, renamed, table, stored.stamp)
        except SegstudioError as error:
            yield Problem(item.name, str(error))
            continue
        state = ItemState(item.name, bool(renamed.shapes), status_of(renamed), tuple(renamed.labels))
        yield Relabelled(state, stamp)
