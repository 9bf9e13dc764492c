"""Snapping of points to the borders of neighbouring shapes, so that two polygons share one border."""

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
    """A point on the border of shape `uid`; `along` is its position on the ring: 2.5 is halfway from vertex 2 to 3."""

    point: Point
    uid: int
    along: float


def border_ring(shape: Shape) -> Points | None:
    """The (N, 2) closed ring of a vector shape with straight edges; None for others."""
    if shape.kind == RECTANGLE:
        (x0, y0), (x1, y1) = shape.points
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
    return shape.points_N2 if shape.closed else None


def snap(annotation: Annotation, point: Point, reach_px: float, excluded: Collection[int] = ()) -> Anchor | None:
    """The nearest vertex of any shape within `reach_px`, else the nearest point on an edge, else None.

    Shapes whose uids are in `excluded` are skipped.
    """
    best: tuple[bool, float, Anchor] | None = None
    x, y = point
    for shape in annotation.shapes:
        box = shape.box
        far = not (box.x0 - reach_px <= x <= box.x1 + reach_px and box.y0 - reach_px <= y <= box.y1 + reach_px)
        ring = None if far or shape.uid in excluded else border_ring(shape)
        if ring is None:
            continue
        vertex, distance = geometry.nearest_vertex(ring, x, y)
        if distance <= reach_px:
            found = (
                False,
                distance,
                Anchor((float(ring[vertex, 0]), float(ring[vertex, 1])), shape.uid, float(vertex)),
            )
        else:
            edge, distance = geometry.nearest_edge(ring, x, y, closed=True)
            if distance > reach_px:
                continue
            fraction, nearest = geometry.project_onto_segment(ring[edge], ring[(edge + 1) % len(ring)], point)
            found = (True, distance, Anchor(nearest, shape.uid, edge + fraction))
        if best is None or found[:2] < best[:2]:
            best = found
    return None if best is None else best[2]


def path_between(annotation: Annotation, start: Anchor, end: Anchor) -> tuple[Point, ...]:
    """Vertices of a shape on the shorter way along its border between two anchors; () for anchors on two shapes."""
    shape = next((shape for shape in annotation.shapes if shape.uid == start.uid == end.uid), None)
    ring = None if shape is None else border_ring(shape)
    if ring is None or start.along == end.along:
        return ()
    forward = _vertices_between(len(ring), start.along, end.along)
    backward = _vertices_between(len(ring), end.along, start.along)[::-1]
    paths = [[(float(ring[i, 0]), float(ring[i, 1])) for i in path] for path in (forward, backward)]
    lengths = [_length_px([start.point, *path, end.point]) for path in paths]
    return tuple(paths[0] if lengths[0] <= lengths[1] else paths[1])


def _vertices_between(count: int, start: float, end: float) -> list[int]:
    """Indices of the vertices strictly between two positions of a ring, in ascending direction."""
    stop = end if end > start else end + count
    first = int(np.floor(start)) + 1
    return [index % count for index in range(first, int(np.ceil(stop)))]


def _length_px(points: list[Point]) -> float:
    return sum(geometry.distance(a, b) for a, b in itertools.pairwise(points))
