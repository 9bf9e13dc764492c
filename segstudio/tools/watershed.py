"""Watershed tool: a few scribbles of each class; the edges of the image decide where the classes meet."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import EMPTY, Box, full_box
from segstudio.core.classes import UNLABELLED
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Labels, rasterise_capsule
from segstudio.tools.options import RADIUS, RULES, N, ToolSettings
from segstudio.tools.proposal import ProposalTool
from segstudio.tools.tool import Cursor, Line, Pointer, Preview, ToolContext, ToolInfo

_MARGIN = 0.25  # of the sides of the scribbles' box: also divided
_MIN_MARGIN_PX = 40

BoxLabels = tuple[Box, Labels]


@dataclass(frozen=True)
class Scribble:
    """A stroke of one class; UNLABELLED marks a region that keeps its labels."""

    class_id: int
    points: tuple[Point, ...]
    radius_px: float


class Watershed(ProposalTool):
    """Strokes of two or more classes; the region around them is divided along edges; Enter paints it."""

    info = ToolInfo(
        "watershed",
        N("Tool", "Watershed"),
        "M",
        "ph.drop-half",
        Cursor.ROUND,
        N(
            "Tool",
            "Scribble in each class (digits), with Alt where labels stay   Backspace removes a stroke   Enter paints",
        ),
        options=(RADIUS, RULES),
        makes_pixels=True,
        has_second_button=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._scribbles: list[Scribble] = []
        self._path: list[Point] = []
        self._class_id = 0
        self._divided: BoxLabels | None = None

    def press(self, document: Document, pointer: Pointer) -> None:
        self._class_id = UNLABELLED if pointer.alt or pointer.secondary else self._settings.class_id
        self._path = [pointer.point]

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._path:
            self._path.append(pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        if self._path:
            self._scribbles.append(Scribble(self._class_id, tuple(self._path), self._settings.radius_px))
            self._path = []
            self._divide()

    def take_back(self, document: Document) -> bool:
        started = bool(self._scribbles)
        self._scribbles = self._scribbles[:-1]
        self._divided = None
        self._divide()
        return started

    def preview(self, document: Document) -> Preview:
        scribbles = [*self._scribbles, Scribble(self._class_id, tuple(self._path), self._settings.radius_px)]
        lines = tuple(
            Line(s.points, class_id=s.class_id, negative=s.class_id == UNLABELLED, width_px=2 * s.radius_px)
            for s in scribbles
            if s.points
        )
        return Preview(lines=lines, labels=self._divided)

    def _store(self, result: object) -> None:
        self._divided = result  # type: ignore[assignment]

    def _accept(self, document: Document) -> None:
        divided = self._divided
        if divided is None:
            self._accepting = False  # scribbles of one class divide nothing: wait for more
            return
        self._drop()
        paint_labels(document, *divided, self.info.name)

    def _drop(self) -> None:
        super()._drop()
        self._scribbles, self._path, self._divided = [], [], None

    def _divide(self) -> None:
        image, scribbles = self._context.image, tuple(self._scribbles)
        if image is not None and len({scribble.class_id for scribble in scribbles}) > 1:
            self._request(lambda: divide(image, scribbles))
        else:
            self._pending = self._expected = None
            self._divided = None


def paint_labels(document: Document, box: Box, labels: Labels, name: str) -> None:
    """Paint `labels`, an array of `box`, as one edit; UNLABELLED pixels stay as they are."""
    document.begin()
    for class_id in np.unique(labels):
        if class_id != UNLABELLED:
            document.paint(int(class_id), box, labels == class_id)
    document.commit(name)


def divide(image: NDArray[np.uint8], scribbles: tuple[Scribble, ...]) -> BoxLabels:
    """Class ids of the region around the scribbles, divided among them by OpenCV's marker watershed."""
    region = _region_of(scribbles, full_box(*image.shape[:2]))
    if region.empty:
        return region, np.zeros((0, 0), np.uint8)
    markers = np.zeros((region.height, region.width), np.int32)
    classes = sorted({scribble.class_id for scribble in scribbles})
    for scribble in scribbles:
        points = scribble.points
        for start, end in zip(points, points[1:] or points, strict=False):
            part, mask = rasterise_capsule(start, end, scribble.radius_px, region)
            markers[part.slices_in(region)][mask] = 1 + classes.index(scribble.class_id)
    drawn = markers.copy()
    cv2.watershed(np.ascontiguousarray(image[region.slices][:, :, :3]), markers)
    markers[drawn > 0] = drawn[drawn > 0]
    walls = markers <= 0
    markers[walls] = cv2.dilate(markers.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)[walls]
    lookup = np.array([UNLABELLED, *classes], np.uint8)
    return region, lookup[np.maximum(markers, 0)]


def _region_of(scribbles: tuple[Scribble, ...], image: Box) -> Box:
    out = EMPTY
    for scribble in scribbles:
        xs, ys = [x for x, _ in scribble.points], [y for _, y in scribble.points]
        radius_px = scribble.radius_px
        out = out.union(
            Box(
                int(min(ys) - radius_px),
                int(min(xs) - radius_px),
                int(max(ys) + radius_px) + 1,
                int(max(xs) + radius_px) + 1,
            )
        )
    rows, columns = int(out.height * _MARGIN) + _MIN_MARGIN_PX, int(out.width * _MARGIN) + _MIN_MARGIN_PX
    return Box(out.y0 - rows, out.x0 - columns, out.y1 + rows, out.x1 + columns).intersect(image)
