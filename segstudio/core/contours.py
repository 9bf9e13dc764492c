"""From masks to outlines: closed rings through the outermost pixels, holes included."""

from __future__ import annotations

import cv2
import numpy as np

from segstudio.core.bitmap import Mask
from segstudio.core.geometry import Point, Points

Rings = tuple[Points, list[Points]]


def rings(mask: Mask, y0: int = 0, x0: int = 0) -> list[Rings]:
    """(outer ring, rings around its holes) of every connected part; (x, y) of pixels, `mask` begins at (y0, x0)."""
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


def keyhole(outer: Points, holes: list[Points]) -> Points:
    """One closed ring that goes round the outside and, over bridges without width, round every hole."""
    ring = outer
    for hole in sorted(holes, key=lambda points: float(points[:, 0].min())):
        there = int(hole[:, 0].argmin())  # only what lies left of it has been walked round already
        distances = np.abs(ring - hole[there]).sum(axis=1)
        distances[ring[:, 0] > hole[there, 0]] = np.inf
        here = int(distances.argmin())
        around = np.concatenate([hole[there:], hole[: there + 1]])
        ring = np.concatenate([ring[: here + 1], around, ring[here:]])
    return ring


def at_least_three(ring: Points) -> Points:
    """A polygon needs three points; those of one or two pixels repeat the last."""
    while len(ring) < 3:
        ring = np.concatenate([ring, ring[-1:]])
    return ring


def polygons(mask: Mask, y0: int, x0: int, detail_px: float) -> list[tuple[Point, ...]]:
    """A ring of (x, y) for every connected part, holes joined in by bridges, at most `detail_px` from the border.

    0 keeps every corner (Douglas and Peucker otherwise). Holes and parts that the detail swallows are left out,
    but each part keeps a ring.
    """
    out = []
    for outer, holes in rings(mask, y0, x0):
        kept = [_simpler(hole, detail_px) for hole in holes]
        ring = keyhole(_simpler(outer, detail_px), [hole for hole in kept if len(hole) > 2 or detail_px == 0])
        out.append(tuple((float(x), float(y)) for x, y in at_least_three(ring)))
    return out


def _simpler(ring: Points, detail_px: float) -> Points:
    if detail_px <= 0:
        return ring
    simpler = cv2.approxPolyDP(ring.astype(np.float32).reshape(-1, 1, 2), detail_px, True).reshape(-1, 2)
    return simpler.astype(np.float64)


def simplified(ring: Points, detail_px: float) -> tuple[Point, ...]:
    """A closed ring with fewer points that lies at most `detail_px` from it; at least three are kept."""
    simpler = _simpler(ring, detail_px)
    kept = simpler if len(simpler) > 2 else ring
    return tuple((float(x), float(y)) for x, y in kept)
