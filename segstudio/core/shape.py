"""One drawn thing, and the words for its kinds (labelme's)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from segstudio.core.bitmap import Bitmap
from segstudio.core.box import EMPTY, Box
from segstudio.core.geometry import Point, Points

POLYGON: Final = "polygon"
RECTANGLE: Final = "rectangle"
ORIENTED_RECTANGLE: Final = "oriented_rectangle"
CIRCLE: Final = "circle"
LINE: Final = "line"
LINESTRIP: Final = "linestrip"
POINT: Final = "point"
POINTS: Final = "points"
MASK: Final = "mask"

# Fewest and most points of each kind; None where there is no upper bound.
NUM_POINTS: Final[Mapping[str, tuple[int, int | None]]] = {
    POLYGON: (3, None),
    RECTANGLE: (2, 2),
    ORIENTED_RECTANGLE: (4, 4),
    CIRCLE: (2, 2),
    LINE: (2, 2),
    LINESTRIP: (2, None),
    POINT: (1, 1),
    POINTS: (1, None),
    MASK: (0, None),
}

LINE_WIDTH: Final = 10  # labelme's width of lines and radius of points, in pixels
POINT_RADIUS: Final = 5


# Keys of `extra` that have a meaning here; labelme keeps them.
RULE: Final = "segstudio.rule"  # whose rule fills a polygon: COCO, or labelme's where nothing is said
INSTANCE: Final = "segstudio.instance"  # the number that the object had in its source
COCO: Final = "coco"

_uids = itertools.count(1)


@dataclass(frozen=True)
class Shape:
    """A value. `points` are (x, y) in image pixels; a mask shape has a `bitmap` and no points.

    `uid` stays with a shape through all its edits, so that it can be followed; it is not part of its value.
    """

    label: str
    kind: str
    points: tuple[Point, ...] = ()
    bitmap: Bitmap | None = None
    group_id: int | None = None
    description: str = ""
    flags: Mapping[str, bool] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)  # keys of other programs, kept as they came
    uid: int = field(default_factory=_uids.__next__, compare=False, repr=False)

    __hash__ = None  # type: ignore[assignment]  # the mappings cannot be hashed; identity serves as a key

    @cached_property
    def points_N2(self) -> Points:
        return np.asarray(self.points, np.float64).reshape(-1, 2)

    @cached_property
    def box(self) -> Box:
        """A box that holds every pixel the shape may cover (not clipped to an image)."""
        if self.bitmap is not None:
            return self.bitmap.box
        if not self.points:
            return EMPTY
        pad = _reach(self)
        x0, y0 = np.floor(self.points_N2.min(axis=0) - pad)
        x1, y1 = np.floor(self.points_N2.max(axis=0) + pad) + 2
        return Box(int(y0), int(x0), int(y1), int(x1))

    @property
    def rule(self) -> str:
        return str(self.extra.get(RULE, ""))

    @property
    def instance(self) -> int | None:
        """A number from 1 up, or None."""
        number = self.extra.get(INSTANCE)
        return number if isinstance(number, int) and 0 < number < 2**31 else None

    @property
    def closed(self) -> bool:
        return self.kind in (POLYGON, ORIENTED_RECTANGLE)

    def with_points(self, points: tuple[Point, ...]) -> Shape:
        return replace(self, points=points)

    def copied(self) -> Shape:
        """The same thing once more, as an object of its own."""
        extra = {key: value for key, value in self.extra.items() if key != INSTANCE}
        return replace(self, extra=extra, uid=next(_uids))

    def with_bitmap(self, bitmap: Bitmap) -> Shape:
        """The same thing as pixels; it keeps label, group, flags, description and foreign keys."""
        return replace(self, kind=MASK, points=(), bitmap=bitmap)


def _reach(shape: Shape) -> float:
    """How far pixels may lie from the points of a vector shape."""
    if shape.kind == CIRCLE:
        (cx, cy), (rx, ry) = shape.points[:2]
        return float(np.hypot(cx - rx, cy - ry)) + 1
    if shape.kind in (LINE, LINESTRIP):
        return LINE_WIDTH
    if shape.kind in (POINT, POINTS):
        return POINT_RADIUS + 1
    return 1
