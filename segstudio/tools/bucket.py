"""The bucket: fills what is of one label."""

from __future__ import annotations

import cv2
import numpy as np

from segstudio.core.box import Box, whole
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Labels, Patch
from segstudio.tools.proposal import NOTHING, ProposalTool
from segstudio.tools.tool import Choice, Pointer, Sight


class Bucket(ProposalTool):
    """A click fills the connected pixels of one label with the class in hand; Shift fills all of that label."""

    name = "bucket"
    key = "F"
    has_second_button = True
    hint = "Click to fill what is of one label   Shift+click everywhere in the image   Alt+click takes labels away"

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._class_id = 0
        self._at: Point | None = None
        self._revision = 0

    def press(self, document: Document, pointer: Pointer) -> None:
        self.settle(document)
        row, column = int(pointer.y // 1), int(pointer.x // 1)
        height, width = document.plane.shape
        if not (0 <= row < height and 0 <= column < width):
            return
        self._class_id = ERASE if pointer.alt or pointer.secondary else self._choice.class_id
        if document.plane[row, column] == self._class_id:
            return
        plane, everywhere = document.plane, pointer.shift
        self._at, self._accepting, self._revision = pointer.point, True, document.revision
        self._ask(lambda: everywhere_alike(plane, row, column) if everywhere else connected(plane, row, column))

    def finish(self, document: Document) -> None:
        """A click is all."""

    def _accept(self, document: Document) -> None:
        """Labels that changed meanwhile may have another region there."""
        if document.revision == self._revision:
            super()._accept(document)
        else:
            self._drop()

    def _painted(self) -> int:
        return self._class_id

    def _began(self) -> Point | None:
        return self._at


def connected(plane: Labels, row: int, column: int) -> Patch:
    """Pixels of the label at (row, column) that hang together with it over their edges."""
    height, width = plane.shape
    mask = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (255 << 8)
    _, _, _, (x, y, w, h) = cv2.floodFill(plane, mask, (column, row), 0, 0, 0, flags)
    box = Box(y, x, y + h, x + w)
    return box, mask[1:-1, 1:-1][box.slices] != 0


def everywhere_alike(plane: Labels, row: int, column: int) -> Patch:
    """All pixels of the label at (row, column)."""
    mask = plane == plane[row, column]
    return (whole(*plane.shape), mask) if mask.any() else NOTHING
