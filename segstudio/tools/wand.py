"""Magic wand: pixels of similar colour; dragging changes the tolerance."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box, full_box
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
from segstudio.tools.options import ON_PROBABILITY_MAP, RULES, TOLERANCE, N, ToolSettings
from segstudio.tools.proposal import NOTHING, ProposalTool
from segstudio.tools.tool import Pointer, Preview, ToolContext, ToolInfo

_MIN_SIDE_PX = 1024  # of the searched box around the click, however far the view is zoomed in
_TOLERANCE_PER_REACH = 2.0


class Wand(ProposalTool):
    """Press on a pixel to highlight similar ones in view; drag right for more, left for fewer; release to paint."""

    info = ToolInfo(
        "wand",
        N("Tool", "Magic wand"),
        "W",
        "ph.magic-wand",
        hint=N("Tool", "Press and drag: right for more, left for less   Shift also unconnected pixels   Alt erases"),
        options=(TOLERANCE, ON_PROBABILITY_MAP, RULES),
        makes_pixels=True,
        has_second_button=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._at: Point | None = None
        self._start_tolerance = 0
        self._class_id = 0
        self._everywhere = False

    def press(self, document: Document, pointer: Pointer) -> None:
        self.finish_accepted(document)
        self._at, self._start_tolerance = pointer.point, self._settings.tolerance
        self._class_id = ERASE if pointer.alt or pointer.secondary else self._settings.class_id
        self._everywhere, self._accepting = pointer.shift, False
        self._search()

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._at is None:
            return
        reaches = (pointer.x - self._at[0]) / max(pointer.reach, 1e-9)
        tolerance = int(np.clip(self._start_tolerance + _TOLERANCE_PER_REACH * reaches, 0, 255))
        if tolerance != self._settings.tolerance:
            self._settings.tolerance = tolerance
            self._search()

    def release(self, document: Document, pointer: Pointer) -> None:
        if self._at is not None:
            self.finish(document)

    def preview(self, document: Document) -> Preview:
        if self._at is None or self._proposal[0].empty:
            return Preview()
        return Preview((self._at,), mask=self._proposal, text=f"{self._settings.tolerance}")

    def _painted_class(self) -> int:
        return self._class_id

    def _start_point(self) -> Point | None:
        return self._at

    def _drop(self) -> None:
        super()._drop()
        self._at = None

    def _search(self) -> None:
        heatmap = self._context.probability_map
        source = heatmap if self._settings.on_probability_map and heatmap is not None else self._context.image
        if source is None or self._at is None:
            return
        row, column = int(self._at[1] // 1), int(self._at[0] // 1)
        if not (0 <= row < source.shape[0] and 0 <= column < source.shape[1]):
            return
        box, tolerance, everywhere = (
            search_box(self._context.visible_box, row, column, source),
            self._settings.tolerance,
            self._everywhere,
        )
        self._request(lambda: find_similar(source, box, (row, column), tolerance, everywhere))


def search_box(visible: Box, row: int, column: int, source: NDArray[np.uint8]) -> Box:
    """The visible part of the image, and at least 1024 pixels a side around the click."""
    half = _MIN_SIDE_PX // 2
    near = Box(row - half, column - half, row + half, column + half)
    return visible.union(near).intersect(full_box(*source.shape[:2]))


def find_similar(source: NDArray[np.uint8], box: Box, at: tuple[int, int], tolerance: int, everywhere: bool) -> Patch:
    """Pixels of `box` whose every channel differs by at most `tolerance` from the pixel `at` (row, column).

    Only those connected to it, unless `everywhere`.
    """
    part = source[box.slices]
    if part.ndim == 3:
        part = part[:, :, :3].copy()
    row, column = at[0] - box.y0, at[1] - box.x0
    mask = _compare(part, row, column, tolerance) if everywhere else _flood(part, row, column, tolerance)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return NOTHING
    tight = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    return tight.shift(box.y0, box.x0), mask[tight.slices]


def _flood(part: NDArray[np.uint8], row: int, column: int, tolerance: int) -> Mask:
    mask = np.zeros((part.shape[0] + 2, part.shape[1] + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (255 << 8)
    spread = (tolerance,) * 3
    cv2.floodFill(np.ascontiguousarray(part), mask, (column, row), 0, spread, spread, flags)
    return np.asarray(mask[1:-1, 1:-1] != 0)


def _compare(part: NDArray[np.uint8], row: int, column: int, tolerance: int) -> Mask:
    similar = np.abs(part.astype(np.int16) - part[row, column].astype(np.int16)) <= tolerance
    return np.asarray(similar if similar.ndim == 2 else similar.all(axis=2))
