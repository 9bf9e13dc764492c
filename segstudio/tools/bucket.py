"""Bucket: fills a connected region of one label, or all pixels of that label."""

from __future__ import annotations

import cv2
import numpy as np

from segstudio.core.box import Box, full_box
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Labels, Patch
from segstudio.tools.options import RULES, N, ToolSettings
from segstudio.tools.proposal import NOTHING, ProposalTool
from segstudio.tools.tool import Cursor, Pointer, ToolContext, ToolInfo


class Bucket(ProposalTool):
    """A click fills the connected pixels of one label with the current class; Shift fills all pixels of that label."""

    info = ToolInfo(
        "bucket",
        N("Tool", "Bucket"),
        "F",
        "ph.paint-bucket",
        Cursor.POINTING,
        N("Tool", "Click to fill a region of one label   Shift+click all pixels of that label   Alt+click erases"),
        options=(RULES,),
        makes_pixels=True,
        has_second_button=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._class_id = 0
        self._at: Point | None = None
        self._revision = 0

    def press(self, document: Document, pointer: Pointer) -> None:
        self.finish_accepted(document)
        row, column = int(pointer.y // 1), int(pointer.x // 1)
        height, width = document.plane.shape
        if not (0 <= row < height and 0 <= column < width):
            return
        self._class_id = ERASE if pointer.alt or pointer.secondary else self._settings.class_id
        if document.plane[row, column] == self._class_id:
            return
        plane, find = document.plane, find_all_alike if pointer.shift else find_connected
        self._at, self._accepting, self._revision = pointer.point, True, document.revision
        self._request(lambda: find(plane, row, column))

    def finish(self, document: Document) -> None:
        """Nothing is left to do after the click."""

    def _accept(self, document: Document) -> None:
        """Drop the result if the labels were edited meanwhile: the region there may be another one."""
        if document.revision == self._revision:
            super()._accept(document)
        else:
            self._drop()

    def _painted_class(self) -> int:
        return self._class_id

    def _start_point(self) -> Point | None:
        return self._at


def find_connected(plane: Labels, row: int, column: int) -> Patch:
    """Pixels with the label at (row, column) that are 4-connected to it."""
    height, width = plane.shape
    mask = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (255 << 8)
    _, _, _, (x, y, w, h) = cv2.floodFill(plane, mask, (column, row), 0, 0, 0, flags)
    box = Box(y, x, y + h, x + w)
    return box, mask[1:-1, 1:-1][box.slices] != 0


def find_all_alike(plane: Labels, row: int, column: int) -> Patch:
    """All pixels with the label at (row, column)."""
    mask = plane == plane[row, column]
    return (full_box(*plane.shape), mask) if mask.any() else NOTHING
