"""Background work of which only the newest request counts: previews, predictions, plans, checks."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import Any

from segstudio.app.executor import MakeEvents, OnEnd, OnEvent, OnFailure, StartedJob, StartJob
from segstudio.errors import SegstudioError


class WhenBusy(Enum):
    """What a request does while a job runs. Of the requests that wait, only the newest one is run."""

    STOP = "stop"  # stop the job, drop its events, and wait until it has ended
    BESIDE = "beside"  # stop the job, drop its events, and start at once: it may be slow to notice
    FINISH = "finish"  # wait for the job, whose events still count


class LatestOnly:
    """Background work of which only the newest request counts.

    `on_end` is called when the newest request has ended.
    """

    def __init__(
        self,
        start: StartJob,
        on_event: OnEvent,
        *,
        on_end: OnEnd | None = None,
        on_failure: OnFailure | None = None,
        when_busy: WhenBusy = WhenBusy.STOP,
    ) -> None:
        self._start = start
        self._on_event = on_event
        self._on_end = on_end
        self._on_failure = on_failure
        self._when_busy = when_busy
        self._job: StartedJob | None = None
        self._running = self._counted = 0  # numbers of the newest job and of the one whose events are delivered
        self._next: MakeEvents | None = None

    @property
    def busy(self) -> bool:
        return self._job is not None

    def request(self, make: MakeEvents) -> None:
        """Run `make`, replacing the request that waits."""
        if self._job is None:
            self._run(make)
        elif self._when_busy is WhenBusy.FINISH:
            self._next = make
        elif self._when_busy is WhenBusy.STOP:
            self.cancel()
            self._next = make
        else:
            self._job.stop()
            self._run(make)

    def cancel(self) -> None:
        """Stop what runs and drop what waits; no event and no `on_end` follows."""
        self._next, self._counted = None, 0
        if self._job is not None:
            self._job.stop()

    def _run(self, make: MakeEvents) -> None:
        number = self._counted = self._running = self._running + 1
        failure = None if self._on_failure is None else partial(self._deliver_failure, number)
        deliver, end = partial(self._deliver, number), partial(self._end, number)
        self._job = self._start(make, deliver, on_end=end, on_failure=failure)

    def _deliver(self, number: int, event: Any) -> None:
        if number == self._counted:
            self._on_event(event)

    def _deliver_failure(self, number: int, error: SegstudioError) -> None:
        if number == self._counted and self._on_failure is not None:
            self._on_failure(error)

    def _end(self, number: int) -> None:
        if number != self._running:
            return  # another job was started beside it
        self._job = None
        make, self._next = self._next, None
        if make is not None:
            self._run(make)
        elif number == self._counted and self._on_end is not None:
            self._on_end()
