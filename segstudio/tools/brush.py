"""The brush: the swept disc or square of one mouse event at a time."""

from __future__ import annotations

from dataclasses import replace

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point
from segstudio.core.raster import capsule, swept_square
from segstudio.tools.tool import Choice, Pointer, Sight, Tool

_LIGHTEST = 0.1  # the share of the size that the lightest touch of a pen has


class Brush(Tool):
    """Paints the current class along the pointer's way; Shift+click draws a straight line from the last dab."""

    name = "brush"
    key = "B"
    has_second_button = True
    hint = "Drag to paint, right button erases   [ ] size   Shift+click straight line   X last class"
    options = ("radius_px", "square", "pressure", "rules")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._last: Point | None = None
        self._painting = 0
        self._pressure = 1.0

    @property
    def radius_px(self) -> float | None:
        return self._choice.radius_px

    def _class_id(self, pointer: Pointer) -> int:
        return ERASE if pointer.secondary else self._choice.class_id

    def press(self, document: Document, pointer: Pointer) -> None:
        line = pointer.shift and self._last is not None
        document.begin(self._last if line else pointer.point)
        self._painting = self._class_id(pointer)  # a stroke keeps its class, whatever key is pressed meanwhile
        start = self._last if line and self._last is not None else pointer.point
        self._sweep(document, start, pointer)

    def move(self, document: Document, pointer: Pointer) -> None:
        if document.stroking:
            self._sweep(document, self._last or pointer.point, pointer)

    def release(self, document: Document, pointer: Pointer) -> None:
        if document.stroking:
            if pointer.point != self._last:  # the last move may have come together with the release
                self._sweep(document, self._last or pointer.point, replace(pointer, pressure=self._pressure))
            document.commit("eraser" if self._painting == ERASE else self.name)

    def step_back(self, document: Document) -> bool:
        return False

    def cancel(self, document: Document) -> None:
        self._last = None
        document.cancel()

    def _sweep(self, document: Document, start: Point, pointer: Pointer) -> None:
        radius = self._choice.radius_px
        if self._choice.pressure:
            radius *= max(_LIGHTEST, pointer.pressure)
        swept = swept_square if self._choice.square else capsule
        box, mask = swept(start, pointer.point, radius, document.annotation.box)
        self._apply(document, box, mask)
        self._last, self._pressure = pointer.point, pointer.pressure

    def _apply(self, document: Document, box: Box, mask: Mask) -> None:
        document.paint(self._painting, box, mask)
