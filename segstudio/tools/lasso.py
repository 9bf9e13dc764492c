"""The lasso: everything inside a line drawn by hand."""

from __future__ import annotations

import numpy as np

from segstudio.core.box import Box
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point, distance
from segstudio.core.raster import Patch, shape_patch
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.tool import Choice, Draft, Pointer, Sight, Tool

_STEP_PX = 0.5  # nearer points say nothing


class Lasso(Tool):
    """Drag around a region; letting go closes it and paints its inside."""

    name = "lasso"
    key = "L"
    has_second_button = True
    hint = "Drag around a region to paint it   Alt or right button takes labels away   Esc gives up"
    options = ("rules",)

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._points: list[Point] = []
        self._class_id = 0

    def press(self, document: Document, pointer: Pointer) -> None:
        self._points = [pointer.point]
        self._class_id = ERASE if pointer.alt or pointer.secondary else self._choice.class_id

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._points and distance(self._points[-1], pointer.point) >= _STEP_PX:
            self._points.append(pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        points, self._points = self._points, []
        if len(points) > 2:
            box, mask = inside(points, document.annotation.box)
            document.begin(points[0])
            self._apply(document, box, mask)
            document.commit(self.name)

    def take_back(self, document: Document) -> bool:
        begun = bool(self._points)
        self._points = []
        return begun

    def cancel(self, document: Document) -> None:
        self._points = []
        document.cancel()

    def draft(self, document: Document) -> Draft:
        return Draft(tuple(self._points), closed=len(self._points) > 2) if self._points else Draft()

    def _apply(self, document: Document, box: Box, mask: np.ndarray) -> None:
        document.paint(self._class_id, box, mask)


def inside(points: list[Point], picture: Box) -> Patch:
    """The pixels of a closed line, by the rule of polygons."""
    return shape_patch(Shape("", POLYGON, tuple(points)), picture)
