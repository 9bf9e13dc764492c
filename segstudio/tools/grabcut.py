"""GrabCut: an object cut out of a box, made better by strokes.

Rother, Kolmogorov and Blake, "GrabCut", SIGGRAPH 2004, as OpenCV has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box, whole
from segstudio.core.document import Document
from segstudio.core.geometry import Point, frame
from segstudio.core.raster import Patch, capsule
from segstudio.tools.proposal import NOTHING, ProposalTool
from segstudio.tools.tool import Choice, Draft, Line, Pointer, Sight

_MOST_PIXELS = 600_000  # larger regions are cut at a smaller size
_ROOM = 0.2  # of the box's sides, that is looked at around it
_ROUNDS = 4


@dataclass(frozen=True)
class Scribble:
    """What a stroke says is, or is not, part of the object."""

    points: tuple[Point, ...]
    inside: bool
    radius_px: float


class GrabCut(ProposalTool):
    """Drag a box around an object; then drag over what is missing, or with Alt over what is too much; Enter paints."""

    name = "grabcut"
    key = "G"
    has_second_button = True
    hint = "Drag a box   then drag over what is missing, with Alt over what is too much   Enter paints"
    options = ("radius_px", "rules")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._corner: Point | None = None
        self._end: Point | None = None
        self._box: Box | None = None
        self._scribbles: list[Scribble] = []
        self._way: list[Point] = []
        self._minus = False

    @property
    def radius_px(self) -> float | None:
        return self._choice.radius_px if self._box is not None else None

    def press(self, document: Document, pointer: Pointer) -> None:
        if self._box is None:
            self._corner = self._end = pointer.point
        else:
            self._way, self._minus = [pointer.point], pointer.alt or pointer.secondary

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._box is None:
            self._end = pointer.point
        elif self._way:
            self._way.append(pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        if self._box is not None:
            if self._way:
                self._scribbles.append(Scribble(tuple(self._way), not self._minus, self._choice.radius_px))
                self._way = []
                self._cut()
        elif self._corner is not None:
            self._begin(document, pointer.point)

    def take_back(self, document: Document) -> bool:
        """The last stroke, then the box."""
        if self._scribbles:
            self._scribbles.pop()
            self._cut()
            return True
        begun = self._box is not None or self._corner is not None
        self._drop()
        return begun

    def draft(self, document: Document) -> Draft:
        strokes = [*self._scribbles, Scribble(tuple(self._way), not self._minus, self._choice.radius_px)]
        lines = tuple(Line(s.points, negative=not s.inside, width_px=2 * s.radius_px) for s in strokes if s.points)
        preview = None if self._proposal[0].empty else self._proposal
        if self._box is not None:
            y0, x0, y1, x1 = self._box
            return Draft(frame((x0, y0), (x1, y1)), closed=True, lines=lines, preview=preview)
        if self._corner is not None and self._end is not None:
            return Draft(frame(self._corner, self._end), closed=True)
        return Draft()

    def _drop(self) -> None:
        super()._drop()
        self._corner = self._end = self._box = None
        self._scribbles, self._way = [], []

    def _begin(self, document: Document, end: Point) -> None:
        start, self._corner, self._end = self._corner, None, None
        assert start is not None
        (x0, x1), (y0, y1) = sorted((start[0], end[0])), sorted((start[1], end[1]))
        box = Box(round(y0), round(x0), round(y1), round(x1)).intersect(document.annotation.box)
        if box.height > 2 and box.width > 2 and self._sight.image is not None:
            self._box = box
            self._cut()

    def _cut(self) -> None:
        image, box, scribbles = self._sight.image, self._box, tuple(self._scribbles)
        if image is not None and box is not None:
            self._ask(lambda: cut_out(image, box, scribbles))


def cut_out(image: NDArray[np.uint8], box: Box, scribbles: tuple[Scribble, ...]) -> Patch:
    """The object in `box`, with what the scribbles say, as a patch inside the box."""
    room_y, room_x = int(box.height * _ROOM) + 4, int(box.width * _ROOM) + 4
    region = Box(box.y0 - room_y, box.x0 - room_x, box.y1 + room_y, box.x1 + room_x).intersect(whole(*image.shape[:2]))
    seeds = _seeds(region, box, scribbles)
    scale = min(1.0, (_MOST_PIXELS / (region.height * region.width)) ** 0.5)
    size = (max(2, round(region.width * scale)), max(2, round(region.height * scale)))
    part = np.ascontiguousarray(image[region.slices][:, :, :3])
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8) if scale < 1 else part
    marks = np.asarray(cv2.resize(seeds, size, interpolation=cv2.INTER_NEAREST), np.uint8) if scale < 1 else seeds
    found = _grabbed(small, marks)
    if scale < 1:
        soft = cv2.resize(found.astype(np.float32), (region.width, region.height), interpolation=cv2.INTER_LINEAR)
        found = np.asarray(soft >= 0.5)
    found = (found | (seeds == cv2.GC_FGD)) & (seeds != cv2.GC_BGD)
    inside = found[box.within(region)]
    return (box, np.ascontiguousarray(inside)) if inside.any() else NOTHING


def _seeds(region: Box, box: Box, scribbles: tuple[Scribble, ...]) -> NDArray[np.uint8]:
    seeds = np.full((region.height, region.width), cv2.GC_BGD, np.uint8)
    seeds[box.within(region)] = cv2.GC_PR_FGD
    for scribble in scribbles:
        value = cv2.GC_FGD if scribble.inside else cv2.GC_BGD
        points = scribble.points
        for start, end in zip(points, points[1:] or points, strict=False):
            there, mask = capsule(start, end, scribble.radius_px, box)
            seeds[there.within(region)][mask] = value
    return seeds


def _grabbed(image: NDArray[np.uint8], seeds: NDArray[np.uint8]) -> Mask:
    """OpenCV refuses seeds of one side only: then these are the answer."""
    sure = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))
    if sure.all() or not sure.any():
        return np.asarray(sure)
    marks = seeds.copy()
    cv2.setRNGSeed(0)  # its k-means begins at random
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(image, marks, (0, 0, 0, 0), background, foreground, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # an image of one colour has no clusters
        return np.asarray(sure)
    return np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))
