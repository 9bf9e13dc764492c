"""Exporting: what the format cannot hold is shown while the user chooses; then the export, then its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from segstudio.errors import ProjectError
from segstudio.formats.registry import WRITERS
from segstudio.project.export import Exported, ExportPlan, export, plan_export
from segstudio.project.free_names import check_new_folder
from segstudio.ui.actions import Action
from segstudio.ui.dialogs.export_data import ExportDialog
from segstudio.ui.features.feature import FeatureContext
from segstudio.ui.features.job_form import JobFormFeature
from segstudio.ui.features.open import OpenFeature


class ExportFeature(JobFormFeature[ExportDialog]):
    """The export begins when everything is saved, so it writes what is on the screen."""

    def __init__(self, context: FeatureContext, opening: OpenFeature) -> None:
        super().__init__(context, context.jobs.after_queue)
        self._opening = opening

    def actions(self) -> tuple[Action, ...]:
        tip = self.tr("Export the labels: {}").format(", ".join(writer.title for writer in WRITERS))
        no_project = self.refuse.no_project
        return (Action("export", self.tr("Export…"), "Ctrl+E", self.open_dialog, "File", "export", tip, no_project),)

    def open_dialog(self) -> ExportDialog | None:
        project = self.state.project
        if project is None:
            return None
        if self._dialog is not None:
            self._dialog.raise_()
            return self._dialog
        self.workspace.save()
        dialog = ExportDialog(project.folder, self.window)
        self._show(dialog)
        self.preview()
        return dialog

    def preview(self) -> None:
        project = self.state.project
        choices = self._dialog.choices() if self._dialog is not None else None
        if choices is not None and project is not None:
            items = list(self.state.items)
            self._previews.request(lambda: plan_export(project, items, choices.writer, choices.options))

    def show_preview(self, dialog: ExportDialog, event: Any) -> None:
        if isinstance(event, ExportPlan):
            dialog.show_plan(event)

    def begin(self) -> None:
        dialog, project = self._dialog, self.state.project
        choices = dialog.choices() if dialog is not None else None
        if dialog is None or choices is None or project is None:
            return
        folder = choices.folder
        try:
            if not folder.is_absolute():
                raise ProjectError(self.tr("{}: give the absolute path of a new folder").format(folder))
            check_new_folder(folder)
        except ProjectError as error:
            dialog.show_refusal(str(error))
            return
        self.workspace.save()
        items = list(self.state.items)
        dialog.folder_asked.connect(lambda: _open_folder(folder))
        self._run(self.tr("Exporting …"), lambda: export(project, items, folder, choices.writer, choices.options))

    def show_result(self, dialog: ExportDialog, result: Exported) -> None:
        text = self.tr("{} images exported, {} of them background only; {} without labels left out.")
        dialog.show_written(text.format(result.images, result.background, result.unannotated))

    def show_stopped(self, dialog: ExportDialog) -> None:
        dialog.show_written(self.tr("Stopped. Files written so far are kept."))

    def open_image(self, name: str) -> None:
        self._opening.open_item(name)


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
