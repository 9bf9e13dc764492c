"""Every annotation that is in memory and not, or not surely, on disk: one owner, one state machine.

No Qt and no threads here: slow work is handed to an Executor as generators, and time is asked from a clock.
The caller runs `run_due` when `due_s` says so.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segstudio.app.executor import Executor
from segstudio.app.open_image import Kept, OpenImage
from segstudio.app.signal import Signal
from segstudio.app.working_copy import WorkingCopy
from segstudio.core.annotation import Annotation, touched_tiles
from segstudio.core.classes import ClassTable
from segstudio.core.document import Document
from segstudio.core.history import Edit
from segstudio.core.painting_rules import Marks
from segstudio.errors import ChangedError, SegstudioError
from segstudio.project import journal, store
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.store import Stamp

AUTOSAVE_AFTER_S: Final = 0.7  # of rest
AUTOSAVE_WITHIN_S: Final = 4.0  # while edits go on
JOURNAL_AFTER_S: Final = 1.0
HISTORY_BUDGET_BYTES: Final = 400 * 1024 * 1024

Save = Callable[[Item, Annotation, ClassTable, Stamp], Stamp]


@dataclass(frozen=True)
class Saved:
    """`annotation` is the value that was written."""

    annotation: Annotation
    stamp: Stamp

    __hash__ = None  # type: ignore[assignment]


class Workspace:
    """Owns the working copies, the autosave and the journal.

    Unsaved work leaves in two ways only: it is saved, or the user discards it.
    """

    def __init__(
        self,
        executor: Executor,
        journal_lock: journal.JournalLock,
        save: Save = store.save,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.changed: Signal[[Item]] = Signal()  # the status of a working copy
        self.saved: Signal[[Item, Annotation]] = Signal()  # and the value that the file has now
        self.failed: Signal[[Item, SegstudioError]] = Signal()
        self.reload_needed: Signal[[Item]] = Signal()  # the working copy was discarded: read the file again
        self.scheduled: Signal[[]] = Signal()  # `due_s` is another one
        self.autosave = True
        self._executor = executor
        self._journal_lock = journal_lock
        self._save = save
        self._clock = clock
        self._copies: dict[Path, WorkingCopy] = {}
        self._open: WorkingCopy | None = None
        self._project: Project | None = None
        self._edits_since_s: float | None = None
        self._save_due_s: float | None = None
        self._journal_due_s: float | None = None

    # What there is

    def copy(self, item: Item) -> WorkingCopy | None:
        return self._copies.get(item.annotation_path)

    def kept(self, item: Item) -> Kept | None:
        """A snapshot of the working copy, for a job that reads the image."""
        copy = self.copy(item)
        return None if copy is None else copy.keep()

    def annotation(self, item: Item) -> Annotation | None:
        """The value in memory; None where only the file has one."""
        copy = self.copy(item)
        return None if copy is None else copy.annotation

    def is_unsaved(self, item: Item) -> bool:
        copy = self.copy(item)
        return copy is not None and copy.unsaved

    @property
    def unsaved_names(self) -> list[str]:
        """Images whose labels are only in memory, of any project opened so far."""
        return sorted(copy.item.name for copy in self._copies.values() if copy.unsaved)

    # Opening and leaving

    def set_project(self, project: Project | None) -> None:
        """Another folder: its journal is acquired, and entries of an earlier session are set aside."""
        for copy in self._copies.values():
            self._write_to_journal(copy)
        self._project = project
        self._journal_lock.release()
        if project is not None and journal.has_journal(project.folder) and self._journal_lock.acquire(project.folder):
            journal.set_aside(project.folder)

    def update_project(self, project: Project) -> None:
        """Other classes for the same folder; labels are written with their present names."""
        self._project = project
        for copy in self._copies.values():
            if copy.folder == project.folder:
                copy.table = project.table

    def holds_journal(self, folder: Path) -> bool:
        """True if this window writes the journal of `folder`; acquired now if it has become free."""
        project = self._project
        return project is not None and project.folder == folder and self._journal_lock.acquire(folder)

    def open(self, image: OpenImage, project: Project) -> None:
        """An image comes on the canvas. Unsaved work that arrived while it was read replaces what was read."""
        self.leave()
        if image.read_only:
            return
        document, copy = image.document, self.copy(image.item)
        if copy is not None and copy.unsaved and copy.annotation is not document.annotation:
            image.set_document(Document(copy.annotation, project.table, copy.history))
            image.document.marks = copy.marks
        elif copy is None or copy.annotation is not document.annotation:
            copy = WorkingCopy(
                image.item, project.folder, project.table, document.annotation, document.annotation, image.stamp
            )
        copy.history = image.document.history
        copy.open = True
        self._copies.pop(image.item.annotation_path, None)  # and last again: the order is that of opening
        self._copies[image.item.annotation_path] = copy
        self._open = copy
        if copy.unsaved:
            if copy.writing is not copy.annotation:
                copy.attempted = None  # what failed is tried again, and a conflict is reported again
            self._schedule(copy)

    def set_marks(self, marks: Marks) -> None:
        """Selected, locked and hidden objects of the open image, kept for when it is opened again."""
        if self._open is not None:
            self._open.marks = marks

    def edit(self, annotation: Annotation) -> None:
        """The open image has another annotation: an edit, undo or redo."""
        copy = self._open
        if copy is None:
            return
        copy.annotation = annotation
        if copy.unsaved:
            self._schedule(copy)
        else:
            self._remove_from_journal(copy)
        self.changed.emit(copy.item)

    def leave(self) -> None:
        """The open image leaves the canvas: save it, keep its history."""
        copy = self._open
        if copy is not None:
            self.checkpoint()
            copy.open, self._open = False, None
            self._forget_histories()

    def checkpoint(self) -> None:
        """Save the open image now rather than when it is due, unless autosave is off; it stays open."""
        copy = self._open
        if copy is None:
            return
        self._save_due_s = None
        if self.autosave:
            self._autosave(copy)
        if copy.writing is not copy.annotation:
            self.flush_journal()

    # Saving

    def due_s(self) -> float | None:
        """When `run_due` has something to do, by the clock; None: not until there is another edit."""
        return min((due for due in (self._save_due_s, self._journal_due_s) if due is not None), default=None)

    def run_due(self) -> None:
        """Save and journal what has waited long enough."""
        now = self._clock()
        if self._journal_due_s is not None and now >= self._journal_due_s:
            self.flush_journal()
        if self._save_due_s is not None and now >= self._save_due_s:
            self._save_due_s = None
            if self._open is not None and self.autosave:
                self._autosave(self._open)
        self.scheduled.emit()

    def set_autosave(self, on: bool) -> None:
        self.autosave = on
        if self._open is not None and self._open.unsaved:
            self._schedule(self._open)

    def save(self) -> None:
        """Write the open image's labels now, unless this value was tried already."""
        if self._open is not None:
            self._autosave(self._open)

    def save_now(self) -> None:
        """Write the open image's labels because the user asked, also if that failed before."""
        if self._open is not None and self._open.unsaved:
            self._write(self._open)

    def retry(self) -> None:
        """Write everything that is only in memory."""
        for copy in list(self._copies.values()):
            if copy.unsaved:
                self._write(copy)

    def keep_mine(self, item: Item) -> None:
        """Write over the file that another program changed, because the user said so."""
        copy = self.copy(item)
        if copy is not None:
            copy.stamp = store.stamp_of(item)
        self.retry()

    def discard(self, item: Item) -> None:
        """Give up the working copy and take the file's version, because the user said so."""
        self._drop(item)
        self.reload_needed.emit(item)

    def adopt(self, item: Item, annotation: Annotation, stamp: Stamp, project: Project) -> None:
        """Recovered labels of an image that is not open, as unsaved work on top of what is in memory.

        `stamp` is that of the file that they may replace.
        """
        copy = self.copy(item)
        if copy is None:
            copy = WorkingCopy(item, project.folder, project.table, annotation, None, stamp)
            self._copies[item.annotation_path] = copy
        else:
            tiles = frozenset(touched_tiles(copy.annotation, annotation))
            copy.history.push(Edit("recover", copy.annotation, annotation, tiles))
            copy.annotation = annotation
            copy.stamp = stamp
        copy.recovered = True
        copy.journalled = annotation
        self.changed.emit(item)

    def mark_recovered(self, annotation: Annotation) -> None:
        """The open image's edit came from the journal, whose entry goes once the image is saved."""
        if self._open is not None:
            self._open.recovered, self._open.journalled = True, annotation

    # Files changed by others

    def set_stamp(self, item: Item, stamp: Stamp) -> None:
        """Another job of ours has written the file of an image; unsaved work must still find a conflict."""
        copy = self.copy(item)
        if copy is not None and not copy.unsaved:
            copy.stamp = stamp

    def forget(self, item: Item) -> None:
        """Drop the working copy of an image that is not open: its file has changed and replaces it."""
        self._drop(item)

    def forget_saved(self) -> None:
        """Drop all working copies that are saved and not open: their files have changed."""
        self._copies = {path: copy for path, copy in self._copies.items() if copy.unsaved or copy.open}

    # The journal

    def flush_journal(self) -> None:
        """Write the unsaved work of the open image aside, in the background."""
        self._journal_due_s = None
        if self._open is not None:
            self._write_to_journal(self._open)

    def close(self) -> None:
        """The window closes with everything saved or given up: remove our journal entries, release the journal."""
        for copy in self._copies.values():
            if copy.journalled is not None:
                journal.remove_entry(copy.folder, copy.item)
        self._copies.clear()
        self._open = self._journal_due_s = self._save_due_s = None
        self._journal_lock.release()

    # Inside

    def _schedule(self, copy: WorkingCopy) -> None:
        """Autosave after a rest, at the latest some seconds after the first edit; the journal within a second."""
        now = self._clock()
        if self.autosave:
            if self._save_due_s is None:
                self._edits_since_s = now
            since = now if self._edits_since_s is None else self._edits_since_s
            self._save_due_s = min(now + AUTOSAVE_AFTER_S, since + AUTOSAVE_WITHIN_S)
        if self._journal_due_s is None:
            self._journal_due_s = now + JOURNAL_AFTER_S
        self.scheduled.emit()

    def _autosave(self, copy: WorkingCopy) -> None:
        if copy.unsaved and copy.attempted is not copy.annotation:
            self._write(copy)

    def _write(self, copy: WorkingCopy) -> None:
        item, annotation, table = copy.item, copy.annotation, copy.table
        copy.attempted = copy.writing = annotation
        copy.error = None

        def events() -> Iterator[Saved]:
            if self._copies.get(item.annotation_path) is copy:  # not discarded meanwhile
                yield Saved(annotation, self._save(item, annotation, table, copy.stamp))

        self._executor.enqueue(
            events,
            lambda saved: self._on_saved(copy, saved),
            on_failure=lambda error: self._on_failed(copy, annotation, error),
        )
        self.changed.emit(item)

    def _on_saved(self, copy: WorkingCopy, saved: Saved) -> None:
        copy.saved, copy.stamp = saved.annotation, saved.stamp
        if copy.writing is saved.annotation:
            copy.writing = None
        if not copy.unsaved:
            copy.recovered = False
            self._remove_from_journal(copy)
        elif copy.writing is None:
            if copy.open:
                self._schedule(copy)
            elif self.autosave:
                self._autosave(copy)
        self.saved.emit(copy.item, saved.annotation)
        self.changed.emit(copy.item)

    def _on_failed(self, copy: WorkingCopy, annotation: Annotation, error: SegstudioError) -> None:
        if copy.writing is annotation:
            copy.writing = None
        copy.error = error
        if not isinstance(error, ChangedError):
            copy.attempted = None  # the next edit tries again; a conflict would only say the same
        if copy.unsaved:
            self._write_to_journal(copy)
        else:
            self._remove_from_journal(copy)
        self.changed.emit(copy.item)
        self.failed.emit(copy.item, error)

    def _write_to_journal(self, copy: WorkingCopy) -> None:
        if not copy.unsaved or copy.journalled is copy.annotation or not self.holds_journal(copy.folder):
            return
        copy.journalled = copy.annotation
        folder, item, annotation, table = copy.folder, copy.item, copy.annotation, copy.table

        def events() -> Iterator[object]:
            yield journal.write_entry(folder, item, annotation, table)

        self._executor.enqueue(events, _ignore, on_failure=_log)  # between saves

    def _drop(self, item: Item) -> None:
        copy = self._copies.pop(item.annotation_path, None)
        if copy is not None:
            self._remove_from_journal(copy)
            if copy is self._open:
                self._open = None

    def _remove_from_journal(self, copy: WorkingCopy) -> None:
        if copy.journalled is None:
            return
        copy.journalled = None
        folder, item = copy.folder, copy.item

        def events() -> Iterator[object]:
            journal.remove_entry(folder, item)
            yield None

        self._executor.enqueue(events, _ignore, on_failure=_log)

    def _forget_histories(self) -> None:
        """Working copies left longest ago go first; unsaved work never does."""
        left = [copy for copy in self._copies.values() if not copy.open]
        held = sum(copy.history.held_bytes for copy in left)
        for copy in left[:-1]:
            if held <= HISTORY_BUDGET_BYTES:
                break
            if not copy.unsaved:
                held -= copy.history.held_bytes
                del self._copies[copy.item.annotation_path]


def _ignore(_: object) -> None:
    """Nobody waits for the events of journal jobs."""


def _log(error: SegstudioError) -> None:
    logging.getLogger(__name__).warning("journal: %s", error)
