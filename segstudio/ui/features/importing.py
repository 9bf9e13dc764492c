"""Importing: a preview while the user chooses, then the import, then its report."""

from __future__ import annotations

from pathlib import Path

from segstudio.app.import_preview import OpenedDataset, Refusals, Thumbnail, preview
from segstudio.app.latest_only import LatestOnly
from segstudio.errors import SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.project.importing import Imported, import_images
from segstudio.ui.actions import Action
from segstudio.ui.dialogs.import_data import THUMB_PX, ImportDialog
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.open import OpenFeature
from segstudio.ui.jobs import Job


class ImportFeature(Feature):
    """One dialog at a time."""

    def __init__(self, context: FeatureContext, opening: OpenFeature) -> None:
        super().__init__(context)
        self._opening = opening
        self._dialog: ImportDialog | None = None
        self._opened: OpenedDataset | None = None
        self._previews = LatestOnly(self.jobs.start, self._on_preview, on_failure=self._on_preview_failed)
        self._importing: Job | None = None
        self._num_imported = 0

    def actions(self) -> tuple[Action, ...]:
        return (
            Action(
                "import", self.tr("Import…"), "Ctrl+I", self.choose, "File", "import",
                tip=self.tr("Import a data set: COCO, VOC, labelme, CVAT, YOLO, masks and others"),
            ),
        )  # fmt: skip

    def choose(self) -> None:
        self.open_dialog(None)

    def open_dialog(self, source: Path | None) -> ImportDialog:
        """Open the dialog, or bring the open one to the front; with `source` in it where that is given."""
        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()
            if source is not None and self._importing is None:
                self._dialog.set_source(source)
            return self._dialog
        dialog = ImportDialog(self.state.project, self.window)
        self._dialog, self._opened = dialog, None
        dialog.preview_asked.connect(self._preview)
        dialog.begin_asked.connect(self._import)
        dialog.stop_asked.connect(self._stop)
        dialog.report.image_asked.connect(self._open_named)
        dialog.finished.connect(self._on_closed)
        dialog.open()
        if source is not None:
            dialog.set_source(source)
        return dialog

    def _on_closed(self) -> None:
        self._previews.cancel()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None

    def _open_named(self, name: str) -> None:
        """Open the image of a row of the report, once the project is listed."""
        names = (item.name for item in self.state.items)
        known = next((each for each in names if name in (each, each.rpartition(".")[0])), None)
        if known is not None and self._importing is None:
            self._opening.open_item(known)

    def _preview(self) -> None:
        dialog = self._dialog
        choices = dialog.choices() if dialog is not None else None
        if dialog is None or choices is None:
            return
        self._opened = None
        dialog.show_reading()
        self._previews.request(
            lambda: preview(choices.source, choices.folder, choices.format_name, choices.options, THUMB_PX)
        )

    def _on_preview(self, event: Progress | OpenedDataset | Thumbnail | Refusals) -> None:
        if self._dialog is None:
            return
        match event:
            case OpenedDataset():
                self._opened = event
                self._dialog.show_preview(event)
            case Refusals():
                self._dialog.show_reasons(event.reasons)
            case Thumbnail():
                self._dialog.add_thumbnail(event)
            case Progress() if event.total > 1:
                self._dialog.show_status(self.tr("Reading {} of {}").format(event.done, event.total))

    def _on_preview_failed(self, error: SegstudioError) -> None:
        if self._dialog is not None:
            self._dialog.show_status(str(error.args[0]))

    def _import(self) -> None:
        dialog, opened = self._dialog, self._opened
        choices = dialog.choices() if dialog is not None else None
        if dialog is None or opened is None or choices is None:
            return
        self._previews.cancel()
        self.state.save_image()
        source, options, folder = opened.source, dialog.import_options(), choices.folder
        dialog.show_running(self.tr("Importing …"))
        self._num_imported = 0
        self._importing = self.jobs.after_queue(
            lambda: import_images(source, folder, options),
            self._on_event,
            on_end=lambda: self._on_end(folder),
            on_failure=self._on_failed,
        )

    def _stop(self) -> None:
        if self._importing is not None:
            self._importing.stop()

    def _on_event(self, event: Progress | Problem | Note | Imported) -> None:
        if self._dialog is None:
            return
        match event:
            case Progress():
                self._dialog.report.show_progress(event)
            case Problem() | Note():
                self._dialog.report.add(event)
            case Imported():
                self._dialog.show_finished(
                    self.tr("{} images with {} shapes were imported, {} were left out.").format(
                        event.images, event.shapes, event.left_out
                    )
                )
                self._importing, self._num_imported = None, event.images

    def _on_failed(self, error: SegstudioError) -> None:
        if self._dialog is not None:
            self._dialog.show_finished(str(error))
        self._importing = None

    def _on_end(self, folder: Path) -> None:
        """Finished or stopped: open the project with what was imported."""
        if self._importing is not None and self._dialog is not None:
            self._dialog.show_finished(self.tr("Stopped. Images imported so far are kept."))
            self._num_imported = 1  # or more; the list shows them
        self._importing = None
        if self._num_imported and folder.is_dir():
            self._opening.open_path(folder)
