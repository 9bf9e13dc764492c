"""Small copies of the listed images, read in the background when they are first shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from segstudio.errors import SegstudioError
from segstudio.formats.images import read_thumbnail
from segstudio.project.item import Item
from segstudio.ui.session import Session

THUMB_PX = 44
_AT_ONCE = 24
_MOST_HELD = 2000


@dataclass(frozen=True)
class Thumbnail:
    """`rgb` is (h, w, 3), or None where the image cannot be read."""

    name: str
    rgb: np.ndarray | None


def read_thumbnails(items: list[Item]) -> Iterator[Thumbnail]:
    for item in items:
        try:
            yield Thumbnail(item.name, read_thumbnail(item.image, 2 * THUMB_PX))
        except SegstudioError:
            yield Thumbnail(item.name, None)


class ImageThumbs(QObject):
    """The newest wish is read first; the longest held are forgotten."""

    arrived = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._held: dict[str, QPixmap] = {}
        self._wanted: dict[str, Item] = {}
        self._loading = False
        session.project_changed.connect(self._forget)

    def of(self, item: Item) -> QPixmap | None:
        """None until it is read; a null pixmap where it cannot be."""
        held = self._held.get(item.name)
        if held is None:
            self._wanted.pop(item.name, None)
            self._wanted[item.name] = item
            if not self._loading:
                self._loading = True
                QTimer.singleShot(0, self._load)
        return held

    def _load(self) -> None:
        items = list(self._wanted.values())[-_AT_ONCE:][::-1]
        for item in items:
            del self._wanted[item.name]
        folder = self._session.project.folder if self._session.project else None

        def on_thumbnail(thumbnail: Thumbnail) -> None:
            if self._session.project is not None and self._session.project.folder == folder:
                self._keep(thumbnail)

        self._session.jobs.start(lambda: read_thumbnails(items), on_thumbnail, self._on_loaded)

    def _keep(self, thumbnail: Thumbnail) -> None:
        pixmap = QPixmap()
        if thumbnail.rgb is not None:
            height, width = thumbnail.rgb.shape[:2]
            image = QImage(thumbnail.rgb.tobytes(), width, height, width * 3, QImage.Format.Format_RGB888)
            pixmap = QPixmap.fromImage(image)
        self._held[thumbnail.name] = pixmap
        while len(self._held) > _MOST_HELD:
            del self._held[next(iter(self._held))]
        self.arrived.emit(thumbnail.name)

    def _on_loaded(self) -> None:
        self._loading = bool(self._wanted)
        if self._loading:
            self._load()

    def _forget(self) -> None:
        self._held.clear()
        self._wanted.clear()
