"""Exporting: what the format cannot hold is shown while the user chooses; then the export, then its report."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from segstudio.app.latest_only import LatestOnly
from segstudio.errors import ProjectError, SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.project.export import Exported, ExportPlan, export, plan_export
from segstudio.project.free_names import check_new_folder
from segstudio.ui.actions import Action
from segstudio.ui.dialogs.export_data import ExportDialog
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.open import OpenFeature
from segstudio.ui.jobs import Job


class ExportFeature(Feature):
    """The export begins when everything is saved, so it writes what is on the screen."""

    def __init__(self, context: FeatureContext, opening: OpenFeature) -> None:
        super().__init__(context)
        self._opening = opening
        self._dialog: ExportDialog | None = None
        self._plans = LatestOnly(self.jobs.after_queue, self._on_plan, on_failure=self._on_plan_failed)
        self._exporting: Job | None = None

    def actions(self) -> tuple[Action, ...]:
        return (
            Action(
                "export", self.tr("Export…"), "Ctrl+E", self.open_dialog, "File", "export",
                tip=self.tr("Export VOC label PNGs, COCO, labelme, masks or YOLO"), refusal=self.refuse.no_project,
            ),
        )  # fmt: skip

    def open_dialog(self) -> ExportDialog | None:
        project = self.state.project
        if project is None:
            return None
        if self._dialog is not None:
            self._dialog.raise_()
            return self._dialog
        self.workspace.save()
        dialog = self._dialog = ExportDialog(project.folder, self.window)
        dialog.preview_asked.connect(self._plan)
        dialog.begin_asked.connect(self._export)
        dialog.stop_asked.connect(self._stop)
        dialog.report.image_asked.connect(self._opening.open_item)
        dialog.finished.connect(self._on_closed)
        dialog.open()
        self._plan()
        return dialog

    def _on_closed(self) -> None:
        self._plans.cancel()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None

    def _plan(self) -> None:
        dialog, project = self._dialog, self.state.project
        choices = dialog.choices() if dialog is not None else None
        if choices is None or project is None:
            return
        items = list(self.state.items)
        writer, options = choices.writer, choices.options
        self._plans.request(lambda: plan_export(project, items, writer, options))

    def _on_plan(self, event: Progress | Problem | ExportPlan) -> None:
        if isinstance(event, ExportPlan) and self._dialog is not None:
            self._dialog.show_plan(event)

    def _on_plan_failed(self, error: SegstudioError) -> None:
        if self._dialog is not None:
            self._dialog.show_status(str(error))

    def _export(self) -> None:
        dialog, project = self._dialog, self.state.project
        choices = dialog.choices() if dialog is not None else None
        if dialog is None or choices is None or project is None:
            return
        try:
            if not choices.folder.is_absolute():
                raise ProjectError(self.tr("{}: give the absolute path of a new folder").format(choices.folder))
            check_new_folder(choices.folder)
        except ProjectError as error:
            dialog.show_refusal(str(error))
            return
        self.workspace.save()
        items = list(self.state.items)
        writer, options, folder = choices.writer, choices.options, choices.folder
        dialog.show_running(self.tr("Exporting …"))
        dialog.folder_asked.connect(lambda: _open_folder(folder))
        self._exporting = self.jobs.after_queue(
            lambda: export(project, items, folder, writer, options),
            self._on_event,
            on_end=self._on_end,
            on_failure=self._on_failed,
        )

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
                        event.images, event.background, event.unannotated
                    )
                )

    def _on_failed(self, error: SegstudioError) -> None:
        self._exporting = None
        if self._dialog is not None:
            self._dialog.show_finished(str(error))

    def _on_end(self) -> None:
        if self._exporting is not None and self._dialog is not None:
            self._dialog.show_written(self.tr("Stopped. Files written so far are kept."))
        self._exporting = None


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
