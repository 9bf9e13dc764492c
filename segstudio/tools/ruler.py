"""Ruler: measures distances."""

from __future__ import annotations

import math

from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance
from segstudio.tools.options import N, ToolSettings
from segstudio.tools.shapes import DragShape
from segstudio.tools.tool import Pointer, Preview, ToolContext, ToolInfo


class Ruler(DragShape):
    """Shows length in pixels and angle while dragging and until the next press; changes nothing."""

    info = ToolInfo(
        "ruler",
        N("Tool", "Ruler"),
        "U",
        "ph.ruler",
        hint=N("Tool", "Drag to measure in pixels   Shift: steps of 45 degrees   Esc removes the ruler"),
        needs_class=False,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._measured: tuple[Point, Point] | None = None

    def press(self, document: Document, pointer: Pointer) -> None:
        self._measured = None
        super().press(document, pointer)

    def finish(self, document: Document) -> None:
        if self._start is not None and self._end is not None:
            self._measured = self._start, self._end
        self._start = self._end = None

    def cancel(self, document: Document) -> None:
        self._measured = None
        super().cancel(document)

    def preview(self, document: Document) -> Preview:
        if self._start is not None and self._end is not None:
            return self._preview_of(self._start, self._end)
        return Preview() if self._measured is None else self._preview_of(*self._measured)

    def _constrain(self, pointer: Pointer) -> Point:
        if not pointer.shift or self._start is None:
            return pointer.point
        dx, dy = pointer.x - self._start[0], pointer.y - self._start[1]
        angle = round(math.atan2(dy, dx) / (math.pi / 4)) * math.pi / 4
        length = dx * math.cos(angle) + dy * math.sin(angle)
        return self._start[0] + length * math.cos(angle), self._start[1] + length * math.sin(angle)

    def _preview_of(self, start: Point, end: Point) -> Preview:
        angle = math.degrees(math.atan2(start[1] - end[1], end[0] - start[0]))
        dx, dy = abs(end[0] - start[0]), abs(end[1] - start[1])
        text = f"{distance(start, end):.1f} px   {dx:.0f} × {dy:.0f}   {angle:.1f}°"
        return Preview((start, end), handles=(start, end), text=text)
