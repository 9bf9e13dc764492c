"""The recovery journal: what is not saved yet is written aside, and offered again after a crash."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QSysInfo, QTimer

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.events import Problem
from segstudio.project import journal
from segstudio.project.item import Item
from segstudio.project.journal import Entry
from segstudio.project.project import Project
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session

_WRITE_MS = 1000


@dataclass(frozen=True)
class Pending:
    """What waits to be written, with the folder and the classes that it belongs to."""

    folder: Path
    item: Item
    annotation: Annotation
    table: ClassTable

    __hash__ = None  # type: ignore[assignment]


class JournalFlow(QObject):
    """Writes at most once a second, in the background, and only while something is unsaved.

    One window at a time holds a folder's journal; another on it neither writes nor offers until it is free.
    """

    def __init__(self, session: Session, saving: SaveFlow, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._messages = messages
        self._lock: QLockFile | None = None
        self._locked: Path | None = None  # the folder whose journal is held
        self._pending: Pending | None = None
        self._written: dict[Path, tuple[Path, Item]] = {}  # by the annotation's path
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WRITE_MS)
        self._timer.timeout.connect(self.flush)
        session.project_changed.connect(self._on_project)
        session.edited.connect(self._on_edited)
        saving.saved.connect(self._on_saved)
        saving.reload_asked.connect(self.drop)

    def flush(self) -> None:
        """Write what waits."""
        pending, self._pending = self._pending, None
        self._timer.stop()
        if pending is None or not self._holds(pending.folder):
            return
        self._written[pending.item.annotation_path] = pending.folder, pending.item

        def events() -> Iterator[object]:
            yield journal.put(pending.folder, pending.item, pending.annotation, pending.table)

        self._session.jobs.enqueue_quietly(events)  # after a save that is on its way, before one that comes

    def look(self) -> None:
        """All images are known, or the user asks: offer what a crash left."""
        project, items = self._session.project, list(self._session.items)
        if project is None or not self._holds(project.folder):
            return
        found: list[Entry] = []

        def on_event(event: Entry | Problem) -> None:
            if isinstance(event, Problem):
                self._messages.warn(str(event))
            elif event.item.name not in self._saving.unsaved_names:
                found.append(event)

        def on_end() -> None:
            if found and self._session.is_current(project):
                self._offer(project, found)

        self._session.jobs.after_queue(lambda: journal.entries(project.folder, items), on_event, on_end)

    def drop(self, item: Item) -> None:
        """What was unsaved of an image is given up."""
        held = self._written.pop(item.annotation_path, None)
        if self._pending is not None and self._pending.item == item:
            self._pending = None
        if held is not None:
            self._remove(*held)

    def close(self) -> None:
        """The window closes, with everything saved or given up: nothing is left for the next session."""
        self._pending = None
        for folder, item in self._written.values():
            journal.remove(folder, item)
        self._written.clear()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    def _offer(self, project: Project, found: list[Entry]) -> None:
        names = ", ".join(
            entry.item.name + (self.tr(" (its file is newer)") if entry.older else "") for entry in found[:3]
        )
        more = "…" if len(found) > 3 else ""
        self._messages.warn(
            self.tr("segstudio ended before the labels of {} were saved.").format(names + more),
            Remedy(self.tr("Recover"), lambda: self._recover(project, found)),
            Remedy(self.tr("Discard"), lambda: self._discard(found)),
        )

    def _recover(self, project: Project, found: list[Entry]) -> None:
        if not self._session.is_current(project):
            return
        for entry in found:
            image = self._session.image
            self._written[entry.item.annotation_path] = project.folder, entry.item  # removed once it is saved
            if image is not None and image.item == entry.item and not image.read_only:
                image.document.apply("recover", entry.annotation)
                self._session.edited.emit()
                self._session.acted.emit()
            else:
                self._saving.adopt(entry.item, entry.annotation, entry.stamp)
        self._saving.retry()

    def _discard(self, found: list[Entry]) -> None:
        for entry in found:
            with contextlib.suppress(OSError):
                entry.path.unlink()

    def _on_project(self) -> None:
        self.flush()
        self._release()
        if self._session.project is not None and self._holds(self._session.project.folder):
            journal.set_aside(self._session.project.folder)

    def _holds(self, folder: Path) -> bool:
        """Whether this window has the journal; if it is free by now, it takes it."""
        if self._lock is not None:
            return self._locked == folder
        project = self._session.project
        if project is None or project.folder != folder:
            return False
        for place in journal.folders(folder):
            try:
                place.mkdir(parents=True, exist_ok=True)
            except OSError:
                continue
            lock = QLockFile(str(place / "lock"))
            lock.setStaleLockTime(0)
            if lock.tryLock(0):
                self._lock, self._locked = lock, folder
                return True
            _, host, _ = lock.getLockInfo()
            if lock.error() == QLockFile.LockError.LockFailedError and host == QSysInfo.machineHostName():
                return False  # another window has it; a lock of another machine only sends us to the cache
        return False

    def _on_edited(self) -> None:
        image, project = self._session.image, self._session.project
        if image is None or project is None or not self._session.dirty:
            return
        if self._pending is not None and self._pending.item != image.item:
            self.flush()
        document = image.document
        self._pending = Pending(project.folder, image.item, document.annotation, document.table)
        if not self._timer.isActive():
            self._timer.start()

    def _on_saved(self, item: Item, annotation: Annotation) -> None:
        pending = self._pending
        if pending is not None and pending.item == item and pending.annotation is annotation:
            self._pending = None
            self._timer.stop()
        held = self._written.pop(item.annotation_path, None)
        if held is not None:
            self._remove(*held)

    def _remove(self, folder: Path, item: Item) -> None:
        def events() -> Iterator[object]:
            journal.remove(folder, item)
            yield None

        self._session.jobs.enqueue_quietly(events)
