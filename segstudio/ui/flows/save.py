"""Saving: by itself after every change, at once when asked, and never over what could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer

from segstudio.core.annotation import Annotation
from segstudio.errors import SegstudioError
from segstudio.project.item import ItemState
from segstudio.project.store import Stamp, save, status_of
from segstudio.ui.messages import MessageBar
from segstudio.ui.picture import OpenPicture, Visit
from segstudio.ui.session import Session
from segstudio.ui.settings import Settings

_AUTOSAVE_MS = 700
_KEPT_BYTES = 400 * 1024 * 1024


@dataclass(frozen=True)
class Saved:
    name: str
    revision: int
    stamp: Stamp


class SaveFlow(QObject):
    """Also keeps, for each picture visited, its undo history and what could not be saved."""

    def __init__(self, session: Session, messages: MessageBar, settings: Settings) -> None:
        super().__init__(session)
        self._session = session
        self._messages = messages
        self._settings = settings
        self.visits: dict[str, Visit] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AUTOSAVE_MS)
        self._timer.timeout.connect(self.save)
        self._queued: tuple[str, int] | None = None
        session.edited.connect(self._on_edited)
        session.project_changed.connect(self.visits.clear)

    @property
    def autosave(self) -> bool:
        return self._settings.autosave

    def set_autosave(self, on: bool) -> None:
        self._settings.autosave = on
        self._on_edited()

    @property
    def unsaved_names(self) -> list[str]:
        """Pictures whose labels are only in memory."""
        open_one = self._session.picture
        names = [name for name, visit in self.visits.items() if visit.unsaved]
        return names + ([open_one.item.name] if open_one and open_one.dirty and not open_one.read_only else [])

    def save(self) -> None:
        """Write the open picture's labels, in the background."""
        self._timer.stop()
        picture = self._session.picture
        if picture is None or picture.read_only or not picture.dirty:
            return
        if picture.document.stroking:
            self._timer.start()
            return
        wanted = (picture.item.name, picture.document.revision)
        if self._queued != wanted or picture.unsaved:
            self._queued = wanted
            self._write(picture)

    def leave(self) -> None:
        """Before another picture is opened: save this one and remember its history."""
        picture = self._session.picture
        if picture is None or picture.read_only:
            return
        picture.document.cancel()
        if self.autosave:
            self.save()
        self.visits.pop(picture.item.name, None)
        self.visits[picture.item.name] = Visit(
            picture.document.annotation, picture.document.history, picture.stamp, picture.dirty
        )
        self._forget()

    def retry(self) -> None:
        """Write again everything that is only in memory."""
        self._queued = None
        self.save()
        for item in self._session.items:
            visit = self.visits.get(item.name)
            if visit is not None and visit.unsaved:
                self._enqueue(item.name, visit.annotation, -1)

    def _write(self, picture: OpenPicture) -> None:
        self._enqueue(picture.item.name, picture.document.annotation, picture.document.revision)

    def _enqueue(self, name: str, annotation: Annotation, revision: int) -> None:
        project = self._session.project
        item = next((item for item in self._session.items if item.name == name), None)
        if project is None or item is None:
            return
        table = project.table

        def events() -> Iterator[Saved]:
            yield Saved(name, revision, save(item, annotation, table, self._known_stamp(name)))

        job = self._session.jobs.enqueue(events, lambda saved: self._on_saved(saved, annotation))
        job.failed.connect(lambda error: self._on_failed(name, error))

    def _known_stamp(self, name: str) -> Stamp:
        """Asked when the write begins: an earlier write of the queue has changed it."""
        picture = self._session.picture
        if picture is not None and picture.item.name == name:
            return picture.stamp
        return self.visits[name].stamp if name in self.visits else None

    def _on_saved(self, saved: Saved, annotation: Annotation) -> None:
        visit = self.visits.get(saved.name)
        if visit is not None:
            still = visit.unsaved and visit.annotation is not annotation
            self.visits[saved.name] = replace(visit, stamp=saved.stamp, unsaved=still)
        picture = self._session.picture
        if picture is not None and picture.item.name == saved.name:
            picture.stamp = saved.stamp
            if saved.revision >= 0:
                picture.saved_revision = saved.revision
            picture.unsaved = False
            self._session.edited.emit()
        state = ItemState(saved.name, bool(annotation.shapes), status_of(annotation), tuple(annotation.labels))
        self._session.set_states([state])

    def _on_failed(self, name: str, error: SegstudioError) -> None:
        self._queued = None
        visit = self.visits.get(name)
        if visit is not None:
            self.visits[name] = replace(visit, unsaved=True)
        self._messages.warn(str(error), self.tr("Save again"), self.retry)

    def _on_edited(self) -> None:
        picture = self._session.picture
        if self.autosave and picture is not None and picture.dirty and not picture.read_only:
            self._timer.start()

    def _forget(self) -> None:
        """Histories of pictures seen longest ago go first; unsaved work never does."""
        held = sum(visit.history.held_bytes for visit in self.visits.values())
        for name in list(self.visits):
            if held <= _KEPT_BYTES:
                break
            if not self.visits[name].unsaved:
                held -= self.visits.pop(name).history.held_bytes
