"""Neighbours of the open picture are read ahead, and pictures left are kept a while, so that A and D show at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.formats.memory import available_bytes
from segstudio.project.item import Item
from segstudio.project.store import stamp_of
from segstudio.ui.flows.save import SaveFlow
from segstudio.ui.jobs import Job
from segstudio.ui.picture import OpenPicture, file_stamp, read_open_picture
from segstudio.ui.session import Session

_MOST_BYTES = 1_500_000_000
_SHARE = 0.25  # of the memory that is free
_WAIT_MS = 120  # until the picture asked for is on the screen


class PrefetchFlow(QObject):
    """`neighbours` gives the names before and after the open picture, the likelier first."""

    fetched = Signal(object)  # OpenPicture

    def __init__(self, session: Session, saving: SaveFlow) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._held: dict[Item, OpenPicture] = {}
        self._job: Job | None = None
        self.neighbours: Callable[[], list[Item]] = list
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._fetch)
        session.project_changed.connect(self._held.clear)
        session.picture_changed.connect(self._on_picture)

    def take(self, item: Item) -> OpenPicture | None:
        """The picture, if it is at hand and neither it nor its labels have changed since."""
        picture = self._held.pop(item, None)
        if picture is None or picture.file_stamp != file_stamp(item):
            return None
        visit, stamp = self._saving.visit(item), stamp_of(item)
        if visit is not None:
            if visit.annotation is not picture.document.annotation or visit.stamp != stamp:
                return None
            picture.stamp, picture.unsaved = visit.stamp, visit.unsaved
            picture.document.marks = visit.marks
            picture.saved_revision = picture.document.revision
        elif picture.stamp != stamp or picture.dirty:
            return None
        picture.set_prediction(None)
        return picture

    def forget(self, item: Item) -> None:
        """Its file is another."""
        self._held.pop(item, None)

    def at_hand(self) -> list[OpenPicture]:
        """Neighbours that are read already."""
        return [self._held[item] for item in self.neighbours() if item in self._held]

    def _on_picture(self) -> None:
        picture = self._session.picture
        for held in self._held.values():
            if held is not picture:
                held.set_prediction(None)  # hundreds of megabytes that a model makes again
        if picture is not None:
            self._held.pop(picture.item, None)
            self._held[picture.item] = picture
            self._timer.start()

    def _fetch(self) -> None:
        project, wanted = self._session.project, [item for item in self.neighbours() if item not in self._held]
        if project is None or not wanted or self._job is not None:
            self._evict()
            return
        item = wanted[0]
        visit = self._saving.visit(item)

        def events() -> Iterator[OpenPicture]:
            yield read_open_picture(project, item, visit)

        def on_read(picture: OpenPicture) -> None:
            if self._session.is_current(project) and item in self.neighbours() and not picture.problem:
                self._held[item] = picture
                self.fetched.emit(picture)

        def on_end() -> None:
            self._job = None
            self._evict()
            if item in self._held:  # one that cannot be read is not tried again
                self._timer.start()

        self._job = self._session.jobs.after_queue(events, on_read, on_end, quiet=True)

    def _evict(self) -> None:
        """Seen longest ago goes first; the open one and its neighbours last."""
        keep = {*self.neighbours(), *([self._session.picture.item] if self._session.picture else [])}
        budget = min(_MOST_BYTES, _SHARE * (available_bytes() + self._bytes()))
        for item in [*(item for item in self._held if item not in keep), *keep]:
            if self._bytes() <= budget:
                return
            if self._session.picture is None or item != self._session.picture.item:
                self._held.pop(item, None)

    def _bytes(self) -> int:
        return sum(picture.held_bytes for picture in self._held.values())
