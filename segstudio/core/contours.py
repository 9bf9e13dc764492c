"""Mask to polygon conversion: closed rings through the border pixels, holes included."""

from __future__ import annotations

import cv2
import numpy as np

from segstudio.core.bitmap import Mask
from segstudio.core.geometry import Point, Points

Rings = tuple[Points, list[Points]]


def find_rings(mask: Mask, y0: int = 0, x0: int = 0) -> list[Rings]:
    """(outer ring, hole rings) of every connected component as (x, y) pixel coordinates; `mask` starts at (y0, x0)."""
    found, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(x0, y0))
    if tree is None:
        return []
    points = [ring.reshape(-1, 2).astype(np.float64) for ring in found]
    links = np.asarray(tree).reshape(-1, 4)  # next, previous, first child, parent
    outer: dict[int, Rings] = {index: (points[index], []) for index in range(len(points)) if links[index][3] < 0}
    for index in range(len(points)):
        if links[index][3] >= 0:
            outer[int(links[index][3])][1].append(points[index])
    return list(outer.values())


def join_holes(outer: Points, holes: list[Points]) -> Points:
    """Join an outer ring and its holes into one closed ring, by bridges of zero width."""
    ring = outer
    for hole in sorted(holes, key=lambda points: float(points[:, 0].min())):
        leftmost = int(hole[:, 0].argmin())  # bridges go left: everything there is already in the ring
        distances = np.abs(ring - hole[leftmost]).sum(axis=1)
        distances[ring[:, 0] > hole[leftmost, 0]] = np.inf
        nearest = int(distances.argmin())
        around = np.concatenate([hole[leftmost:], hole[: leftmost + 1]])
        ring = np.concatenate([ring[: nearest + 1], around, ring[nearest:]])
    return ring


def pad_to_three_points(ring: Points) -> Points:
    """Repeat the last point until there are three; polygons of one or two pixels need it."""
    while len(ring) < 3:
        ring = np.concatenate([ring, ring[-1:]])
    return ring


def mask_to_polygons(mask: Mask, y0: int, x0: int, detail_px: float) -> list[tuple[Point, ...]]:
    """One ring of (x, y) points for every connected component, holes joined in by bridges.

    `detail_px` is the Douglas-Peucker tolerance in pixels; 0 keeps every corner. Holes that vanish at that tolerance
    are left out; every component keeps a ring.
    """
    out = []
    for outer, holes in find_rings(mask, y0, x0):
        kept = [_approximate(hole, detail_px) for hole in holes]
        ring = join_holes(_approximate(outer, detail_px), [hole for hole in kept if len(hole) > 2 or detail_px == 0])
        out.append(tuple((float(x), float(y)) for x, y in pad_to_three_points(ring)))
    return out


def _approximate(ring: Points, detail_px: float) -> Points:
    if detail_px <= 0:
        return ring
    simpler = cv2.approxPolyDP(ring.astype(np.float32).reshape(-1, 1, 2), detail_px, True).reshape(-1, 2)
    return simpler.astype(np.float64)


def simplify_ring(ring: Points, detail_px: float) -> tuple[Point, ...]:
    """Simplify a closed ring by Douglas-Peucker with a tolerance of `detail_px`; keeps at least three points."""
    simpler = _approximate(ring, detail_px)
    kept = simpler if len(simpler) > 2 else ring
    return tuple((float(x), float(y)) for x, y in kept)
