"""Images in memory beside the open one: neighbours that were read ahead and images that were left a short while ago."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segstudio.app.open_image import Kept, OpenImage, file_stamp
from segstudio.formats.memory import available_bytes
from segstudio.project.item import Item
from segstudio.project.store import stamp_of

BUDGET_BYTES: Final = 1_500_000_000
SHARE: Final = 0.25  # of the memory that is available


class ImageCache:
    """Holds no unsaved work: the annotations belong to the Workspace, which is asked when an image is taken."""

    def __init__(self) -> None:
        self._images: dict[Item, OpenImage] = {}

    def __contains__(self, item: Item) -> bool:
        return item in self._images

    def add(self, image: OpenImage) -> None:
        """Keep an image, as the one used last."""
        self._images.pop(image.item, None)
        self._images[image.item] = image

    def take(self, item: Item, kept: Kept | None) -> OpenImage | None:
        """The image, if neither its file nor its labels have changed since it was read; removed from the cache."""
        image = self._images.pop(item, None)
        if image is None or image.file_stamp != file_stamp(item):
            return None
        stamp = stamp_of(item)
        if kept is not None:
            if kept.annotation is not image.document.annotation or kept.stamp != stamp:
                return None
            image.document.marks = kept.marks
        elif image.stamp != stamp:
            return None
        image.set_prediction(None)
        return image

    def held(self, items: Sequence[Item]) -> list[OpenImage]:
        """Those of `items` that are in memory."""
        return [self._images[item] for item in items if item in self._images]

    def forget(self, item: Item) -> None:
        self._images.pop(item, None)

    def clear(self) -> None:
        self._images.clear()

    def drop_predictions(self, but: OpenImage | None) -> None:
        """Free the predictions of all images but one: hundreds of megabytes that a model can compute again."""
        for image in self._images.values():
            if image is not but:
                image.set_prediction(None)

    def evict(self, neighbours: Sequence[Item], open_item: Item | None) -> None:
        """Obey the memory budget: images used longest ago go first, then `neighbours`, the open one never."""
        budget = min(BUDGET_BYTES, SHARE * (available_bytes() + self._bytes()))
        for item in [*(item for item in self._images if item not in neighbours), *neighbours]:
            if self._bytes() <= budget:
                return
            if item != open_item:
                self._images.pop(item, None)

    def _bytes(self) -> int:
        return sum(image.held_bytes for image in self._images.values())
