"""Brush and eraser: paint the disc or square swept between two mouse events."""

from __future__ import annotations

from dataclasses import replace

from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point
from segstudio.core.raster import rasterise_capsule, rasterise_swept_square
from segstudio.tools.options import PRESSURE, RADIUS, RULES, SQUARE, N, ToolSettings
from segstudio.tools.tool import Cursor, Pointer, Tool, ToolContext, ToolInfo

_MIN_PRESSURE = 0.1  # the lightest touch of a pen paints with this fraction of the radius


class Brush(Tool):
    """Paints the current class along the pointer's path; Shift+click draws a straight line from the last stroke."""

    info = ToolInfo(
        "brush",
        N("Tool", "Brush"),
        "B",
        "ph.paint-brush",
        Cursor.ROUND,
        N("Tool", "Drag to paint, right button erases   [ ] size   Shift+click straight line   X last class"),
        options=(RADIUS, SQUARE, PRESSURE, RULES),
        makes_pixels=True,
        has_second_button=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._last: Point | None = None
        self._painting = 0
        self._pressure = 1.0

    def press(self, document: Document, pointer: Pointer) -> None:
        start = self._last if pointer.shift and self._last is not None else pointer.point
        document.begin(start)
        self._painting = self._class_id(pointer)  # kept for the whole stroke, whichever digit is pressed meanwhile
        self._sweep(document, start, pointer)

    def move(self, document: Document, pointer: Pointer) -> None:
        if document.has_open_stroke:
            self._sweep(document, self._last or pointer.point, pointer)

    def release(self, document: Document, pointer: Pointer) -> None:
        if document.has_open_stroke:
            if pointer.point != self._last:  # the last move may arrive together with the release
                self._sweep(document, self._last or pointer.point, replace(pointer, pressure=self._pressure))
            document.commit(Eraser.info.name if self._painting == ERASE else self.info.name)

    def cancel(self, document: Document) -> None:
        self._last = None
        document.cancel()

    def _class_id(self, pointer: Pointer) -> int:
        return ERASE if pointer.secondary else self._settings.class_id

    def _sweep(self, document: Document, start: Point, pointer: Pointer) -> None:
        radius_px = self._settings.radius_px
        if self._settings.pressure:
            radius_px *= max(_MIN_PRESSURE, pointer.pressure)
        sweep = rasterise_swept_square if self._settings.square else rasterise_capsule
        box, mask = sweep(start, pointer.point, radius_px, document.annotation.box)
        document.paint(self._painting, box, mask)
        self._last, self._pressure = pointer.point, pointer.pressure


class Eraser(Brush):
    """Erases labels; a polygon that loses a pixel becomes a mask."""

    info = ToolInfo(
        "eraser",
        N("Tool", "Eraser"),
        "E",
        "ph.eraser",
        Cursor.ROUND,
        N("Tool", "Drag to erase   [ ] size   Shift+click straight line   a polygon that loses a pixel becomes a mask"),
        options=(RADIUS, SQUARE, PRESSURE, RULES),
        needs_class=False,
        makes_pixels=True,
        has_second_button=True,
    )

    def _class_id(self, pointer: Pointer) -> int:
        return ERASE
