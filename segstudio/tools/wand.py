"""The magic wand: pixels alike, more of them the further one drags."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box, whole
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
from segstudio.tools.proposal import NOTHING, ProposalTool
from segstudio.tools.tool import Choice, Draft, Pointer, Sight

_LEAST_SIDE = 1024  # pixels around the click that are looked at, however near the view is
_PER_REACH = 2.0  # tolerance for each reach that the hand moves


class Wand(ProposalTool):
    """Press on a place: what is like it and in view lights up; drag right for more, left for less; let go to paint."""

    name = "wand"
    key = "W"
    has_second_button = True
    hint = "Press and drag: right takes more, left less   Shift also what is not connected   Alt takes labels away"
    options = ("tolerance", "on_heat", "rules")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._at: Point | None = None
        self._start_tolerance = 0
        self._class_id = 0
        self._everywhere = False

    def press(self, document: Document, pointer: Pointer) -> None:
        self.settle(document)
        self._at, self._start_tolerance = pointer.point, self._choice.tolerance
        self._class_id = ERASE if pointer.alt or pointer.secondary else self._choice.class_id
        self._everywhere, self._accepting = pointer.shift, False
        self._look()

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._at is None:
            return
        way = (pointer.x - self._at[0]) / max(pointer.reach, 1e-9)
        tolerance = int(np.clip(self._start_tolerance + _PER_REACH * way, 0, 255))
        if tolerance != self._choice.tolerance:
            self._choice.tolerance = tolerance
            self._look()

    def release(self, document: Document, pointer: Pointer) -> None:
        if self._at is not None:
            self.finish(document)

    def draft(self, document: Document) -> Draft:
        if self._at is None or self._proposal[0].empty:
            return Draft()
        return Draft((self._at,), preview=self._proposal, text=f"{self._choice.tolerance}")

    def _painted(self) -> int:
        return self._class_id

    def _began(self) -> Point | None:
        return self._at

    def _drop(self) -> None:
        super()._drop()
        self._at = None

    def _look(self) -> None:
        heat = self._sight.heat
        source = heat if self._choice.on_heat and heat is not None else self._sight.image
        if source is None or self._at is None:
            return
        row, column = int(self._at[1] // 1), int(self._at[0] // 1)
        if not (0 <= row < source.shape[0] and 0 <= column < source.shape[1]):
            return
        box, tolerance, everywhere = (
            window(self._sight.seen, row, column, source),
            self._choice.tolerance,
            self._everywhere,
        )
        self._ask(lambda: alike(source, box, (row, column), tolerance, everywhere))


def window(seen: Box, row: int, column: int, source: NDArray[np.uint8]) -> Box:
    """What is in view, and at least a thousand pixels around the click."""
    half = _LEAST_SIDE // 2
    near = Box(row - half, column - half, row + half, column + half)
    return seen.union(near).intersect(whole(*source.shape[:2]))


def alike(source: NDArray[np.uint8], box: Box, at: tuple[int, int], tolerance: int, everywhere: bool) -> Patch:
    """Pixels of `box` whose every channel differs by at most `tolerance` from the pixel `at` (row, column)."""
    part = source[box.slices]
    if part.ndim == 3:
        part = part[:, :, :3].copy()
    row, column = at[0] - box.y0, at[1] - box.x0
    mask = _similar(part, row, column, tolerance) if everywhere else _flooded(part, row, column, tolerance)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return NOTHING
    tight = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    return tight.moved(box.y0, box.x0), mask[tight.slices]


def _flooded(part: NDArray[np.uint8], row: int, column: int, tolerance: int) -> Mask:
    mask = np.zeros((part.shape[0] + 2, part.shape[1] + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (255 << 8)
    spread = (tolerance,) * 3
    cv2.floodFill(np.ascontiguousarray(part), mask, (column, row), 0, spread, spread, flags)
    return np.asarray(mask[1:-1, 1:-1] != 0)


def _similar(part: NDArray[np.uint8], row: int, column: int, tolerance: int) -> Mask:
    apart = np.abs(part.astype(np.int16) - part[row, column].astype(np.int16)) <= tolerance
    return np.asarray(apart if apart.ndim == 2 else apart.all(axis=2))
