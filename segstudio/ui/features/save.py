"""Saving: by itself after every change, at once when asked, and never over what could not be read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.app.open_image import OpenImage, Visit
from segstudio.core.annotation import Annotation, touched_tiles
from segstudio.core.classes import ClassTable
from segstudio.core.history import Edit, History
from segstudio.errors import ChangedError, SegstudioError
from segstudio.project.item import Item, ItemState
from segstudio.project.store import Stamp, save, stamp_of, status_of
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session
from segstudio.ui.settings import Settings

_AUTOSAVE_MS = 700
_LONGEST_WAIT_S = 4.0
_KEPT_BYTES = 400 * 1024 * 1024


@dataclass(frozen=True)
class Saved:
    """`annotation` is the value that was written."""

    item: Item
    annotation: Annotation
    stamp: Stamp

    __hash__ = None  # type: ignore[assignment]


class SaveFlow(QObject):
    """Also keeps, for each image left, its undo history and what could not be saved, by its file's path."""

    reload_asked = Signal(object)  # Item: take the file's version
    copy_asked = Signal(object)  # Item: write its labels to another file
    saved = Signal(object, object)  # Item, and the annotation that its file has now

    def __init__(self, session: Session, messages: MessageBar, settings: Settings) -> None:
        super().__init__(session)
        self._session = session
        self._messages = messages
        self._settings = settings
        self._visits: dict[Path, Visit] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AUTOSAVE_MS)
        self._timer.timeout.connect(self.save)
        self._queued: Annotation | None = None
        self._waiting_since = 0.0
        session.edited.connect(self._on_edited)
        session.image_changed.connect(self._on_image)

    def set_autosave(self, on: bool) -> None:
        self._settings.autosave = on
        self._on_edited()

    @property
    def unsaved_names(self) -> list[str]:
        """Images whose labels are only in memory."""
        names = {visit.item.name for visit in self._visits.values() if visit.unsaved}
        if self._session.image is not None and self._session.dirty:
            names.add(self._session.image.item.name)
        return sorted(names)

    def visit(self, item: Item) -> Visit | None:
        """What is kept of an earlier visit."""
        return self._visits.get(item.annotation_path)

    def set_stamp(self, item: Item, stamp: Stamp) -> None:
        """Another job of ours has written the file of an image that is not open."""
        visit = self.visit(item)
        if visit is not None and not visit.unsaved:  # what is unsaved must still find that the file is another
            self._visits[item.annotation_path] = replace(visit, stamp=stamp)

    def save_now(self) -> None:
        """Because the user said so: also what failed before."""
        self._queued = None
        self.save()

    def save(self) -> None:
        """Write the open image's labels, in the background."""
        self._timer.stop()
        image = self._session.image
        if image is None or image.read_only or not image.dirty:
            return
        if image.document.stroking:
            self._timer.start()
        elif self._queued is not image.document.annotation:
            self._queued = image.document.annotation
            self._enqueue(image.item, image.document.annotation, self._session.table)

    def leave(self) -> None:
        """Before another image is shown: save this one and remember its history."""
        image = self._session.image
        if image is None or image.read_only:
            return
        self._session.tool.cancel(image.document)
        if self._settings.autosave:
            self.save()
        self._visits.pop(image.item.annotation_path, None)
        self._visits[image.item.annotation_path] = _visit_of(image)
        self._forget()

    def retry(self) -> None:
        """Write again everything that is only in memory."""
        self.save_now()
        image = self._session.image
        for visit in list(self._visits.values()):
            if visit.unsaved and (image is None or image.item != visit.item):
                self._enqueue(visit.item, visit.annotation, visit.table)

    def adopt(self, item: Item, annotation: Annotation, stamp: Stamp) -> None:
        """Labels of an image that is not open, which are not in its file: kept as unsaved work.

        What is kept of an earlier visit is the step before. `stamp` is that of the file that they may replace.
        """
        visit = self.visit(item)
        if visit is not None:
            tiles = frozenset(touched_tiles(visit.annotation, annotation))
            visit.history.push(Edit("recover", visit.annotation, annotation, tiles))
        history = History() if visit is None else visit.history
        self._visits[item.annotation_path] = Visit(item, annotation, history, stamp, True, self._session.table)

    def keep_mine(self, item: Item) -> None:
        """Write over the file that another program changed."""
        image, visit = self._session.image, self.visit(item)
        if image is not None and image.item == item:
            image.stamp = stamp_of(item)
        elif visit is not None:
            self._visits[item.annotation_path] = replace(visit, stamp=stamp_of(item))
        self.retry()

    def discard(self, item: Item) -> None:
        """Give up what is kept of an image, to take the file's version."""
        self._visits.pop(item.annotation_path, None)
        self.reload_asked.emit(item)

    def forget(self, item: Item) -> None:
        """What is kept of an image that is not open: its file has changed, and the file wins."""
        self._visits.pop(item.annotation_path, None)

    def forget_visits(self) -> None:
        """All that is kept and saved: the files have changed."""
        self._visits = {path: visit for path, visit in self._visits.items() if visit.unsaved}

    def _enqueue(self, item: Item, annotation: Annotation, table: ClassTable) -> None:
        def events() -> Iterator[Saved]:
            yield Saved(
                item,
                annotation,
                save(item, annotation, table, _known_stamp(self._session.image, self.visit(item), item)),
            )

        job = self._session.jobs.enqueue(events, self._on_saved)
        job.failed.connect(lambda error: self._on_failed(item, error))

    def _on_saved(self, saved: Saved) -> None:
        visit = self.visit(saved.item)
        if visit is not None:
            still = visit.unsaved and visit.annotation is not saved.annotation
            self._visits[saved.item.annotation_path] = replace(visit, stamp=saved.stamp, unsaved=still)
        image = self._session.image
        if image is not None and image.item == saved.item:
            image.stamp = saved.stamp
            if saved.annotation is image.document.annotation:
                image.saved_revision = image.document.revision
                image.unsaved = False
            self._queued = None
            self._session.edited.emit()
        self.saved.emit(saved.item, saved.annotation)
        if saved.item in self._session.items:
            annotation = saved.annotation
            labels = tuple(annotation.labels)
            state = ItemState(saved.item.name, bool(annotation.shapes), status_of(annotation), labels)
            self._session.set_states([state])

    def _on_failed(self, item: Item, error: SegstudioError) -> None:
        visit = self.visit(item)
        if visit is not None:
            self._visits[item.annotation_path] = replace(visit, unsaved=True)
        save_as = Remedy(self.tr("Save as…"), lambda: self.copy_asked.emit(item))
        if isinstance(error, ChangedError):  # trying again by itself would only say the same
            take = Remedy(self.tr("Take the file's version"), lambda: self.discard(item))
            keep = Remedy(self.tr("Keep mine"), lambda: self.keep_mine(item))
            self._messages.warn(str(error), take, keep, save_as)
        else:
            self._queued = None
            self._messages.warn(str(error), Remedy(self.tr("Retry"), self.retry), save_as)

    def _on_image(self) -> None:
        """What is open is no visit any more."""
        self._queued = None
        if self._session.image is not None:
            self._visits.pop(self._session.image.item.annotation_path, None)

    def _on_edited(self) -> None:
        """After a rest; while one draws on and on, every few seconds."""
        if not (self._settings.autosave and self._session.dirty):
            return
        now = time.monotonic()
        if not self._timer.isActive():
            self._waiting_since = now
        if now - self._waiting_since < _LONGEST_WAIT_S:
            self._timer.start()

    def _forget(self) -> None:
        """Histories of images seen longest ago go first; unsaved work never does."""
        held = sum(visit.history.held_bytes for visit in self._visits.values())
        for path, visit in list(self._visits.items()):
            if held <= _KEPT_BYTES:
                break
            if not visit.unsaved and visit is not list(self._visits.values())[-1]:
                held -= self._visits.pop(path).history.held_bytes


def _visit_of(image: OpenImage) -> Visit:
    document = image.document
    kept = (document.annotation, document.history, image.stamp, image.dirty, document.table, document.marks)
    return Visit(image.item, *kept)


def _known_stamp(image: OpenImage | None, visit: Visit | None, item: Item) -> Stamp:
    """Asked when the write begins: an earlier write of the queue has changed it."""
    if image is not None and image.item == item:
        return image.stamp
    return visit.stamp if visit is not None else None
