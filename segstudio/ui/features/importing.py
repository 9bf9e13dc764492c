"""Importing: a preview while the user chooses, then the import, then its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segstudio.app.import_preview import OpenedDataset, Refusals, Thumbnail, preview
from segstudio.events import Progress
from segstudio.formats.registry import READERS
from segstudio.project.importing import Imported, import_images
from segstudio.ui.actions import Action
from segstudio.ui.dialogs.import_data import THUMB_PX, ImportDialog
from segstudio.ui.features.feature import FeatureContext
from segstudio.ui.features.job_form import JobFormFeature
from segstudio.ui.features.open import OpenFeature


class ImportFeature(JobFormFeature[ImportDialog]):
    """After the import, or what was done of it, the project is opened."""

    def __init__(self, context: FeatureContext, opening: OpenFeature) -> None:
        super().__init__(context, context.jobs.start)
        self._opening = opening
        self._opened: OpenedDataset | None = None
        self._folder = Path()
        self._num_imported = 0

    def actions(self) -> tuple[Action, ...]:
        tip = self.tr("Import a dataset: {}").format(", ".join(reader.title for reader in READERS))
        return (Action("import", self.tr("Import…"), "Ctrl+I", self.choose, "File", "import", tip),)

    def choose(self) -> None:
        self.open_dialog(None)

    def open_dialog(self, source: Path | None) -> ImportDialog:
        """Open the dialog, or bring the open one to the front; with `source` in it where that is given."""
        dialog = self._dialog
        if dialog is not None:
            dialog.raise_()
            dialog.activateWindow()
        else:
            dialog, self._opened = ImportDialog(self.state.project, self.window), None
            self._show(dialog)
        if source is not None and self._job is None:
            dialog.set_source(source)
        return dialog

    def preview(self) -> None:
        choices = self._dialog.choices() if self._dialog is not None else None
        if self._dialog is None or choices is None:
            return
        self._opened = None
        self._dialog.show_reading()
        self._previews.request(
            lambda: preview(choices.source, choices.folder, choices.format_name, choices.options, THUMB_PX)
        )

    def show_preview(self, dialog: ImportDialog, event: Any) -> None:
        match event:
            case OpenedDataset():
                self._opened = event
                dialog.show_preview(event)
            case Refusals():
                dialog.show_reasons(event.reasons)
            case Thumbnail():
                dialog.add_thumbnail(event)
            case Progress() if event.total > 1:
                dialog.show_status(self.tr("Reading {} of {}").format(event.done, event.total))

    def begin(self) -> None:
        dialog, opened = self._dialog, self._opened
        choices = dialog.choices() if dialog is not None else None
        if dialog is None or opened is None or choices is None:
            return
        self.state.save_image()
        options, folder = dialog.import_options(), choices.folder
        self._folder, self._num_imported = folder, 0
        self._run(self.tr("Importing …"), lambda: import_images(opened.source, folder, options))

    def show_result(self, dialog: ImportDialog, result: Imported) -> None:
        self._num_imported = result.images
        text = self.tr("{} images with {} shapes were imported, {} were left out.")
        dialog.show_finished(text.format(result.images, result.shapes, result.left_out))

    def show_stopped(self, dialog: ImportDialog) -> None:
        dialog.show_finished(self.tr("Stopped. Images imported so far are kept."))
        self._num_imported = 1  # or more; the list shows them

    def on_ended(self) -> None:
        if self._num_imported and self._folder.is_dir():
            self._opening.open_path(self._folder)

    def open_image(self, name: str) -> None:
        """Once the project is listed; the report names images by their path with or without suffix."""
        names = (item.name for item in self.state.items)
        known = next((each for each in names if name in (each, each.rpartition(".")[0])), None)
        if known is not None and self._job is None:
            self._opening.open_item(known)
