"""Reading of thumbnails: which are wanted next, and a job that reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.errors import SegstudioError
from segstudio.formats.images import read_thumbnail
from segstudio.project.item import Item

_BATCH = 24

Thumbnail = tuple[str, NDArray[np.uint8] | None]  # name and (h, w, 3) pixels; None if the image cannot be read


class ThumbnailQueue:
    """The thumbnail requested last is read first."""

    def __init__(self) -> None:
        self._wanted: dict[str, Item] = {}

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def add(self, item: Item) -> None:
        """Request an item, or request it again."""
        self._wanted.pop(item.name, None)
        self._wanted[item.name] = item

    def take_batch(self) -> list[Item]:
        """At most 24 items, which are no longer in the queue."""
        items = list(self._wanted.values())[-_BATCH:][::-1]
        for item in items:
            del self._wanted[item.name]
        return items

    def clear(self) -> None:
        self._wanted.clear()


def read_thumbnails(items: Sequence[Item], side_px: int) -> Iterator[Thumbnail]:
    """For a job."""
    for item in items:
        try:
            yield item.name, read_thumbnail(item.image, side_px)
        except SegstudioError:
            yield item.name, None
