"""Circles."""

from __future__ import annotations

import math

from segstudio.core.geometry import Point, distance
from segstudio.core.shape import CIRCLE
from segstudio.tools.drag_shape import DragShape
from segstudio.tools.tool import Draft

_SEGMENTS = 64


class Circle(DragShape):
    """From the middle to the rim."""

    name = "circle"
    key = "C"
    hint = "Drag from the middle to the rim, or click both   Esc gives up"
    kind = CIRCLE

    def _large_enough(self, start: Point, end: Point) -> bool:
        return distance(start, end) >= 0.5

    def _drawn(self, start: Point, end: Point) -> Draft:
        radius, (x, y) = distance(start, end), start
        turns = [2 * math.pi * step / _SEGMENTS for step in range(_SEGMENTS)]
        rim = tuple((x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns)
        return Draft((*rim, end), closed=False, handles=(start, end), text=f"r {radius:.1f}")
