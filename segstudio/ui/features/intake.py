"""Importing: a look at the source while the user chooses, then the import, then its report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from segstudio.core.classes import ClassTable
from segstudio.errors import SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.formats.dataset import Source
from segstudio.formats.registry import Detected, detect, open_detected, why_not
from segstudio.project.importing import Imported, Survey, import_source, survey
from segstudio.ui.dialogs.import_data import THUMB_PX, ImportChoices, ImportDialog
from segstudio.ui.features.open import OpenFlow
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.jobs import Job
from segstudio.ui.session import Session
from segstudio.ui.thumbnails import Thumbnail, thumbnail_of


@dataclass(frozen=True)
class Looked:
    """A source that was opened and surveyed."""

    title: str
    source: Source
    survey: Survey
    table: ClassTable  # the classes in the colours that they will get
    troubles: tuple[str, ...] = ()  # why images that were looked at cannot come

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Reasons:
    """Why every other format is not it."""

    declined: dict[str, str]

    __hash__ = None  # type: ignore[assignment]


def look(choices: ImportChoices) -> Iterator[Progress | Looked | Thumbnail | Reasons]:
    """Raises SegstudioError that says why every format declined."""
    found = detect(choices.source, choices.options, choices.format_name)
    if found.reader is None:
        raise SegstudioError(_declined_by_all(choices.source, found))
    yield Progress(0, 1, found.reader.title)
    source = open_detected(found, choices.options)
    troubles: list[str] = []
    for event in survey(source, choices.folder):
        if isinstance(event, Survey):
            table = _table_of(event)
            yield Looked(found.reader.title, source, event, table, tuple(troubles))
            yield from _thumbnails(event, table)
        elif isinstance(event, Problem):
            troubles.append(event.what)
        else:
            yield event
    yield Reasons(why_not(found, choices.options))


def _table_of(found: Survey) -> ClassTable:
    """The source's classes; where it lists none, its labels in their order."""
    table = found.table or ClassTable()
    for name in found.names:
        try:
            table = table if table.id_of(name) is not None else table.with_added(name)
        except ValueError:
            continue  # the import will name it
    return table


def _declined_by_all(path: Path, found: Detected) -> str:
    if len(found.declined) == 1:
        return f"{path.name}: {next(iter(found.declined.values()))}"
    reasons = "\n".join(f"{name}: {reason}" for name, reason in found.declined.items())
    return f"No format fits {path.name}.\n{reasons}"


def _thumbnails(found: Survey, table: ClassTable) -> Iterator[Thumbnail]:
    for reading in found.readings:
        try:
            yield thumbnail_of(reading, THUMB_PX, table)
        except SegstudioError:
            continue  # the import will name it


class ImportFlow(QObject):
    """One dialog at a time."""

    def __init__(self, session: Session, saving: SaveFlow, opening: OpenFlow, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._opening = opening
        self._window = window
        self._dialog: ImportDialog | None = None
        self._looked: Looked | None = None
        self._looking: Job | None = None
        self._importing: Job | None = None
        self._came_in = 0

    def choose(self) -> None:
        self.open_dialog(None)

    def open_dialog(self, source: Path | None) -> ImportDialog:
        """The dialog, with a source in it if there is one already; the one that is open, if any."""
        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()
            if source is not None and self._importing is None:
                self._dialog.set_source(source)
            return self._dialog
        project = self._session.project
        dialog = ImportDialog((project.folder, project.table) if project else None, self._window)
        self._dialog, self._looked = dialog, None
        dialog.look_asked.connect(self._look)
        dialog.begin_asked.connect(self._import)
        dialog.stop_asked.connect(self._stop)
        dialog.report.image_asked.connect(self._open_named)
        dialog.finished.connect(self._on_closed)
        dialog.open()
        if source is not None:
            dialog.set_source(source)
        return dialog

    def _on_closed(self) -> None:
        if self._looking is not None:
            self._looking.stop()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = self._looking = None

    def _open_named(self, name: str) -> None:
        """The image that a row of the report is about, once the project is there."""
        names = (item.name for item in self._session.items)
        known = next((each for each in names if name in (each, each.rpartition(".")[0])), None)
        if known is not None and self._importing is None:
            self._opening.open_item(known)

    def _look(self) -> None:
        dialog = self._dialog
        choices = dialog.choices() if dialog is not None else None
        if dialog is None or choices is None:
            return
        if self._looking is not None:
            self._looking.stop()
        self._looked = None
        dialog.show_looking()
        job = self._session.jobs.start(lambda: look(choices), lambda event: self._on_look(job, event), quiet=True)
        job.failed.connect(lambda error: self._on_look_failed(job, error))
        job.ended.connect(lambda: self._forget_look(job))
        self._looking = job

    def _on_look(self, job: Job, event: Progress | Looked | Thumbnail | Reasons) -> None:
        if job is not self._looking or self._dialog is None:
            return
        match event:
            case Looked():
                self._looked = event
                self._dialog.show_survey(event.title, event.survey, event.table, event.troubles)
            case Reasons():
                self._dialog.show_reasons(event.declined)
            case Thumbnail():
                self._dialog.add_thumbnail(event)
            case Progress() if event.total > 1:
                self._dialog.show_fault(self.tr("Looking at it: {} of {}").format(event.done, event.total))

    def _on_look_failed(self, job: Job, error: SegstudioError) -> None:
        if job is self._looking and self._dialog is not None:
            self._dialog.show_fault(str(error.args[0]))

    def _forget_look(self, job: Job) -> None:
        if job is self._looking:
            self._looking = None

    def _import(self) -> None:
        dialog, looked = self._dialog, self._looked
        choices = dialog.choices() if dialog is not None else None
        if dialog is None or looked is None or choices is None:
            return
        if self._looking is not None:
            self._looking.stop()
        self._saving.leave()
        source, options, folder = looked.source, dialog.intake(), choices.folder
        dialog.show_running(self.tr("Importing …"))
        self._came_in = 0
        self._importing = self._session.jobs.after_queue(
            lambda: import_source(source, folder, options), self._on_event, lambda: self._on_end(folder), quiet=True
        )
        self._importing.failed.connect(self._on_failed)

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
                    self.tr("{} images with {} shapes came in, {} were left out.").format(
                        event.images, event.shapes, event.left_out
                    )
                )
                self._importing, self._came_in = None, event.images

    def _on_failed(self, error: SegstudioError) -> None:
        if self._dialog is not None:
            self._dialog.show_finished(str(error))
        self._importing = None

    def _on_end(self, folder: Path) -> None:
        """Stopped, or done: what came in is shown."""
        if self._importing is not None and self._dialog is not None:
            self._dialog.show_finished(self.tr("Stopped. What had come in stays."))
            self._came_in = 1  # or more; the list will show them
        self._importing = None
        if self._came_in and folder.is_dir():
            self._opening.open_path(folder)
