"""Tools that act on a line drawn by dragging: lasso and knife."""

from __future__ import annotations

import itertools

from segstudio.core import shape_edits
from segstudio.core.box import Box
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point, distance
from segstudio.core.hit_test import find_at_pixel
from segstudio.core.raster import Patch, rasterise_vector_shape
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.options import RULES, N, ToolSettings
from segstudio.tools.tool import Pointer, Preview, Tool, ToolContext, ToolInfo

_STEP_PX = 0.5  # points nearer than this to the last one are left out


class FreeLine(Tool):
    """Collects the points of a drag; `_use_line` gets them at release."""

    closed = False

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._points: list[Point] = []

    def press(self, document: Document, pointer: Pointer) -> None:
        self._points = [pointer.point]

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._points and distance(self._points[-1], pointer.point) >= _STEP_PX:
            self._points.append(pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        points, self._points = self._points, []
        if len(points) > (2 if self.closed else 1):
            self._use_line(document, points)

    def take_back(self, document: Document) -> bool:
        started = bool(self._points)
        self._points = []
        return started

    def cancel(self, document: Document) -> None:
        self._points = []
        document.cancel()

    def preview(self, document: Document) -> Preview:
        if not self._points:
            return Preview()
        return Preview(tuple(self._points), closed=self.closed and len(self._points) > 2)

    def _use_line(self, document: Document, points: list[Point]) -> None:
        """Make the edit that the line is for."""


class Lasso(FreeLine):
    """Drag around a region; releasing the button closes the line and paints its inside."""

    info = ToolInfo(
        "lasso",
        N("Tool", "Lasso"),
        "L",
        "ph.scribble-loop",
        hint=N("Tool", "Drag around a region to paint it   Alt or right button erases   Esc cancels"),
        options=(RULES,),
        makes_pixels=True,
        has_second_button=True,
    )
    closed = True

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._class_id = 0

    def press(self, document: Document, pointer: Pointer) -> None:
        super().press(document, pointer)
        self._class_id = ERASE if pointer.alt or pointer.secondary else self._settings.class_id

    def _use_line(self, document: Document, points: list[Point]) -> None:
        box, mask = fill_outline(points, document.annotation.box)
        document.begin(points[0])
        document.paint(self._class_id, box, mask)
        document.commit(self.info.name)


class Knife(FreeLine):
    """Drag across an object: each part becomes an object. With a selection only the selected objects are split."""

    info = ToolInfo(
        "knife",
        N("Tool", "Split along a line"),
        "K",
        "ph.knife",
        hint=N("Tool", "Drag across an object to split it   Shift: straight line   with a selection, splits only that"),
        needs_class=False,
    )

    def move(self, document: Document, pointer: Pointer) -> None:
        if pointer.shift and self._points:
            self._points = [self._points[0], pointer.point]
        else:
            super().move(document, pointer)

    def _use_line(self, document: Document, points: list[Point]) -> None:
        annotation = document.annotation
        document.apply(
            self.info.name, shape_edits.split_along(annotation, self._find_objects(document, points), points)
        )

    def _find_objects(self, document: Document, points: list[Point]) -> set[int]:
        """The selected objects, or else the topmost ones along the line."""
        selected = set(document.selected)
        if selected:
            return selected
        excluded = document.marks.hidden | document.locked_uids
        places = _sample_line([_clamp(point, document.annotation.box) for point in points])
        hits = (find_at_pixel(document.annotation, at, document.patch, excluded) for at in places)
        return {hit for hit in hits if hit is not None}


def fill_outline(points: list[Point], image: Box) -> Patch:
    """The pixels inside a closed line, by the rule for polygons."""
    return rasterise_vector_shape(Shape("", POLYGON, tuple(points)), image)


def _clamp(point: Point, image: Box) -> Point:
    """At most one image length outside the image, which bounds the number of samples."""
    far = max(image.height, image.width)
    return min(max(point[0], -far), 2 * far), min(max(point[1], -far), 2 * far)


def _sample_line(points: list[Point], step_px: float = 2.0) -> list[Point]:
    """Points on a line at most about `step_px` apart."""
    out = [points[0]]
    for a, b in itertools.pairwise(points):
        count = max(1, int(distance(a, b) / step_px))
        out += [(a[0] + (b[0] - a[0]) * k / count, a[1] + (b[1] - a[1]) * k / count) for k in range(1, count + 1)]
    return out
