"""Runs a job to its end and collects what it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from segstudio.events import Note, Problem, Progress

OnEvent = Callable[[Progress | Note | Problem], None]


@dataclass
class Collected:
    """`results` are the events that are neither Progress, Note nor Problem, in order."""

    results: list[Any] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def collect(events: Iterable[Any], on_event: OnEvent | None = None) -> Collected:
    """Drain `events`; `on_event` is called with each Progress, Note and Problem as it occurs."""
    collected = Collected()
    for event in events:
        if isinstance(event, Problem):
            collected.problems.append(event)
        elif isinstance(event, Note):
            collected.notes.append(event)
        elif not isinstance(event, Progress):
            collected.results.append(event)
            continue
        if on_event is not None:
            on_event(event)
    return collected
