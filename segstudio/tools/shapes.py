"""Tools that draw one vector shape: rectangle, oriented rectangle, circle, line and point."""

from __future__ import annotations

import math

from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance
from segstudio.core.shape import CIRCLE, LINE, LINESTRIP, ORIENTED_RECTANGLE, POINT, RECTANGLE, Shape
from segstudio.tools.options import RULES, N, ToolSettings
from segstudio.tools.tool import Pointer, Preview, Tool, ToolContext, ToolInfo

_CIRCLE_SEGMENTS = 64
_MIN_SIDE_PX = 0.5  # smaller shapes are taken for a slip of the mouse


class DragShape(Tool):
    """Two points, by a drag or by two clicks. `kind` is the kind of shape that they define."""

    kind = ""

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._start: Point | None = None
        self._end: Point | None = None
        self._dragged = False

    def press(self, document: Document, pointer: Pointer) -> None:
        if self._start is None:
            self._start, self._dragged = pointer.point, False
        self._end = self._constrain(pointer)

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._start is not None:
            self._end = self._constrain(pointer)
            self._dragged = self._dragged or distance(self._start, pointer.point) > pointer.reach / 2

    def release(self, document: Document, pointer: Pointer) -> None:
        """Finish after a drag or the second of two clicks; after the first click wait for the second."""
        if self._start is None:
            return
        self._end = self._constrain(pointer)
        if self._dragged or distance(self._start, pointer.point) > pointer.reach / 2:
            self.finish(document)

    def hover(self, document: Document, pointer: Pointer) -> None:
        if self._start is not None:
            self._end = self._constrain(pointer)

    def finish(self, document: Document) -> None:
        start, end = self._start, self._end
        self._start = self._end = None
        if start is not None and end is not None and self._is_large_enough(start, end):
            document.add(self.info.name, Shape(self._label(document), self.kind, (start, end)))

    def take_back(self, document: Document) -> bool:
        started = self._start is not None
        self._start = self._end = None
        return started

    def cancel(self, document: Document) -> None:
        self._start = self._end = None
        document.cancel()

    def preview(self, document: Document) -> Preview:
        if self._start is None or self._end is None:
            return Preview()
        return self._preview_of(self._start, self._end)

    def _constrain(self, pointer: Pointer) -> Point:
        """The second point; tools with a Shift constraint override it."""
        return pointer.point

    def _is_large_enough(self, start: Point, end: Point) -> bool:
        return start != end

    def _preview_of(self, start: Point, end: Point) -> Preview:
        return Preview((start, end), handles=(start, end))


class Rectangle(DragShape):
    """From corner to corner; a square with Shift."""

    info = ToolInfo(
        "rectangle",
        N("Tool", "Rectangle"),
        "R",
        "ph.rectangle",
        hint=N("Tool", "Drag from corner to corner, or click both   Shift: square   Esc cancels"),
        options=(RULES,),
    )
    kind = RECTANGLE

    def _constrain(self, pointer: Pointer) -> Point:
        if not pointer.shift or self._start is None:
            return pointer.point
        (x0, y0), dx, dy = self._start, pointer.x - self._start[0], pointer.y - self._start[1]
        side = max(abs(dx), abs(dy))
        return x0 + (side if dx >= 0 else -side), y0 + (side if dy >= 0 else -side)

    def _is_large_enough(self, start: Point, end: Point) -> bool:
        return abs(start[0] - end[0]) >= _MIN_SIDE_PX and abs(start[1] - end[1]) >= _MIN_SIDE_PX

    def _preview_of(self, start: Point, end: Point) -> Preview:
        (x0, y0), (x1, y1) = start, end
        corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        return Preview(corners, closed=True, handles=(start, end), text=f"{abs(x1 - x0):.0f} × {abs(y1 - y0):.0f}")


