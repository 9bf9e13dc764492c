"""Watershed: a few scribbles of each class, and the image's edges decide where they meet."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import EMPTY, Box, whole
from segstudio.core.classes import UNLABELLED
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Labels, capsule
from segstudio.tools.proposal import ProposalTool
from segstudio.tools.tool import Choice, Draft, Line, Pointer, Sight

_ROOM = 0.25  # of the scribbles' box, that is divided around it
_LEAST_ROOM = 40

Planes = tuple[Box, Labels]


@dataclass(frozen=True)
class Scribble:
    """A stroke of one class; UNLABELLED marks a region that stays as it is."""

    class_id: int
    points: tuple[Point, ...]
    radius_px: float


class Watershed(ProposalTool):
    """Strokes of two or more classes; the region around them is divided at the edges; Enter paints it."""

    name = "watershed"
    key = "M"
    has_second_button = True
    hint = "Scribble in each class (digits), Alt where nothing is to change   Backspace takes one back   Enter paints"
    options = ("radius_px", "rules")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._scribbles: list[Scribble] = []
        self._way: list[Point] = []
        self._class_id = 0
        self._planes: Planes | None = None

    @property
    def radius_px(self) -> float | None:
        return self._choice.radius_px

    def press(self, document: Document, pointer: Pointer) -> None:
        self._class_id = UNLABELLED if pointer.alt or pointer.secondary else self._choice.class_id
        self._way = [pointer.point]

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._way:
            self._way.append(pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        if self._way:
            self._scribbles.append(Scribble(self._class_id, tuple(self._way), self._choice.radius_px))
            self._way = []
            self._divide()

    def take_back(self, document: Document) -> bool:
        begun = bool(self._scribbles)
        self._scribbles = self._scribbles[:-1]
        self._planes = None
        self._divide()
        return begun

    def draft(self, document: Document) -> Draft:
        strokes = [*self._scribbles, Scribble(self._class_id, tuple(self._way), self._choice.radius_px)]
        lines = tuple(
            Line(s.points, class_id=s.class_id, negative=s.class_id == UNLABELLED, width_px=2 * s.radius_px)
            for s in strokes
            if s.points
        )
        return Draft(lines=lines, planes=self._planes)

    def _take(self, result: object) -> None:
        self._planes = result  # type: ignore[assignment]

    def _accept(self, document: Document) -> None:
        planes = self._planes
        if planes is None:
            self._accepting = False  # one class divides nothing: go on scribbling
            return
        self._drop()
        paint_planes(document, *planes, self.name)

    def _drop(self) -> None:
        super()._drop()
        self._scribbles, self._way, self._planes = [], [], None

    def _divide(self) -> None:
        image, scribbles = self._sight.image, tuple(self._scribbles)
        if image is not None and len({scribble.class_id for scribble in scribbles}) > 1:
            self._ask(lambda: divided(image, scribbles))
        else:
            self._pending = self._expected = None
            self._planes = None


def paint_planes(document: Document, box: Box, planes: Labels, name: str) -> None:
    """Each class of `planes`, an array of `box`, as one edit; UNLABELLED is left as it is."""
    document.begin()
    for class_id in np.unique(planes):
        if class_id != UNLABELLED:
            document.paint(int(class_id), box, planes == class_id)
    document.commit(name)


def divided(image: NDArray[np.uint8], scribbles: tuple[Scribble, ...]) -> Planes:
    """Class ids of the region around the scribbles, divided among them by OpenCV's marker watershed."""
    region = _region(scribbles, whole(*image.shape[:2]))
    if region.empty:
        return region, np.zeros((0, 0), np.uint8)
    seeds = np.zeros((region.height, region.width), np.int32)
    classes = sorted({scribble.class_id for scribble in scribbles})
    for scribble in scribbles:
        points = scribble.points
        for start, end in zip(points, points[1:] or points, strict=False):
            there, mask = capsule(start, end, scribble.radius_px, region)
            seeds[there.within(region)][mask] = 1 + classes.index(scribble.class_id)
    drawn = seeds.copy()
    cv2.watershed(np.ascontiguousarray(image[region.slices][:, :, :3]), seeds)
    seeds[drawn > 0] = drawn[drawn > 0]
    walls = seeds <= 0
    seeds[walls] = cv2.dilate(seeds.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)[walls]
    lookup = np.array([UNLABELLED, *classes], np.uint8)
    return region, lookup[np.maximum(seeds, 0)]


def _region(scribbles: tuple[Scribble, ...], image: Box) -> Box:
    out = EMPTY
    for scribble in scribbles:
        xs, ys = [x for x, _ in scribble.points], [y for _, y in scribble.points]
        reach = scribble.radius_px
        out = out.union(
            Box(int(min(ys) - reach), int(min(xs) - reach), int(max(ys) + reach) + 1, int(max(xs) + reach) + 1)
        )
    rows, columns = int(out.height * _ROOM) + _LEAST_ROOM, int(out.width * _ROOM) + _LEAST_ROOM
    return Box(out.y0 - rows, out.x0 - columns, out.y1 + rows, out.x1 + columns).intersect(image)
