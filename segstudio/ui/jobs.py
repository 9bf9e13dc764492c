"""Background work: a generator is drained in a thread, and its events are delivered in the window's thread.

The only module with threads, and one of the two places where every exception is caught.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, Qt, QThread, QTimer, Signal

from segstudio.app.executor import MakeEvents, OnEnd, OnEvent, OnFailure
from segstudio.errors import SegstudioError

_BATCH_INTERVAL_S = 0.03
_POLL_S = 0.1


class CrashError(SegstudioError):
    """A bug in segstudio; its traceback is in the log and in its cause."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"something went wrong in segstudio: {type(error).__name__}: {error}")
        self.__cause__ = error


class _Thread(QThread):
    """Drains the generator; events are delivered in batches, because each delivery costs the window time."""

    batch = Signal(list)
    error = Signal(object)

    def __init__(self, make: MakeEvents) -> None:
        super().__init__()
        self._make = make
        self.stopping = threading.Event()
        self.running = threading.Event()
        self.running.set()

    def run(self) -> None:
        try:
            self._drain()
        except SegstudioError as error:
            self.error.emit(error)
        except Exception as error:  # border: a job must not end the program
            logging.getLogger(__name__).exception("job failed")
            self.error.emit(CrashError(error))

    def _drain(self) -> None:
        events = self._make()
        held: list[Any] = []
        sent = time.monotonic()
        try:
            for event in events:
                held.append(event)
                if time.monotonic() - sent >= _BATCH_INTERVAL_S or not self.running.is_set():
                    self.batch.emit(held)
                    held, sent = [], time.monotonic()
                while not self.running.wait(_POLL_S) and not self.stopping.is_set():
                    pass  # paused between two events of the generator
                if self.stopping.is_set():
                    break
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()
            if held:
                self.batch.emit(held)


class Job(QObject):
    """One generator in a thread. Signals arrive in the window's thread; `ended` is always the last."""

    reported = Signal(object)
    failed = Signal(object)  # SegstudioError
    ended = Signal()

    def __init__(self, make: MakeEvents, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = _Thread(make)
        self._thread.batch.connect(self._on_batch, Qt.ConnectionType.QueuedConnection)
        self._thread.error.connect(self._on_error, Qt.ConnectionType.QueuedConnection)
        self._thread.finished.connect(self._on_finished, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close the generator at its next event."""
        self._thread.stopping.set()

    def pause(self) -> None:
        """Wait after the next event, until `resume` or `stop`."""
        self._thread.running.clear()

    def resume(self) -> None:
        self._thread.running.set()

    @property
    def paused(self) -> bool:
        return not self._thread.running.is_set()

    @property
    def stopped(self) -> bool:
        return self._thread.stopping.is_set()

    def skip(self) -> None:
        """End without starting."""
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
    """All background work of the window: any number of jobs side by side, and one queue for annotation files.

    A failure is emitted by `failed`, unless the job has an `on_failure` of its own.
    """

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
        make: MakeEvents,
        on_event: OnEvent,
        *,
        on_end: OnEnd | None = None,
        on_failure: OnFailure | None = None,
    ) -> Job:
        """Run beside everything else."""
        job = self._prepare(make, on_event, on_end, on_failure)
        self._run(job)
        return job

    def enqueue(
        self,
        make: MakeEvents,
        on_event: OnEvent,
        *,
        on_end: OnEnd | None = None,
        on_failure: OnFailure | None = None,
    ) -> Job:
        """Run after everything enqueued before: a load sees what an earlier save wrote."""
        job = self._prepare(make, on_event, on_end, on_failure)
        self._queue.append(job)
        if len(self._queue) == 1:
            self._run(job)
        return job

    def after_queue(
        self,
        make: MakeEvents,
        on_event: OnEvent,
        *,
        on_end: OnEnd | None = None,
        on_failure: OnFailure | None = None,
    ) -> Job:
        """Run beside everything else once all that is enqueued now has ended; later saves do not wait."""
        job = self._prepare(make, on_event, on_end, on_failure)
        barrier = self.enqueue(lambda: (), lambda _: None)
        barrier.ended.connect(lambda: self._run(job))
        return job

    def drain_queue(self) -> None:
        """Wait until all that is enqueued has ended; jobs beside the queue continue."""
        self._wait(lambda: not self._queue)

    def close(self) -> None:
        """Stop the jobs beside the queue, accept no more of them, and wait until all have ended."""
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

    def _prepare(self, make: MakeEvents, on_event: OnEvent, on_end: OnEnd | None, on_failure: OnFailure | None) -> Job:
        job = Job(make, self)
        job.reported.connect(on_event)
        job.failed.connect(self.failed if on_failure is None else on_failure)
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


def log_failure(error: SegstudioError) -> None:
    """`on_failure` of work whose outcome nobody waits for."""
    logging.getLogger(__name__).warning("%s", error)
