"""Thumbnails of the listed images, read in the background when they are first shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QPixmap

from segstudio.app.state import State
from segstudio.app.thumbnails import Thumbnail, ThumbnailQueue, read_thumbnails
from segstudio.project.item import Item
from segstudio.ui.canvas.painters import as_qimage
from segstudio.ui.jobs import Jobs

THUMB_PX = 44
_MAX_CACHED = 2000


class ImageThumbnails(QObject):
    """A cache: the thumbnail requested last is read first; the oldest ones are dropped."""

    arrived = Signal(str)

    def __init__(self, state: State, jobs: Jobs) -> None:
        super().__init__()
        self._state = state
        self._jobs = jobs
        self._cached: dict[str, QPixmap] = {}
        self._wanted = ThumbnailQueue()
        self._loading = False
        state.project_changed.connect(self._clear)

    def pixmap(self, item: Item) -> QPixmap | None:
        """None until it is read; a null pixmap if it cannot be read."""
        pixmap = self._cached.get(item.name)
        if pixmap is None:
            self._wanted.add(item)
            if not self._loading:
                self._loading = True
                QTimer.singleShot(0, self._load)
        return pixmap

    def _load(self) -> None:
        items = self._wanted.take_batch()
        folder = self._state.project.folder if self._state.project else None

        def on_thumbnail(thumbnail: Thumbnail) -> None:
            if self._state.project is not None and self._state.project.folder == folder:
                self._keep(*thumbnail)

        self._jobs.start(lambda: read_thumbnails(items, 2 * THUMB_PX), on_thumbnail, on_end=self._on_loaded)

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
