"""Points, distances and polygon operations, in image pixels; arrays of points are (N, 2) as (x, y)."""

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
    """Index of the first vertex of the edge nearest to (x, y), and the distance in pixels."""
    ends = np.roll(points, -1, axis=0) if closed else points[1:]
    starts = points[: len(ends)]
    edges = ends - starts
    length2 = np.maximum((edges**2).sum(axis=1), 1e-12)
    along = np.clip(((np.array([x, y]) - starts) * edges).sum(axis=1) / length2, 0.0, 1.0)
    nearest = starts + along[:, None] * edges
    distances = np.hypot(nearest[:, 0] - x, nearest[:, 1] - y)
    index = int(distances.argmin())
    return index, float(distances[index])


def polygon_contains(points: Points, x: float, y: float) -> bool:
    """True if (x, y) is inside the closed polygon, by the even-odd rule."""
    x0, y0 = points[:, 0], points[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    crosses = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing_x = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return bool((crosses & (x < crossing_x)).sum() % 2)


def distance(a: Point, b: Point) -> float:
    """Euclidean distance in pixels."""
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def insert_point(points: Sequence[Point], index: int, point: Point) -> tuple[Point, ...]:
    """A copy with `point` at `index`."""
    return (*points[:index], point, *points[index:])


def remove_point(points: Sequence[Point], index: int) -> tuple[Point, ...]:
    """A copy without the point at `index`."""
    return (*points[:index], *points[index + 1 :])


def replace_point(points: Sequence[Point], index: int, point: Point) -> tuple[Point, ...]:
    """A copy with another point at `index`."""
    return (*points[:index], point, *points[index + 1 :])


def project_onto_segment(start: Points, end: Points, point: Point) -> tuple[float, Point]:
    """The point of a segment nearest to `point`, as (fraction of the segment in 0..1, (x, y))."""
    segment = end - start
    length2 = max(float((segment**2).sum()), 1e-12)
    fraction = float(np.clip(((np.asarray(point) - start) * segment).sum() / length2, 0.0, 1.0))
    x, y = start + fraction * segment
    return fraction, (float(x), float(y))


def rectangle_corners(a: Point, b: Point) -> tuple[Point, Point, Point, Point]:
    """Corners, in order, of the axis-aligned rectangle with opposite corners `a` and `b`."""
    return a, (b[0], a[1]), b, (a[0], b[1])
