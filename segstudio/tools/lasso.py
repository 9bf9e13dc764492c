"""The lasso: everything inside a line drawn by hand."""

from __future__ import annotations

from segstudio.core.box import Box
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch, shape_patch
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.free_line import FreeLine
from segstudio.tools.tool import Choice, Pointer, Sight


class Lasso(FreeLine):
    """Drag around a region; letting go closes it and paints its inside."""

    name = "lasso"
    key = "L"
    has_second_button = True
    hint = "Drag around a region to paint it   Alt or right button takes labels away   Esc gives up"
    options = ("rules",)
    closed = True

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._class_id = 0

    def press(self, document: Document, pointer: Pointer) -> None:
        super().press(document, pointer)
        self._class_id = ERASE if pointer.alt or pointer.secondary else self._choice.class_id

    def _done(self, document: Document, points: list[Point]) -> None:
        box, mask = inside(points, document.annotation.box)
        document.begin(points[0])
        document.paint(self._class_id, box, mask)
        document.commit(self.name)


def inside(points: list[Point], image: Box) -> Patch:
    """The pixels of a closed line, by the rule of polygons."""
    return shape_patch(Shape("", POLYGON, tuple(points)), image)
