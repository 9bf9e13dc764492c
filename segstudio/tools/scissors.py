"""Intelligent scissors: a line that follows edges of the image between clicked anchors.

Mortensen and Barrett, "Intelligent scissors for image composition", SIGGRAPH 1995, as implemented in OpenCV.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import Box, full_box
from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.options import RULES, N, ToolSettings
from segstudio.tools.tool import Pointer, Preview, Tool, ToolContext, ToolInfo, ToolWork

_HALF_SIDE_PX = 400  # of the region around an anchor in which edges are followed
_DETAIL_PX = 0.8


class EdgeMap:
    """Cheapest paths along edges from one anchor to any pixel of the region around it."""

    def __init__(self, image: NDArray[np.uint8], anchor: Point) -> None:
        row, column = int(anchor[1] // 1), int(anchor[0] // 1)
        near = Box(row - _HALF_SIDE_PX, column - _HALF_SIDE_PX, row + _HALF_SIDE_PX, column + _HALF_SIDE_PX)
        self.box = near.intersect(full_box(*image.shape[:2]))
        self.anchor = anchor
        part = np.ascontiguousarray(image[self.box.slices][:, :, :3])
        self._tool: Any = cv2.segmentation.IntelligentScissorsMB()
        self._tool.setEdgeFeatureCannyParameters(32, 100)
        self._tool.setGradientMagnitudeMaxLimit(200)
        self._tool.applyImage(part)
        self._tool.buildMap((column - self.box.x0, row - self.box.y0))

    def path_to(self, end: Point) -> tuple[Point, ...]:
        """Points from the anchor (not included) to `end`; straight outside the region."""
        x = int(np.clip(end[0] // 1, self.box.x0, self.box.x1 - 1)) - self.box.x0
        y = int(np.clip(end[1] // 1, self.box.y0, self.box.y1 - 1)) - self.box.y0
        found = self._tool.getContour((x, y))
        if found is None or len(found) < 2:
            return (end,)
        simple = cv2.approxPolyDP(found.astype(np.float32), _DETAIL_PX, False).reshape(-1, 2)
        between = simple[1:-1] + np.array((self.box.x0, self.box.y0))
        return (*((float(px), float(py)) for px, py in between), end)


class Scissors(Tool):
    """Each click sets an anchor; the line between anchors follows the edges of the image."""

    info = ToolInfo(
        "scissors",
        N("Tool", "Intelligent scissors"),
        "I",
        "ph.scissors",
        hint=N(
            "Tool",
            "Click along a border, the line follows its edge   Backspace removes an anchor   "
            "Enter or first anchor closes",
        ),
        options=(RULES,),
        ends_by_double_click=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._legs: list[tuple[Point, ...]] = []  # each ends with its anchor; the first is the anchor alone
        self._map: EdgeMap | None = None
        self._next_leg: tuple[Point, ...] = ()  # from the last anchor to the pointer
        self._pending: ToolWork | None = None
        self._expected: ToolWork | None = None

    @property
    def _anchors(self) -> list[Point]:
        return [leg[-1] for leg in self._legs]

    @property
    def _points(self) -> tuple[Point, ...]:
        return tuple(point for leg in self._legs for point in leg)

    def press(self, document: Document, pointer: Pointer) -> None:
        if self._context.image is None:
            return
        at = _clamp(pointer.point, document.annotation.box)
        if len(self._legs) > 1 and distance(self._legs[0][-1], at) <= pointer.reach:
            self._close(document)
            return
        if self._legs and at == self._legs[-1][-1]:
            return
        self._legs.append(self._path_to(at) if self._legs else (at,))
        self._next_leg = ()
        self._request_map()

    def hover(self, document: Document, pointer: Pointer) -> None:
        if self._legs:
            self._next_leg = self._path_to(_clamp(pointer.point, document.annotation.box))

    def finish(self, document: Document) -> None:
        if len(self._legs) > 1:
            self._close(document)

    def take_back(self, document: Document) -> bool:
        started = bool(self._legs)
        self._legs = self._legs[:-1]
        self._next_leg = ()
        self._request_map()
        return started

    def cancel(self, document: Document) -> None:
        self._reset()
        document.cancel()

    def preview(self, document: Document) -> Preview:
        if not self._legs:
            return Preview()
        return Preview((*self._points, *self._next_leg), handles=tuple(self._anchors))

    def pending_work(self) -> ToolWork | None:
        work, self._pending = self._pending, None
        return work

    def work_done(self, document: Document, work: ToolWork, result: object) -> None:
        if work is self._expected and isinstance(result, EdgeMap):
            self._map, self._expected = result, None

    def _request_map(self) -> None:
        self._map = None
        image = self._context.image
        if self._legs and image is not None:
            anchor = self._legs[-1][-1]
            self._pending = self._expected = ToolWork(lambda: EdgeMap(image, anchor))
        else:
            self._pending = self._expected = None

    def _path_to(self, end: Point) -> tuple[Point, ...]:
        """Straight until the edge map of the last anchor is there."""
        if self._map is None or self._map.anchor != self._legs[-1][-1]:
            return (end,)
        return self._map.path_to(end)

    def _close(self, document: Document) -> None:
        points = (*self._points, *self._path_to(self._legs[0][-1])[:-1])
        self._reset()
        if len(points) > 2:
            document.add(self.info.name, Shape(self._label(document), POLYGON, points))

    def _reset(self) -> None:
        self._legs, self._next_leg, self._map = [], (), None
        self._pending = self._expected = None


def _clamp(point: Point, image: Box) -> Point:
    return min(max(point[0], 0.0), image.x1 - 0.01), min(max(point[1], 0.0), image.y1 - 0.01)
