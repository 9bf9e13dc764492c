"""Background work of which only the newest request counts: previews, predictions, plans, checks."""

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


class LatestOnly:
    """Background work of which only the newest request counts.

    A request stops the job that runs and replaces the one that waits for it; events of a replaced job are dropped.
    `on_end` is called when the newest request has ended.
    """

    def __init__(
        self, start: StartJob, on_event: OnEvent, *, on_end: OnEnd | None = None, on_failure: OnFailure | None = None
    ) -> None:
        self._start = start
        self._on_event = on_event
        self._on_end = on_end
        self._on_failure = on_failure
        self._job: StartedJob | None = None
        self._next: MakeEvents | None = None
        self._cancelled = False

    @property
    def busy(self) -> bool:
        return self._job is not None

    def request(self, make: MakeEvents) -> None:
        """Run `make` as soon as the job before it has ended."""
        self._next = make
        if self._job is None:
            self._run_next()
        else:
            self._job.stop()

    def cancel(self) -> None:
        """Stop what runs and drop what waits; no event and no `on_end` follows."""
        self._next = None
        self._cancelled = self._job is not None
        if self._job is not None:
            self._job.stop()

    def _run_next(self) -> None:
        make, self._next, self._cancelled = self._next, None, False
        if make is None:
            return
        failure = None if self._on_failure is None else self._deliver_failure
        self._job = self._start(make, self._deliver, on_end=self._end, on_failure=failure)

    def _deliver(self, event: Any) -> None:
        if self._next is None and not self._cancelled:
            self._on_event(event)

    def _deliver_failure(self, error: SegstudioError) -> None:
        if self._next is None and not self._cancelled and self._on_failure is not None:
            self._on_failure(error)

    def _end(self) -> None:
        self._job = None
        cancelled = self._cancelled
        if self._next is not None:
            self._run_next()
        elif not cancelled and self._on_end is not None:
            self._on_end()
