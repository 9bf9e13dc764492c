"""Tools that follow a line drawn by hand and act when it is let go."""

from __future__ import annotations

from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance
from segstudio.tools.tool import Choice, Draft, Pointer, Sight, Tool

_STEP_PX = 0.5  # nearer points say nothing


class FreeLine(Tool):
    """Keeps the line; `_done` gets it at release."""

    closed = False

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._points: list[Point] = []

    def press(self, document: Document, pointer: Pointer) -> None:
        self._points = [pointer.point]

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._points and distance(self._points[-1], pointer.point) >= _STEP_PX:
            self._points.append(pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        points, self._points = self._points, []
        if len(points) > (2 if self.closed else 1):
            self._done(document, points)

    def take_back(self, document: Document) -> bool:
        begun = bool(self._points)
        self._points = []
        return begun

    def cancel(self, document: Document) -> None:
        self._points = []
        document.cancel()

    def draft(self, document: Document) -> Draft:
        return Draft(tuple(self._points), closed=self.closed and len(self._points) > 2) if self._points else Draft()

    def _done(self, document: Document, points: list[Point]) -> None:
        """What the line is for."""
