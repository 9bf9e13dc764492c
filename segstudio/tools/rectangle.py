"""Rectangles along the axes."""

from __future__ import annotations

from segstudio.core.geometry import Point
from segstudio.core.shape import RECTANGLE
from segstudio.tools.drag_shape import DragShape
from segstudio.tools.tool import Draft, Pointer


class Rectangle(DragShape):
    """From corner to corner; a square with Shift."""

    name = "rectangle"
    key = "R"
    hint = "Drag from corner to corner, or click both   Shift makes a square   Esc gives up"
    kind = RECTANGLE

    def _bound(self, pointer: Pointer) -> Point:
        if not pointer.shift or self._start is None:
            return pointer.point
        (x0, y0), dx, dy = self._start, pointer.x - self._start[0], pointer.y - self._start[1]
        side = max(abs(dx), abs(dy))
        return x0 + (side if dx >= 0 else -side), y0 + (side if dy >= 0 else -side)

    def _large_enough(self, start: Point, end: Point) -> bool:
        return abs(start[0] - end[0]) >= 0.5 and abs(start[1] - end[1]) >= 0.5

    def _drawn(self, start: Point, end: Point) -> Draft:
        (x0, y0), (x1, y1) = start, end
        corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        return Draft(corners, closed=True, handles=(start, end), text=f"{abs(x1 - x0):.0f} × {abs(y1 - y0):.0f}")
