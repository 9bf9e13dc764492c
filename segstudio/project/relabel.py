"""Relabel: write the current class names to the files that still have old ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from segstudio.core.classes import ClassTable
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.item import Item, ItemState
from segstudio.project.store import Stamp, load, save, state_of, use_current_names


@dataclass(frozen=True)
class Relabelled:
    """One file that was written with the current class names."""

    state: ItemState
    stamp: Stamp


def relabel(items: list[Item], table: ClassTable) -> Iterator[Progress | Problem | Relabelled]:
    """Rewrite each file with labels that are aliases of a class; unreadable files are reported and left as they are."""
    for done, item in enumerate(items):
        yield Progress(done, len(items), item.name)
        try:
            stored = load(item)
            if stored.problem:
                yield Problem(item.name, stored.problem)
                continue
            renamed = use_current_names(stored.annotation, table)
            if renamed is stored.annotation:
                continue
            stamp = save(item, renamed, table, stored.stamp)
        except SegstudioError as error:
            yield Problem(item.name, str(error))
            continue
        yield Relabelled(state_of(item.name, renamed), stamp)
