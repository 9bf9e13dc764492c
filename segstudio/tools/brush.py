"""The brush: the swept disc of one mouse event at a time."""

from __future__ import annotations

from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.raster import capsule
from segstudio.tools.tool import Choice, Draft, Pointer


class Brush:
    """Paints the current class along the pointer's way; Shift+click draws a straight line from the last dab."""

    name = "brush"
    key = "B"
    hint = "Drag to paint   [ ] size   Shift+click straight line   digits choose the class"

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._last: Point | None = None
        self._painting = 0

    @property
    def radius_px(self) -> float | None:
        return self._choice.radius_px

    def _class_id(self) -> int:
        return self._choice.class_id

    def press(self, document: Document, pointer: Pointer) -> None:
        document.begin()
        self._painting = self._class_id()  # a stroke keeps its class, whatever key is pressed meanwhile
        start = self._last if pointer.shift and self._last is not None else pointer.point
        self._sweep(document, start, pointer.point)

    def move(self, document: Document, pointer: Pointer) -> None:
        if document.stroking:
            self._sweep(document, self._last or pointer.point, pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        if document.stroking:
            document.commit(self.name)

    def hover(self, document: Document, pointer: Pointer) -> None:
        """The cursor is the canvas's matter."""

    def finish(self, document: Document) -> None:
        """A stroke ends with its release."""

    def take_back(self, document: Document) -> bool:
        return False

    def step_back(self, document: Document) -> bool:
        return False

    def cancel(self, document: Document) -> None:
        self._last = None
        document.cancel()

    def draft(self, document: Document) -> Draft:
        return Draft()

    def _sweep(self, document: Document, start: Point, end: Point) -> None:
        box, mask = capsule(start, end, self._choice.radius_px, document.annotation.box)
        document.paint(self._painting, box, mask)
        self._last = end
