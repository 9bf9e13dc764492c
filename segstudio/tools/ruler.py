"""The ruler: how far it is from here to there."""

from __future__ import annotations

import math

from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance
from segstudio.tools.drag_shape import DragShape
from segstudio.tools.tool import Choice, Draft, Pointer, Sight


class Ruler(DragShape):
    """Shows length in pixels and angle while dragging, and until the next press; draws nothing."""

    name = "ruler"
    key = "U"
    hint = "Drag to measure in pixels   Shift keeps to 45 degrees   Esc takes the ruler away"
    options = ()

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._kept: tuple[Point, Point] | None = None

    def press(self, document: Document, pointer: Pointer) -> None:
        self._kept = None
        super().press(document, pointer)

    def finish(self, document: Document) -> None:
        if self._start is not None and self._end is not None:
            self._kept = self._start, self._end
        self._start = self._end = None

    def cancel(self, document: Document) -> None:
        self._kept = None
        super().cancel(document)

    def draft(self, document: Document) -> Draft:
        if self._start is not None and self._end is not None:
            return self._drawn(self._start, self._end)
        return Draft() if self._kept is None else self._drawn(*self._kept)

    def _bound(self, pointer: Pointer) -> Point:
        if not pointer.shift or self._start is None:
            return pointer.point
        dx, dy = pointer.x - self._start[0], pointer.y - self._start[1]
        turn = round(math.atan2(dy, dx) / (math.pi / 4)) * math.pi / 4
        length = dx * math.cos(turn) + dy * math.sin(turn)
        return self._start[0] + length * math.cos(turn), self._start[1] + length * math.sin(turn)

    def _drawn(self, start: Point, end: Point) -> Draft:
        angle = math.degrees(math.atan2(start[1] - end[1], end[0] - start[0]))
        dx, dy = abs(end[0] - start[0]), abs(end[1] - start[1])
        text = f"{distance(start, end):.1f} px   {dx:.0f} × {dy:.0f}   {angle:.1f}°"
        return Draft((start, end), handles=(start, end), text=text)
