"""What runs generators in the background and calls back in the thread that started them: the window's jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from segstudio.errors import SegstudioError

MakeEvents = Callable[[], Iterable[Any]]
OnEvent = Callable[[Any], object]
OnEnd = Callable[[], object]
OnFailure = Callable[[SegstudioError], object]


class StartedJob(Protocol):
    def stop(self) -> None:
        """Close the generator at its next event."""


class StartJob(Protocol):
    """`Jobs.start`, `Jobs.enqueue` or `Jobs.after_queue`."""

    def __call__(
        self, make: MakeEvents, on_event: OnEvent, *, on_end: OnEnd | None = ..., on_failure: OnFailure | None = ...
    ) -> StartedJob: ...


class Executor(Protocol):
    """Runs jobs one after the other."""

    def enqueue(self, make: MakeEvents, on_event: OnEvent, *, on_failure: OnFailure) -> object: ...
