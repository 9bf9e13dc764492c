"""The recovery journal: what is not saved yet is written aside, and offered again after a crash."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QLockFile, QObject, QTimer

from segstudio.core.annotation import Annotation
from segstudio.events import Problem
from segstudio.project import journal
from segstudio.project.item import Item
from segstudio.project.journal import Entry
from segstudio.project.project import Project
from segstudio.ui.flows.save import SaveFlow
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session

_WRITE_MS = 1000

Pending = tuple[Project, Item, Annotation]


class JournalFlow(QObject):
    """Writes at most once a second, in the background, and only while something is unsaved.

    The window that opens a folder first holds its journal; another window on it neither writes nor offers.
    """

    def __init__(self, session: Session, saving: SaveFlow, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._messages = messages
        self._lock: QLockFile | None = None
        self._pending: Pending | None = None
        self._written: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WRITE_MS)
        self._timer.timeout.connect(self.flush)
        session.project_changed.connect(self._on_project)
        session.edited.connect(self._on_edited)
        saving.saved.connect(self._on_saved)

    def flush(self) -> None:
        """Write what waits."""
        pending, self._pending = self._pending, None
        self._timer.stop()
        if pending is None or self._lock is None:
            return
        project, item, annotation = pending
        table = self._session.table
        self._written.add(item.name)

        def events() -> Iterator[object]:
            yield journal.put(project.folder, item, annotation, table)

        self._session.jobs.enqueue_quietly(events)  # after a save that is on its way, before one that comes

    def look(self) -> None:
        """All pictures are known: offer what a crash left."""
        project, items = self._session.project, list(self._session.items)
        if project is None or self._lock is None:
            return
        found: list[Entry] = []

        def on_event(event: Entry | Problem) -> None:
            if isinstance(event, Entry):
                found.append(event)
            else:
                self._messages.warn(str(event))

        def on_end() -> None:
            if found and self._session.is_current(project):
                self._offer(project, found)

        self._session.jobs.after_queue(lambda: journal.entries(project.folder, items), on_event, on_end)

    def close(self) -> None:
        """The window closes, with everything saved or given up."""
        if self._lock is not None:
            self._lock.unlock()

    def _offer(self, project: Project, found: list[Entry]) -> None:
        names = ", ".join(entry.item.name for entry in found[:3]) + ("…" if len(found) > 3 else "")
        self._messages.warn(
            self.tr("segstudio ended before the labels of {} were saved.").format(names),
            Remedy(self.tr("Recover"), lambda: self._recover(project, found)),
            Remedy(self.tr("Discard"), lambda: self._discard(found)),
        )

    def _recover(self, project: Project, found: list[Entry]) -> None:
        if not self._session.is_current(project):
            return
        for entry in found:
            picture = self._session.picture
            if picture is not None and picture.item == entry.item and not picture.read_only:
                picture.document.apply("recover", entry.annotation)
                self._session.edited.emit()
                self._session.acted.emit()
            else:
                self._saving.adopt(entry.item, entry.annotation)
        self._saving.retry()

    def _discard(self, found: list[Entry]) -> None:
        for entry in found:
            entry.path.unlink(missing_ok=True)

    def _on_project(self) -> None:
        self.flush()
        self.close()
        self._written.clear()
        self._lock = None
        project = self._session.project
        if project is None:
            return
        for folder in journal.folders(project.folder):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError:
                continue
            lock = QLockFile(str(folder / "lock"))
            lock.setStaleLockTime(0)
            if lock.tryLock(0):
                self._lock = lock
                return
            if lock.error() == QLockFile.LockError.LockFailedError:
                return  # another window has it

    def _on_edited(self) -> None:
        picture, project = self._session.picture, self._session.project
        if picture is None or project is None or not self._session.dirty:
            return
        if self._pending is not None and self._pending[1] != picture.item:
            self.flush()
        self._pending = (project, picture.item, picture.document.annotation)
        if not self._timer.isActive():
            self._timer.start()

    def _on_saved(self, item: Item, annotation: Annotation) -> None:
        project = self._session.project
        if self._pending is not None and self._pending[1] == item and self._pending[2] is annotation:
            self._pending = None
            self._timer.stop()
        if project is not None and item.name in self._written:
            self._written.discard(item.name)
            folder = project.folder

            def events() -> Iterator[object]:
                journal.remove(folder, item)
                yield None

            self._session.jobs.enqueue_quietly(events)
