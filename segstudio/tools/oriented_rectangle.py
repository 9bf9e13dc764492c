"""Rectangles at an angle."""

from __future__ import annotations

import math

from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance
from segstudio.core.shape import ORIENTED_RECTANGLE, Shape
from segstudio.tools.clicked_points import ClickedPoints
from segstudio.tools.tool import Draft, Pointer


class OrientedRectangle(ClickedPoints):
    """Three clicks: both ends of one side, then how far the other side lies."""

    name = "oriented rectangle"
    key = "Shift+R"
    hint = "Click both ends of one side, then the other side   Esc gives up"

    def press(self, document: Document, pointer: Pointer) -> None:
        self._ghost = pointer.point
        if len(self._points) < 2:
            if not self._points or distance(self._points[0], pointer.point) >= 0.5:
                self._points = (*self._points, pointer.point)
            return
        corners = rectangle_of(self._points[0], self._points[1], pointer.point)
        self._points = ()
        if distance(corners[1], corners[2]) >= 0.5:
            document.add(self.name, Shape(self._label(document), ORIENTED_RECTANGLE, corners))

    def move(self, document: Document, pointer: Pointer) -> None:
        self._ghost = pointer.point

    def release(self, document: Document, pointer: Pointer) -> None:
        """Dragging the first side is as good as clicking its ends."""
        if len(self._points) == 1 and distance(self._points[0], pointer.point) > pointer.reach:
            self._points = (*self._points, pointer.point)

    def draft(self, document: Document) -> Draft:
        if not self._points or self._ghost is None:
            return Draft()
        if len(self._points) == 1:
            return Draft(self._points, handles=self._points, ghost=self._ghost)
        corners = rectangle_of(self._points[0], self._points[1], self._ghost)
        return Draft(corners, closed=True, handles=self._points)


def rectangle_of(a: Point, b: Point, beyond: Point) -> tuple[Point, Point, Point, Point]:
    """The rectangle with the side a-b whose other side goes through `beyond`."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = math.hypot(dx, dy) or 1.0
    nx, ny = -dy / length, dx / length
    height = (beyond[0] - a[0]) * nx + (beyond[1] - a[1]) * ny
    return a, b, (b[0] + nx * height, b[1] + ny * height), (a[0] + nx * height, a[1] + ny * height)
