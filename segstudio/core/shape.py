"""Shapes: polygons, rectangles, circles, lines, points and masks, with the kinds of labelme."""

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

# Minimum and maximum number of points of each kind; None for no maximum.
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

LINE_WIDTH_PX: Final = 10  # as labelme draws lines and points
POINT_RADIUS_PX: Final = 5


# Keys of `extra` that segstudio uses; labelme preserves them.
FILL_RULE: Final = "segstudio.rule"  # how a polygon is filled: COCO, or labelme's rule if missing
INSTANCE: Final = "segstudio.instance"  # number of the object in the imported dataset
COCO: Final = "coco"

_uids = itertools.count(1)


@dataclass(frozen=True)
class Shape:
    """One shape, immutable. `points` are (x, y) in image pixels; a mask shape has a `bitmap` and no points.

    `uid` identifies a shape across edits; it is not part of the value and is ignored by `==`.
    """

    label: str
    kind: str
    points: tuple[Point, ...] = ()
    bitmap: Bitmap | None = None
    group_id: int | None = None
    description: str = ""
    flags: Mapping[str, bool] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)  # unknown keys of the file, kept
    uid: int = field(default_factory=_uids.__next__, compare=False, repr=False)

    __hash__ = None  # type: ignore[assignment]  # the mappings are not hashable

    @cached_property
    def points_N2(self) -> Points:
        return np.asarray(self.points, np.float64).reshape(-1, 2)

    @cached_property
    def box(self) -> Box:
        """A box that contains every pixel the shape may cover, not clipped to the image; exact for masks only."""
        if self.bitmap is not None:
            return self.bitmap.box
        if not self.points:
            return EMPTY
        pad = _padding_px(self)
        x0, y0 = np.floor(self.points_N2.min(axis=0) - pad)
        x1, y1 = np.floor(self.points_N2.max(axis=0) + pad) + 2
        return Box(int(y0), int(x0), int(y1), int(x1))

    @property
    def fill_rule(self) -> str:
        """COCO, or "" for labelme's rule."""
        return str(self.extra.get(FILL_RULE, ""))

    @property
    def instance(self) -> int | None:
        """Object number (1 or more) in the imported dataset, or None."""
        number = self.extra.get(INSTANCE)
        return number if isinstance(number, int) and 0 < number < 2**31 else None

    @property
    def closed(self) -> bool:
        """True for kinds whose points form a closed ring."""
        return self.kind in (POLYGON, ORIENTED_RECTANGLE)

    def with_points(self, points: tuple[Point, ...]) -> Shape:
        return replace(self, points=points)

    def duplicate(self) -> Shape:
        """A copy that is a new object, with a new uid and without the object number."""
        extra = {key: value for key, value in self.extra.items() if key != INSTANCE}
        return replace(self, extra=extra, uid=next(_uids))

    def with_bitmap(self, bitmap: Bitmap) -> Shape:
        """This shape as a mask; label, group, flags, description, unknown keys and uid are kept."""
        return replace(self, kind=MASK, points=(), bitmap=bitmap)


def _padding_px(shape: Shape) -> float:
    """Maximum distance of pixels from the points of a vector shape."""
    if shape.kind == CIRCLE:
        (cx, cy), (rx, ry) = shape.points[:2]
        return float(np.hypot(cx - rx, cy - ry)) + 1
    if shape.kind in (LINE, LINESTRIP):
        return LINE_WIDTH_PX
    if shape.kind in (POINT, POINTS):
        return POINT_RADIUS_PX + 1
    return 1
