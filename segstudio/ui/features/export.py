"""Exporting: what a format cannot hold is said while the user chooses; then the work, then its report."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from segstudio.errors import ProjectError, SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.project.export import Exported, Plan, check_empty, export, plan
from segstudio.ui.dialogs.export_data import ExportDialog
from segstudio.ui.features.open import OpenFlow
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.jobs import Job
from segstudio.ui.session import Session


class ExportFlow(QObject):
    """The export begins when all is saved, so it writes what is on the screen."""

    def __init__(self, session: Session, saving: SaveFlow, opening: OpenFlow, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._opening = opening
        self._window = window
        self._dialog: ExportDialog | None = None
        self._planning: Job | None = None
        self._exporting: Job | None = None

    def choose(self) -> None:
        self.open_dialog()

    def open_dialog(self) -> ExportDialog | None:
        project = self._session.project
        if project is None:
            return None
        if self._dialog is not None:
            self._dialog.raise_()
            return self._dialog
        self._saving.save()
        dialog = self._dialog = ExportDialog(project.folder, self._window)
        dialog.plan_asked.connect(self._plan)
        dialog.begin_asked.connect(self._export)
        dialog.stop_asked.connect(self._stop)
        dialog.report.image_asked.connect(self._opening.open_item)
        dialog.finished.connect(self._on_closed)
        dialog.open()
        self._plan()
        return dialog

    def _on_closed(self) -> None:
        if self._planning is not None:
            self._planning.stop()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = self._planning = None

    def _plan(self) -> None:
        dialog, project = self._dialog, self._session.project
        choices = dialog.choices() if dialog is not None else None
        if choices is None or project is None:
            return
        if self._planning is not None:
            self._planning.stop()
        items = list(self._session.items)
        target, options = choices.target, choices.options
        job = self._session.jobs.after_queue(
            lambda: plan(project, items, target, options), lambda event: self._on_plan(job, event), quiet=True
        )
        job.ended.connect(lambda: self._forget_plan(job))
        self._planning = job

    def _on_plan(self, job: Job, event: Progress | Problem | Plan) -> None:
        if isinstance(event, Plan) and job is self._planning and self._dialog is not None:
            self._dialog.show_plan(event)

    def _forget_plan(self, job: Job) -> None:
        if job is self._planning:
            self._planning = None

    def _export(self) -> None:
        dialog, project = self._dialog, self._session.project
        choices = dialog.choices() if dialog is not None else None
        if dialog is None or choices is None or project is None:
            return
        try:
            if not choices.folder.is_absolute():
                raise ProjectError(self.tr("{}: give the whole path of the new folder").format(choices.folder))
            check_empty(choices.folder)
        except ProjectError as error:
            dialog.show_again(str(error))
            return
        self._saving.save()
        items = list(self._session.items)
        target, options, folder = choices.target, choices.options, choices.folder
        dialog.show_running(self.tr("Exporting …"))
        dialog.folder_asked.connect(lambda: _show(folder))
        self._exporting = self._session.jobs.after_queue(
            lambda: export(project, items, folder, target, options), self._on_event, self._on_end, quiet=True
        )
        self._exporting.failed.connect(self._on_failed)

    def _stop(self) -> None:
        if self._exporting is not None:
            self._exporting.stop()

    def _on_event(self, event: Progress | Problem | Note | Exported) -> None:
        if self._dialog is None:
            return
        match event:
            case Progress():
                self._dialog.report.show_progress(event)
            case Problem() | Note():
                self._dialog.report.add(event)
            case Exported():
                self._exporting = None
                self._dialog.show_written(
                    self.tr("{} images exported, {} of them background only; {} without labels left out.").format(
                        event.images, event.background, event.untouched
                    )
                )

    def _on_failed(self, error: SegstudioError) -> None:
        self._exporting = None
        if self._dialog is not None:
            self._dialog.show_finished(str(error))

    def _on_end(self) -> None:
        if self._exporting is not None and self._dialog is not None:
            self._dialog.show_written(self.tr("Stopped. What had been written stays."))
        self._exporting = None


def _show(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