class Circle(DragShape):
    """From the centre to the rim."""

    info = ToolInfo(
        "circle",
        N("Tool", "Circle"),
        "C",
        "ph.circle",
        hint=N("Tool", "Drag from the centre to the rim, or click both   Esc cancels"),
        options=(RULES,),
    )
    kind = CIRCLE

    def _is_large_enough(self, start: Point, end: Point) -> bool:
        return distance(start, end) >= _MIN_SIDE_PX

    def _preview_of(self, start: Point, end: Point) -> Preview:
        radius, (x, y) = distance(start, end), start
        angles = [2 * math.pi * step / _CIRCLE_SEGMENTS for step in range(_CIRCLE_SEGMENTS)]
        rim = tuple((x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles)
        return Preview((*rim, end), closed=False, handles=(start, end), text=f"r {radius:.1f}")


class ClickedPoints(Tool):
    """Collects clicked points; `_pointer` is the pointer's position."""

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._points: tuple[Point, ...] = ()
        self._pointer: Point | None = None

    def hover(self, document: Document, pointer: Pointer) -> None:
        self._pointer = pointer.point

    def take_back(self, document: Document) -> bool:
        started = bool(self._points)
        self._points = self._points[:-1]
        return started

    def cancel(self, document: Document) -> None:
        self._points = ()
        document.cancel()


class OrientedRectangle(ClickedPoints):
    """Three clicks: both ends of one side, then any point of the opposite side."""

    info = ToolInfo(
        "oriented rectangle",
        N("Tool", "Oriented rectangle"),
        "Shift+R",
        "ph.diamond",
        hint=N("Tool", "Click both ends of one side, then the opposite side   Esc cancels"),
        options=(RULES,),
    )

    def press(self, document: Document, pointer: Pointer) -> None:
        self._pointer = pointer.point
        if len(self._points) < 2:
            if not self._points or distance(self._points[0], pointer.point) >= _MIN_SIDE_PX:
                self._points = (*self._points, pointer.point)
            return
        corners = complete_rectangle(self._points[0], self._points[1], pointer.point)
        self._points = ()
        if distance(corners[1], corners[2]) >= _MIN_SIDE_PX:
            document.add(self.info.name, Shape(self._label(document), ORIENTED_RECTANGLE, corners))

    def move(self, document: Document, pointer: Pointer) -> None:
        self._pointer = pointer.point

    def release(self, document: Document, pointer: Pointer) -> None:
        """Dragging the first side works like clicking its ends."""
        if len(self._points) == 1 and distance(self._points[0], pointer.point) > pointer.reach:
            self._points = (*self._points, pointer.point)

    def preview(self, document: Document) -> Preview:
        if not self._points or self._pointer is None:
            return Preview()
        if len(self._points) == 1:
            return Preview(self._points, handles=self._points, next_point=self._pointer)
        corners = complete_rectangle(self._points[0], self._points[1], self._pointer)
        return Preview(corners, closed=True, handles=self._points)


class LineTool(ClickedPoints):
    """Two clicked points make a line, more a line strip; labelme draws both ten pixels wide."""

    info = ToolInfo(
        "line",
        N("Tool", "Line"),
        "Shift+L",
        "ph.line-segments",
        hint=N("Tool", "Click to add points, Enter or double click ends   Backspace removes the last one"),
        options=(RULES,),
        ends_by_double_click=True,
    )

    def press(self, document: Document, pointer: Pointer) -> None:
        if not self._points or self._points[-1] != pointer.point:
            self._points = (*self._points, pointer.point)

    def finish(self, document: Document) -> None:
        points, self._points = self._points, ()
        if len(points) > 1:
            kind = LINE if len(points) == 2 else LINESTRIP
            document.add(self.info.name, Shape(self._label(document), kind, points))

    def preview(self, document: Document) -> Preview:
        if not self._points:
            return Preview()
        return Preview(self._points, handles=self._points, next_point=self._pointer)


class PointTool(Tool):
    """A click adds a point, which labelme draws as a disc of five pixels."""

    info = ToolInfo(
        "point",
        N("Tool", "Point"),
        "Shift+P",
        "ph.record",
        hint=N("Tool", "Click to add a point"),
        options=(RULES,),
    )

    def press(self, document: Document, pointer: Pointer) -> None:
        document.add(self.info.name, Shape(self._label(document), POINT, (pointer.point,)))


def complete_rectangle(a: Point, b: Point, beyond: Point) -> tuple[Point, Point, Point, Point]:
    """Corners of the rectangle with the side a-b whose opposite side goes through `beyond`."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = math.hypot(dx, dy) or 1.0
    nx, ny = -dy / length, dx / length
    height = (beyond[0] - a[0]) * nx + (beyond[1] - a[1]) * ny
    return a, b, (b[0] + nx * height, b[1] + ny * height), (a[0] + nx * height, a[1] + ny * height)
