"""Tools that are told points by clicks, one after the other."""

from __future__ import annotations

from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.tools.tool import Choice, Pointer, Sight, Tool


class ClickedPoints(Tool):
    """Keeps the points so far, and where the pointer is."""

    options = ("rules",)

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._points: tuple[Point, ...] = ()
        self._ghost: Point | None = None

    def hover(self, document: Document, pointer: Pointer) -> None:
        self._ghost = pointer.point

    def take_back(self, document: Document) -> bool:
        begun = bool(self._points)
        self._points = self._points[:-1]
        return begun

    def cancel(self, document: Document) -> None:
        self._points = ()
        document.cancel()
