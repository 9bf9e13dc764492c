"""Shapes that one drag gives: rectangle, circle, line from end to end."""

from __future__ import annotations

from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance
from segstudio.core.shape import Shape
from segstudio.tools.tool import Choice, Draft, Pointer, Sight, Tool


class DragShape(Tool):
    """Press and drag, or click twice. Names the kind of labelme's shape it makes."""

    kind = ""
    options: tuple[str, ...] = ("rules",)

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._start: Point | None = None
        self._end: Point | None = None
        self._dragged = False

    def press(self, document: Document, pointer: Pointer) -> None:
        if self._start is None:
            self._start, self._dragged = pointer.point, False
        self._end = self._bound(pointer)

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._start is not None:
            self._end = self._bound(pointer)
            self._dragged = self._dragged or distance(self._start, pointer.point) > pointer.reach / 2

    def release(self, document: Document, pointer: Pointer) -> None:
        """The end of a drag, or the second of two clicks; a first click waits for the second."""
        if self._start is None:
            return
        self._end = self._bound(pointer)
        if self._dragged or distance(self._start, pointer.point) > pointer.reach / 2:
            self.finish(document)

    def hover(self, document: Document, pointer: Pointer) -> None:
        if self._start is not None:
            self._end = self._bound(pointer)

    def finish(self, document: Document) -> None:
        start, end = self._start, self._end
        self._start = self._end = None
        if start is not None and end is not None and self._large_enough(start, end):
            document.add(self.name, Shape(self._label(document), self.kind, (start, end)))

    def take_back(self, document: Document) -> bool:
        begun = self._start is not None
        self._start = self._end = None
        return begun

    def cancel(self, document: Document) -> None:
        self._start = self._end = None
        document.cancel()

    def draft(self, document: Document) -> Draft:
        if self._start is None or self._end is None:
            return Draft()
        return self._drawn(self._start, self._end)

    def _bound(self, pointer: Pointer) -> Point:
        """Where the end lies; tools that know a Shift bind it here."""
        return pointer.point

    def _large_enough(self, start: Point, end: Point) -> bool:
        return start != end

    def _drawn(self, start: Point, end: Point) -> Draft:
        return Draft((start, end), handles=(start, end))
