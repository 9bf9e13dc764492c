"""Background work: a generator drained in a thread, its events handed to the window's thread.

This is the only module that knows threads, and one of the two places where any exception is caught.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, Qt, QThread, QTimer, Signal

from segstudio.errors import SegstudioError

Events = Callable[[], Iterable[Any]]
OnEvent = Callable[[Any], None]
OnEnd = Callable[[], None]

_BATCH_INTERVAL_S = 0.03
_LOOK_S = 0.1


class CrashError(SegstudioError):
    """An error that is ours, not the user's; its traceback is in the log and in its cause."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"something went wrong in segstudio: {type(error).__name__}: {error}")
        self.__cause__ = error


class _Thread(QThread):
    """Drains the generator; events travel in batches, so that thousands cost the window little."""

    batch = Signal(list)
    error = Signal(object)

    def __init__(self, make: Events) -> None:
        super().__init__()
        self._make = make
        self.stopping = threading.Event()
        self.going = threading.Event()
        self.going.set()

    def run(self) -> None:
        try:
            self._drain()
        except SegstudioError as error:
            self.error.emit(error)
        except Exception as error:  # border: a job may not take the program with it
            logging.getLogger(__name__).exception("job failed")
            self.error.emit(CrashError(error))

    def _drain(self) -> None:
        events = self._make()
        held: list[Any] = []
        sent = time.monotonic()
        try:
            for event in events:
                held.append(event)
                if time.monotonic() - sent >= _BATCH_INTERVAL_S or not self.going.is_set():
                    self.batch.emit(held)
                    held, sent = [], time.monotonic()
                while not self.going.wait(_LOOK_S) and not self.stopping.is_set():
                    pass  # paused: the generator stands still between two of its events
                if self.stopping.is_set():
                    break
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()
            if held:
                self.batch.emit(held)


class Job(QObject):
    """One piece of work. Signals come in the window's thread; `ended` is always the last of them."""

    reported = Signal(object)
    failed = Signal(object)  # SegstudioError
    ended = Signal()

    def __init__(self, make: Events, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = _Thread(make)
        self._thread.batch.connect(self._on_batch, Qt.ConnectionType.QueuedConnection)
        self._thread.error.connect(self._on_error, Qt.ConnectionType.QueuedConnection)
        self._thread.finished.connect(self._on_finished, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the generator to close at its next event."""
        self._thread.stopping.set()

    def pause(self) -> None:
        """Stand still after the next event, until `go_on` or `stop`."""
        self._thread.going.clear()

    def go_on(self) -> None:
        self._thread.going.set()

    @property
    def paused(self) -> bool:
        return not self._thread.going.is_set()

    @property
    def stopped(self) -> bool:
        return self._thread.stopping.is_set()

    def skip(self) -> None:
        """End without having begun."""
        QTimer.singleShot(0, self._on_finished)

    def _on_batch(self, events: list[Any]) -> None:
        for event in events:
            self.reported.emit(event)

    def _on_error(self, error: SegstudioError) -> None:
        self.failed.emit(error)

    def _on_finished(self) -> None:
        self.ended.emit()
        self.deleteLater()


class Jobs(QObject):
    """All work of the window: any number side by side, and one queue for what touches annotations on disk."""

    failed = Signal(object)
    one_ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: list[Job] = []
        self._queue: list[Job] = []
        self._closing = False

    @property
    def idle(self) -> bool:
        return not self._running and not self._queue

    def start(
        self,
        make: Events,
        on_event: Callable[[Any], None],
        on_end: Callable[[], None] | None = None,
        *,
        quiet: bool = False,
    ) -> Job:
        """Run beside everything else. A failure goes to `failed`, and to the job's own signal alone if `quiet`."""
        job = self._prepared(make, on_event, on_end, quiet)
        self._run(job)
        return job

    def enqueue(self, make: Events, on_event: OnEvent, on_end: OnEnd | None = None) -> Job:
        """Run after everything enqueued before it: a load sees what an earlier save wrote."""
        job = self._prepared(make, on_event, on_end)
        self._queue.append(job)
        if len(self._queue) == 1:
            self._run(job)
        return job

    def enqueue_quietly(self, make: Events) -> Job:
        """Like enqueue, for work whose outcome nobody waits for: a failure is only logged."""
        job = self._prepared(make, lambda _: None, None, True)
        job.failed.connect(lambda error: logging.getLogger(__name__).warning("%s", error))
        self._queue.append(job)
        if len(self._queue) == 1:
            self._run(job)
        return job

    def after_queue(
        self,
        make: Events,
        on_event: Callable[[Any], None],
        on_end: Callable[[], None] | None = None,
        *,
        quiet: bool = False,
    ) -> Job:
        """Run beside everything else, but begin once all that is enqueued now is done; later saves do not wait."""
        job = self._prepared(make, on_event, on_end, quiet)
        barrier = self.enqueue(lambda: (), lambda _: None)
        barrier.ended.connect(lambda: self._run(job))
        return job

    def drain_queue(self) -> None:
        """Wait until all that is enqueued is done; what runs beside goes on."""
        self._wait(lambda: not self._queue)

    def close(self) -> None:
        """Stop what runs beside, take no new work of that kind, and wait until all have left."""
        self._closing = True
        for job in self._running:
            if job not in self._queue:
                job.stop()
        self._wait(lambda: self.idle)
        self._closing = False

    def _wait(self, done: Callable[[], bool]) -> None:
        while not done():
            loop = QEventLoop()
            self.one_ended.connect(loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)

    def _prepared(self, make: Events, on_event: OnEvent, on_end: OnEnd | None, quiet: bool = False) -> Job:
        job = Job(make, self)
        job.reported.connect(on_event)
        if not quiet:
            job.failed.connect(self.failed)
        if on_end is not None:
            job.ended.connect(on_end)
        job.ended.connect(lambda: self._on_ended(job))
        return job

    def _run(self, job: Job) -> None:
        if (self._closing and job not in self._queue) or job.stopped:
            job.skip()
            return
        self._running.append(job)
        job.start()

    def _on_ended(self, job: Job) -> None:
        if job in self._running:
            self._running.remove(job)
        if job in self._queue:
            self._queue.remove(job)
            if self._queue:
                self._run(self._queue[0])
        self.one_ended.emit()
