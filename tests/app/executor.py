"""A stand-in for the window's jobs: the test decides when a job runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from segstudio.errors import SegstudioError


@dataclass
class Pending:
    make: Callable[[], Iterable[Any]]
    on_event: Callable[[Any], object]
    on_failure: Callable[[SegstudioError], object]


class ManualExecutor:
    """Queues jobs; `run_next` runs the oldest one to its end."""

    def __init__(self) -> None:
        self.queue: list[Pending] = []

    def enqueue(
        self,
        make: Callable[[], Iterable[Any]],
        on_event: Callable[[Any], object],
        *,
        on_failure: Callable[[SegstudioError], object],
    ) -> None:
        self.queue.append(Pending(make, on_event, on_failure))

    def run_next(self) -> None:
        job = self.queue.pop(0)
        try:
            events = list(job.make())
        except SegstudioError as error:
            job.on_failure(error)
            return
        for event in events:
            job.on_event(event)

    def run_all(self) -> None:
        while self.queue:
            self.run_next()


class FreeJournal:
    """A journal lock that is always free."""

    def acquire(self, project: object) -> bool:
        return True

    def release(self) -> None:
        """Nothing is held."""
