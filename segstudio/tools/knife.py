"""The knife: splits objects along a drawn line."""

from __future__ import annotations

import itertools

from segstudio.core import edits
from segstudio.core.box import Box
from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance
from segstudio.core.hit_test import at_pixel
from segstudio.tools.free_line import FreeLine
from segstudio.tools.tool import Pointer


class Knife(FreeLine):
    """Drag right across an object: each part becomes an object. Of several, only the selected ones are cut."""

    name = "knife"
    key = "K"
    hint = "Drag across an object to split it   Shift cuts straight   only selected objects, if there are any"

    def move(self, document: Document, pointer: Pointer) -> None:
        if pointer.shift and self._points:
            self._points = [self._points[0], pointer.point]
        else:
            super().move(document, pointer)

    def _done(self, document: Document, points: list[Point]) -> None:
        annotation = document.annotation
        document.apply(self.name, edits.split_along(annotation, self._under(document, points), points))

    def _under(self, document: Document, points: list[Point]) -> set[int]:
        """The selected objects, or else those that the line is seen to cross."""
        selected = set(document.selected)
        if selected:
            return selected
        passed = document.marks.hidden | document.untouchable
        places = _dense([_near(point, document.annotation.box) for point in points])
        hits = (at_pixel(document.annotation, at, document.patch, passed) for at in places)
        return {hit for hit in hits if hit is not None}


def _near(point: Point, image: Box) -> Point:
    """No further outside than the image is long."""
    far = max(image.height, image.width)
    return min(max(point[0], -far), 2 * far), min(max(point[1], -far), 2 * far)


def _dense(points: list[Point], step_px: float = 2.0) -> list[Point]:
    """Places every two pixels along a line."""
    out = [points[0]]
    for a, b in itertools.pairwise(points):
        count = max(1, int(distance(a, b) / step_px))
        out += [(a[0] + (b[0] - a[0]) * k / count, a[1] + (b[1] - a[1]) * k / count) for k in range(1, count + 1)]
    return out
