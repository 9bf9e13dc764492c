"""Thumbnails of the listed images, read in the background when they are first shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QPixmap

from segstudio.app.state import State
from segstudio.errors import SegstudioError
from segstudio.formats.images import read_thumbnail
from segstudio.project.item import Item
from segstudio.ui.canvas.painters import as_qimage
from segstudio.ui.jobs import Jobs

THUMB_PX = 44
_BATCH = 24
_MAX_CACHED = 2000


def read_thumbnails(items: list[Item]) -> Iterator[tuple[str, NDArray[np.uint8] | None]]:
    """Names and (h, w, 3) thumbnails; None if an image cannot be read."""
    for item in items:
        try:
            yield item.name, read_thumbnail(item.image, 2 * THUMB_PX)
        except SegstudioError:
            yield item.name, None


class ImageThumbnails(QObject):
    """A cache: the thumbnail requested last is read first; the oldest ones are dropped."""

    arrived = Signal(str)

    def __init__(self, state: State, jobs: Jobs) -> None:
        super().__init__()
        self._state = state
        self._jobs = jobs
        self._cached: dict[str, QPixmap] = {}
        self._wanted: dict[str, Item] = {}
        self._loading = False
        state.project_changed.connect(self._clear)

    def pixmap(self, item: Item) -> QPixmap | None:
        """None until it is read; a null pixmap if it cannot be read."""
        pixmap = self._cached.get(item.name)
        if pixmap is None:
            self._wanted.pop(item.name, None)
            self._wanted[item.name] = item
            if not self._loading:
                self._loading = True
                QTimer.singleShot(0, self._load)
        return pixmap

    def _load(self) -> None:
        items = list(self._wanted.values())[-_BATCH:][::-1]
        for item in items:
            del self._wanted[item.name]
        folder = self._state.project.folder if self._state.project else None

        def on_thumbnail(thumbnail: tuple[str, NDArray[np.uint8] | None]) -> None:
            if self._state.project is not None and self._state.project.folder == folder:
                self._keep(*thumbnail)

        self._jobs.start(lambda: read_thumbnails(items), on_thumbnail, on_end=self._on_loaded)

    def _keep(self, name: str, pixels: NDArray[np.uint8] | None) -> None:
        self._cached[name] = QPixmap() if pixels is None else QPixmap.fromImage(as_qimage(pixels))
        while len(self._cached) > _MAX_CACHED:
            del self._cached[next(iter(self._cached))]
        self.arrived.emit(name)

    def _on_loaded(self) -> None:
        self._loading = bool(self._wanted)
        if self._loading:
            self._load()

    def _clear(self) -> None:
        self._cached.clear()
        self._wanted.clear()
