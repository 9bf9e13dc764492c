"""Reading ahead: the neighbours of the open image are read in the background, so that the next one shows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QTimer, Signal

from segstudio.app.open_image import OpenImage, read_open_image
from segstudio.errors import SegstudioError
from segstudio.project.item import Item
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.jobs import Job

_DELAY_MS = 120  # until the requested image is on the screen


class ReadAheadFeature(Feature):
    """`neighbours` gives the items before and after the open one, the more likely first."""

    fetched = Signal(object)  # OpenImage

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self._job: Job | None = None
        self.neighbours: Callable[[], list[Item]] = list
        self._timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._timer.timeout.connect(self._fetch)
        self.state.image_changed.connect(self._on_image)

    def read_neighbours(self) -> list[OpenImage]:
        """The neighbours that are in memory."""
        return self.state.image_cache.held(self.neighbours())

    def _on_image(self) -> None:
        if self.state.image is not None:
            self._timer.start()

    def _fetch(self) -> None:
        project, cache = self.state.project, self.state.image_cache
        wanted = [item for item in self.neighbours() if item not in cache]
        if project is None or not wanted or self._job is not None:
            self._evict()
            return
        item = wanted[0]
        kept = self.workspace.kept(item)

        def events() -> Iterator[OpenImage]:
            yield read_open_image(project, item, kept)

        def on_read(image: OpenImage) -> None:
            if self.state.is_current(project) and item in self.neighbours() and not image.problem:
                cache.add(image)
                self.fetched.emit(image)

        def on_end() -> None:
            self._job = None
            self._evict()
            if item in cache:  # one that cannot be read is not tried again
                self._timer.start()

        self._job = self.jobs.after_queue(events, on_read, on_end=on_end, on_failure=_ignore)

    def _evict(self) -> None:
        image = self.state.image
        self.state.image_cache.evict(self.neighbours(), None if image is None else image.item)


def _ignore(_: SegstudioError) -> None:
    """An image that cannot be read is reported when it is opened."""
