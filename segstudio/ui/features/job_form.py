"""What import and export share: a dialog whose choices are previewed by a job, then the job itself and its report."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from segstudio.app.executor import StartJob
from segstudio.app.latest_only import LatestOnly, WhenBusy
from segstudio.errors import SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.ui.dialogs.job_dialog import JobForm
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.jobs import Job

D = TypeVar("D", bound=JobForm)


class JobFormFeature(Feature, Generic[D]):
    """One dialog at a time. Qt's metaclass leaves `abstractmethod` to the type checker."""

    def __init__(self, context: FeatureContext, start_preview: StartJob) -> None:
        super().__init__(context)
        self._dialog: D | None = None
        self._previews = LatestOnly(
            start_preview, self._on_preview, on_failure=self._on_preview_failed, when_busy=WhenBusy.BESIDE
        )
        self._job: Job | None = None

    @abstractmethod
    def preview(self) -> None:
        """A field was changed: start the preview."""

    @abstractmethod
    def begin(self) -> None:
        """The button was pressed: call `_run`."""

    @abstractmethod
    def open_image(self, name: str) -> None:
        """A row of the report was activated."""

    @abstractmethod
    def show_preview(self, dialog: D, event: Any) -> None:
        """An event of the preview, unless a field was changed since."""

    @abstractmethod
    def show_result(self, dialog: D, result: Any) -> None:
        """The job's last event."""

    @abstractmethod
    def show_stopped(self, dialog: D) -> None:
        """The job was stopped before its end."""

    def on_ended(self) -> None:
        """The job has finished, failed or was stopped."""

    def _show(self, dialog: D) -> None:
        """Open a new dialog and connect it."""
        self._dialog = dialog
        dialog.preview_asked.connect(self.preview)
        dialog.begin_asked.connect(self.begin)
        dialog.stop_asked.connect(lambda: self._job.stop() if self._job is not None else None)
        dialog.report.image_asked.connect(self.open_image)
        dialog.finished.connect(self._on_closed)
        dialog.open()

    def _run(self, text: str, make: Callable[[], Iterable[Any]]) -> None:
        """Start the job once everything is saved; `text` says what it does."""
        self._previews.cancel()
        if self._dialog is not None:
            self._dialog.show_running(text)
        self._job = self.jobs.after_queue(make, self._on_event, on_end=self._on_end, on_failure=self._on_failed)

    def _on_closed(self) -> None:
        self._previews.cancel()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None

    def _on_preview(self, event: Any) -> None:
        if self._dialog is not None:
            self.show_preview(self._dialog, event)

    def _on_preview_failed(self, error: SegstudioError) -> None:
        if self._dialog is not None:
            self._dialog.show_status(str(error.args[0]))

    def _on_event(self, event: Any) -> None:
        dialog = self._dialog
        match event:
            case Progress() if dialog is not None:
                dialog.report.show_progress(event)
            case Problem() | Note() if dialog is not None:
                dialog.report.add(event)
            case Progress() | Problem() | Note():
                pass
            case _:
                self._job = None
                if dialog is not None:
                    self.show_result(dialog, event)

    def _on_failed(self, error: SegstudioError) -> None:
        self._job = None
        if self._dialog is not None:
            self._dialog.show_finished(str(error))

    def _on_end(self) -> None:
        if self._job is not None and self._dialog is not None:
            self.show_stopped(self._dialog)
        self._job = None
        self.on_ended()
