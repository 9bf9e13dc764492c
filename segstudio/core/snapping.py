"""Points drawn to the borders of neighbours, so that two polygons share one border."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from segstudio.core import geometry
from segstudio.core.annotation import Annotation
from segstudio.core.geometry import Point, Points
from segstudio.core.shape import RECTANGLE, Shape


@dataclass(frozen=True)
class Anchor:
    """A point on the border of the shape `uid`, `along` its ring: 2.5 is half way from vertex 2 to vertex 3."""

    point: Point
    uid: int
    along: float


def border(shape: Shape) -> Points | None:
    """The closed ring of a vector shape with straight sides, (N, 2); None for others."""
    if shape.kind == RECTANGLE:
        (x0, y0), (x1, y1) = shape.points
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
    return shape.points_N2 if shape.closed else None


def snapped(annotation: Annotation, point: Point, reach: float, passed_over: Collection[int] = ()) -> Anchor | None:
    """The nearest vertex within `reach` of any neighbour, or else the nearest place on a side."""
    best: tuple[bool, float, Anchor] | None = None
    x, y = point
    for shape in annotation.shapes:
        box = shape.box
        far = not (box.x0 - reach <= x <= box.x1 + reach and box.y0 - reach <= y <= box.y1 + reach)
        ring = None if far or shape.uid in passed_over else border(shape)
        if ring is None:
            continue
        vertex, distance = geometry.nearest_vertex(ring, x, y)
        if distance <= reach:
            found = (
                False,
                distance,
                Anchor((float(ring[vertex, 0]), float(ring[vertex, 1])), shape.uid, float(vertex)),
            )
        else:
            edge, distance = geometry.nearest_edge(ring, x, y, closed=True)
            if distance > reach:
                continue
            share, foot = geometry.foot(ring[edge], ring[(edge + 1) % len(ring)], point)
            found = (True, distance, Anchor(foot, shape.uid, edge + share))
        if best is None or found[:2] < best[:2]:
            best = found
    return None if best is None else best[2]


def between(annotation: Annotation, start: Anchor, end: Anchor) -> tuple[Point, ...]:
    """The neighbour's vertices on the shorter way from one anchor to another; none if they lie on two shapes."""
    shape = next((shape for shape in annotation.shapes if shape.uid == start.uid == end.uid), None)
    ring = None if shape is None else border(shape)
    if ring is None or start.along == end.along:
        return ()
    ahead = _walk(len(ring), start.along, end.along)
    back = _walk(len(ring), end.along, start.along)[::-1]
    ways = [[(float(ring[i, 0]), float(ring[i, 1])) for i in way] for way in (ahead, back)]
    lengths = [_length([start.point, *way, end.point]) for way in ways]
    return tuple(ways[0] if lengths[0] <= lengths[1] else ways[1])


def _walk(count: int, start: float, end: float) -> list[int]:
    """Vertices strictly between two places of a ring, walking with rising numbers."""
    stop = end if end > start else end + count
    first = int(np.floor(start)) + 1
    return [index % count for index in range(first, int(np.ceil(stop)))]


def _length(points: list[Point]) -> float:
    return sum(geometry.distance(a, b) for a, b in itertools.pairwise(points))
