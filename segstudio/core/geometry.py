"""Points and distances in image pixels; arrays of points are (N, 2) as (x, y)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Points = NDArray[np.float64]


def nearest_vertex(points: Points, x: float, y: float) -> tuple[int, float]:
    """Index of the point nearest to (x, y) and its distance in pixels."""
    distances = np.hypot(points[:, 0] - x, points[:, 1] - y)
    index = int(distances.argmin())
    return index, float(distances[index])


def nearest_edge(points: Points, x: float, y: float, closed: bool) -> tuple[int, float]:
    """Index of the start of the edge nearest to (x, y), and its distance in pixels."""
    ends = np.roll(points, -1, axis=0) if closed else points[1:]
    starts = points[: len(ends)]
    way = ends - starts
    length2 = np.maximum((way**2).sum(axis=1), 1e-12)
    along = np.clip(((np.array([x, y]) - starts) * way).sum(axis=1) / length2, 0.0, 1.0)
    foot = starts + along[:, None] * way
    distances = np.hypot(foot[:, 0] - x, foot[:, 1] - y)
    index = int(distances.argmin())
    return index, float(distances[index])


def holds(points: Points, x: float, y: float) -> bool:
    """Whether the closed polygon holds (x, y), by the even-odd rule."""
    x0, y0 = points[:, 0], points[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    crosses = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return bool((crosses & (x < at)).sum() % 2)


def distance(a: Point, b: Point) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def inserted(points: Sequence[Point], index: int, point: Point) -> tuple[Point, ...]:
    return (*points[:index], point, *points[index:])


def without(points: Sequence[Point], index: int) -> tuple[Point, ...]:
    return (*points[:index], *points[index + 1 :])


def replaced(points: Sequence[Point], index: int, point: Point) -> tuple[Point, ...]:
    return (*points[:index], point, *points[index + 1 :])


def foot(start: Points, end: Points, point: Point) -> tuple[float, Point]:
    """The place on the way from `start` to `end` nearest to `point`: its share of the way, and itself."""
    way = end - start
    along = float(np.clip(((np.asarray(point) - start) * way).sum() / max(float((way**2).sum()), 1e-12), 0.0, 1.0))
    x, y = start + along * way
    return along, (float(x), float(y))


def frame(a: Point, b: Point) -> tuple[Point, Point, Point, Point]:
    """Corners of the rectangle along the axes with `a` and `b` at opposite ends."""
    return a, (b[0], a[1]), b, (a[0], b[1])
