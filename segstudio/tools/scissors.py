"""Intelligent scissors: a line that clings to edges of the image between clicked anchors.

Mortensen and Barrett, "Intelligent scissors for image composition", SIGGRAPH 1995, as OpenCV has it.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import Box, whole
from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.tool import Choice, Draft, Pointer, Sight, Tool, Work

_HALF_SIDE = 400  # of the region around an anchor in which the edges are followed
_DETAIL_PX = 0.8


class EdgeMap:
    """The best way from one anchor to any pixel of the region around it."""

    def __init__(self, image: NDArray[np.uint8], anchor: Point) -> None:
        row, column = int(anchor[1] // 1), int(anchor[0] // 1)
        near = Box(row - _HALF_SIDE, column - _HALF_SIDE, row + _HALF_SIDE, column + _HALF_SIDE)
        self.box = near.intersect(whole(*image.shape[:2]))
        self.anchor = anchor
        part = np.ascontiguousarray(image[self.box.slices][:, :, :3])
        self._tool: Any = cv2.segmentation.IntelligentScissorsMB()
        self._tool.setEdgeFeatureCannyParameters(32, 100)
        self._tool.setGradientMagnitudeMaxLimit(200)
        self._tool.applyImage(part)
        self._tool.buildMap((column - self.box.x0, row - self.box.y0))

    def way(self, to: Point) -> tuple[Point, ...]:
        """Points from the anchor (left out) to `to`; straight on where the region ends."""
        x = int(np.clip(to[0] // 1, self.box.x0, self.box.x1 - 1)) - self.box.x0
        y = int(np.clip(to[1] // 1, self.box.y0, self.box.y1 - 1)) - self.box.y0
        found = self._tool.getContour((x, y))
        if found is None or len(found) < 2:
            return (to,)
        simple = cv2.approxPolyDP(found.astype(np.float32), _DETAIL_PX, False).reshape(-1, 2)
        between = simple[1:-1] + np.array((self.box.x0, self.box.y0))
        return (*((float(px), float(py)) for px, py in between), to)


class Scissors(Tool):
    """Each click sets an anchor; the line between anchors finds its way along the image's edges."""

    name = "scissors"
    key = "I"
    hint = "Click along a border, the line clings to it   Backspace takes an anchor back   Enter or first anchor closes"
    ends_by_double_click = True
    options = ("rules",)

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._legs: list[tuple[Point, ...]] = []  # each ends with its anchor; the first is the anchor alone
        self._map: EdgeMap | None = None
        self._ghost: tuple[Point, ...] = ()
        self._pending: Work | None = None
        self._expected: Work | None = None

    @property
    def _anchors(self) -> list[Point]:
        return [leg[-1] for leg in self._legs]

    @property
    def _points(self) -> tuple[Point, ...]:
        return tuple(point for leg in self._legs for point in leg)

    def press(self, document: Document, pointer: Pointer) -> None:
        if self._sight.image is None:
            return
        at = _bounded(pointer.point, document.annotation.box)
        if len(self._legs) > 1 and distance(self._legs[0][-1], at) <= pointer.reach:
            self._close(document)
            return
        if self._legs and at == self._legs[-1][-1]:
            return
        self._legs.append(self._way(at) if self._legs else (at,))
        self._ghost = ()
        self._ask_map()

    def hover(self, document: Document, pointer: Pointer) -> None:
        if self._legs:
            self._ghost = self._way(_bounded(pointer.point, document.annotation.box))

    def finish(self, document: Document) -> None:
        if len(self._legs) > 1:
            self._close(document)

    def take_back(self, document: Document) -> bool:
        begun = bool(self._legs)
        self._legs = self._legs[:-1]
        self._ghost = ()
        self._ask_map()
        return begun

    def cancel(self, document: Document) -> None:
        self._reset()
        document.cancel()

    def draft(self, document: Document) -> Draft:
        if not self._legs:
            return Draft()
        return Draft((*self._points, *self._ghost), handles=tuple(self._anchors))

    def wanted(self) -> Work | None:
        work, self._pending = self._pending, None
        return work

    def done(self, document: Document, work: Work, result: object) -> None:
        if work is self._expected and isinstance(result, EdgeMap):
            self._map, self._expected = result, None

    def _ask_map(self) -> None:
        self._map = None
        image = self._sight.image
        if self._legs and image is not None:
            anchor = self._legs[-1][-1]
            self._pending = self._expected = Work(lambda: EdgeMap(image, anchor))
        else:
            self._pending = self._expected = None

    def _way(self, to: Point) -> tuple[Point, ...]:
        """Straight while the edges around the anchor are still being looked at."""
        if self._map is None or self._map.anchor != self._legs[-1][-1]:
            return (to,)
        return self._map.way(to)

    def _close(self, document: Document) -> None:
        points = (*self._points, *self._way(self._legs[0][-1])[:-1])
        self._reset()
        if len(points) > 2:
            document.add(self.name, Shape(self._label(document), POLYGON, points))

    def _reset(self) -> None:
        self._legs, self._ghost, self._map = [], (), None
        self._pending = self._expected = None


def _bounded(point: Point, image: Box) -> Point:
    return min(max(point[0], 0.0), image.x1 - 0.01), min(max(point[1], 0.0), image.y1 - 0.01)
