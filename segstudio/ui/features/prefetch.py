"""Neighbours of the open image are read ahead, and images left are kept a while, so that A and D show at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.app.open_image import OpenImage, file_stamp, read_open_image
from segstudio.formats.memory import available_bytes
from segstudio.project.item import Item
from segstudio.project.store import stamp_of
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.jobs import Job
from segstudio.ui.session import Session

_MOST_BYTES = 1_500_000_000
_SHARE = 0.25  # of the memory that is free
_WAIT_MS = 120  # until the image asked for is on the screen


class PrefetchFlow(QObject):
    """`neighbours` gives the names before and after the open image, the likelier first."""

    fetched = Signal(object)  # OpenImage

    def __init__(self, session: Session, saving: SaveFlow) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._held: dict[Item, OpenImage] = {}
        self._job: Job | None = None
        self.neighbours: Callable[[], list[Item]] = list
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._fetch)
        session.project_changed.connect(self._held.clear)
        session.image_changed.connect(self._on_image)

    def take(self, item: Item) -> OpenImage | None:
        """The image, if it is at hand and neither it nor its labels have changed since."""
        image = self._held.pop(item, None)
        if image is None or image.file_stamp != file_stamp(item):
            return None
        visit, stamp = self._saving.visit(item), stamp_of(item)
        if visit is not None:
            if visit.annotation is not image.document.annotation or visit.stamp != stamp:
                return None
            image.stamp, image.unsaved = visit.stamp, visit.unsaved
            image.document.marks = visit.marks
            image.saved_revision = image.document.revision
        elif image.stamp != stamp or image.dirty:
            return None
        image.set_prediction(None)
        return image

    def forget(self, item: Item) -> None:
        """Its file is another."""
        self._held.pop(item, None)

    def at_hand(self) -> list[OpenImage]:
        """Neighbours that are read already."""
        return [self._held[item] for item in self.neighbours() if item in self._held]

    def _on_image(self) -> None:
        image = self._session.image
        for held in self._held.values():
            if held is not image:
                held.set_prediction(None)  # hundreds of megabytes that a model makes again
        if image is not None:
            self._held.pop(image.item, None)
            self._held[image.item] = image
            self._timer.start()

    def _fetch(self) -> None:
        project, wanted = self._session.project, [item for item in self.neighbours() if item not in self._held]
        if project is None or not wanted or self._job is not None:
            self._evict()
            return
        item = wanted[0]
        visit = self._saving.visit(item)

        def events() -> Iterator[OpenImage]:
            yield read_open_image(project, item, visit)

        def on_read(image: OpenImage) -> None:
            if self._session.is_current(project) and item in self.neighbours() and not image.problem:
                self._held[item] = image
                self.fetched.emit(image)

        def on_end() -> None:
            self._job = None
            self._evict()
            if item in self._held:  # one that cannot be read is not tried again
                self._timer.start()

        self._job = self._session.jobs.after_queue(events, on_read, on_end, quiet=True)

    def _evict(self) -> None:
        """Seen longest ago goes first; the open one and its neighbours last."""
        keep = {*self.neighbours(), *([self._session.image.item] if self._session.image else [])}
        budget = min(_MOST_BYTES, _SHARE * (available_bytes() + self._bytes()))
        for item in [*(item for item in self._held if item not in keep), *keep]:
            if self._bytes() <= budget:
                return
            if self._session.image is None or item != self._session.image.item:
                self._held.pop(item, None)

    def _bytes(self) -> int:
        return sum(image.held_bytes for image in self._held.values())
