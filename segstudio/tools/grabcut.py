"""GrabCut: cuts an object out of a box; strokes correct the result.

Rother, Kolmogorov and Blake, "GrabCut", SIGGRAPH 2004, as implemented in OpenCV.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box, full_box
from segstudio.core.document import Document
from segstudio.core.geometry import Point, rectangle_corners
from segstudio.core.raster import Patch, rasterise_capsule
from segstudio.tools.options import RADIUS, RULES, N, ToolSettings
from segstudio.tools.proposal import NOTHING, ProposalTool
from segstudio.tools.tool import Cursor, Line, Pointer, Preview, ToolContext, ToolInfo

_MAX_PIXELS = 600_000  # larger regions are computed at a reduced size
_MARGIN = 0.2  # of the sides of the box: background around it that is looked at
_ITERATIONS = 4


@dataclass(frozen=True)
class Scribble:
    """A stroke over pixels that belong to the object, or with `inside` False over pixels that do not."""

    points: tuple[Point, ...]
    inside: bool
    radius_px: float


class GrabCut(ProposalTool):
    """Drag a box around an object; then drag over missing parts, or with Alt over surplus ones; Enter paints."""

    info = ToolInfo(
        "grabcut",
        N("Tool", "GrabCut"),
        "G",
        "ph.selection-foreground",
        hint=N("Tool", "Drag a box   then drag over missing parts, with Alt over surplus ones   Enter paints"),
        options=(RADIUS, RULES),
        makes_pixels=True,
        has_second_button=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._corner: Point | None = None
        self._end: Point | None = None
        self._box: Box | None = None
        self._scribbles: list[Scribble] = []
        self._path: list[Point] = []
        self._negative = False

    @property
    def cursor(self) -> Cursor:
        return Cursor.ROUND if self._box is not None else self.info.cursor

    def press(self, document: Document, pointer: Pointer) -> None:
        if self._box is None:
            self._corner = self._end = pointer.point
        else:
            self._path, self._negative = [pointer.point], pointer.alt or pointer.secondary

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._box is None:
            self._end = pointer.point
        elif self._path:
            self._path.append(pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        if self._box is not None:
            if self._path:
                self._scribbles.append(Scribble(tuple(self._path), not self._negative, self._settings.radius_px))
                self._path = []
                self._cut()
        elif self._corner is not None:
            self._set_box(document, pointer.point)

    def take_back(self, document: Document) -> bool:
        """Remove the last stroke, then the box."""
        if self._scribbles:
            self._scribbles.pop()
            self._cut()
            return True
        started = self._box is not None or self._corner is not None
        self._drop()
        return started

    def preview(self, document: Document) -> Preview:
        scribbles = [*self._scribbles, Scribble(tuple(self._path), not self._negative, self._settings.radius_px)]
        lines = tuple(Line(s.points, negative=not s.inside, width_px=2 * s.radius_px) for s in scribbles if s.points)
        mask = None if self._proposal[0].empty else self._proposal
        if self._box is not None:
            y0, x0, y1, x1 = self._box
            return Preview(rectangle_corners((x0, y0), (x1, y1)), closed=True, lines=lines, mask=mask)
        if self._corner is not None and self._end is not None:
            return Preview(rectangle_corners(self._corner, self._end), closed=True)
        return Preview()

    def _drop(self) -> None:
        super()._drop()
        self._corner = self._end = self._box = None
        self._scribbles, self._path = [], []

    def _set_box(self, document: Document, end: Point) -> None:
        start, self._corner, self._end = self._corner, None, None
        assert start is not None
        (x0, x1), (y0, y1) = sorted((start[0], end[0])), sorted((start[1], end[1]))
        box = Box(round(y0), round(x0), round(y1), round(x1)).intersect(document.annotation.box)
        if box.height > 2 and box.width > 2 and self._context.image is not None:
            self._box = box
            self._cut()

    def _cut(self) -> None:
        image, box, scribbles = self._context.image, self._box, tuple(self._scribbles)
        if image is not None and box is not None:
            self._request(lambda: cut_out(image, box, scribbles))


def cut_out(image: NDArray[np.uint8], box: Box, scribbles: tuple[Scribble, ...]) -> Patch:
    """The object in `box`, corrected by the scribbles, as a patch of that box."""
    margin_y, margin_x = int(box.height * _MARGIN) + 4, int(box.width * _MARGIN) + 4
    region = Box(box.y0 - margin_y, box.x0 - margin_x, box.y1 + margin_y, box.x1 + margin_x)
    region = region.intersect(full_box(*image.shape[:2]))
    seeds = _make_seeds(region, box, scribbles)
    scale = min(1.0, (_MAX_PIXELS / (region.height * region.width)) ** 0.5)
    size = (max(2, round(region.width * scale)), max(2, round(region.height * scale)))
    part = np.ascontiguousarray(image[region.slices][:, :, :3])
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8) if scale < 1 else part
    marks = np.asarray(cv2.resize(seeds, size, interpolation=cv2.INTER_NEAREST), np.uint8) if scale < 1 else seeds
    found = _run_grabcut(small, marks)
    if scale < 1:
        soft = cv2.resize(found.astype(np.float32), (region.width, region.height), interpolation=cv2.INTER_LINEAR)
        found = np.asarray(soft >= 0.5)
    found = (found | (seeds == cv2.GC_FGD)) & (seeds != cv2.GC_BGD)
    inside = found[box.slices_in(region)]
    return (box, np.ascontiguousarray(inside)) if inside.any() else NOTHING


def _make_seeds(region: Box, box: Box, scribbles: tuple[Scribble, ...]) -> NDArray[np.uint8]:
    seeds = np.full((region.height, region.width), cv2.GC_BGD, np.uint8)
    seeds[box.slices_in(region)] = cv2.GC_PR_FGD
    for scribble in scribbles:
        value = cv2.GC_FGD if scribble.inside else cv2.GC_BGD
        points = scribble.points
        for start, end in zip(points, points[1:] or points, strict=False):
            part, mask = rasterise_capsule(start, end, scribble.radius_px, box)
            seeds[part.slices_in(region)][mask] = value
    return seeds


def _run_grabcut(image: NDArray[np.uint8], seeds: NDArray[np.uint8]) -> Mask:
    """The object's pixels; the seeds themselves where all are object or none is, which OpenCV refuses."""
    sure = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))
    if sure.all() or not sure.any():
        return np.asarray(sure)
    marks = seeds.copy()
    cv2.setRNGSeed(0)  # its k-means starts from random centres
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(image, marks, (0, 0, 0, 0), background, foreground, _ITERATIONS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # an image of one colour has no clusters
        return np.asarray(sure)
    return np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))
