"""Rasterisation of a polygon, pixel-identical to pycocotools.

Method: `rleFrPoly` of the COCO API (maskApi.c), which samples the border five times per pixel and fills columns between
crossings. That code visits every sample; here the crossings of pixel columns are computed in closed form, so that
coordinates far outside the image cost nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from segstudio.core.bitmap import Mask
from segstudio.core.box import EMPTY, Box
from segstudio.core.geometry import Points

_SAMPLES_PER_PIXEL: Final = 5
_MAX_CROSSINGS: Final = 4_000_000  # held in memory at once

Ints = NDArray[np.int64]


def rasterise_coco_polygon(points_N2: Points, image: Box) -> tuple[Box, Mask]:
    """(box, mask) of the pixels of a closed polygon of (x, y) points, clipped to `image`, which starts at (0, 0)."""
    grid = (_SAMPLES_PER_PIXEL * points_N2 + 0.5).astype(np.int64)  # rounds towards zero, as C does
    ends = np.roll(grid, -1, axis=0)
    columns, rows = _crossings(grid, ends, image)
    if not len(columns):
        return EMPTY, np.zeros((0, 0), np.bool_)
    box = Box(int(rows.min()), int(columns.min()), int(rows.max()), int(columns.max()) + 1)
    if box.empty:
        return EMPTY, np.zeros((0, 0), np.bool_)
    flat = (rows - box.y0) * box.width + (columns - box.x0)
    changes = np.bincount(flat, minlength=(box.height + 1) * box.width)
    parity = np.add.accumulate(changes.astype(np.uint8).reshape(-1, box.width), axis=0, dtype=np.uint8) & 1
    return box, parity[: box.height].astype(np.bool_)


def _crossings(starts: Ints, ends: Ints, image: Box) -> tuple[Ints, Ints]:
    """(columns, rows): in each column, the rows at which it changes between outside and inside."""
    dx, dy = np.abs(ends - starts).T
    flat = dx >= dy
    swap = np.where(flat, starts[:, 0] > ends[:, 0], starts[:, 1] > ends[:, 1])[:, None]
    a, b = np.where(swap, ends, starts), np.where(swap, starts, ends)
    low, high = np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 0], b[:, 0])
    # Column x changes where the border passes between samples 5x + 2 and 5x + 3.
    first = np.clip(-((2 - low) // _SAMPLES_PER_PIXEL), 0, None)
    last = np.clip((high - 3) // _SAMPLES_PER_PIXEL, None, image.x1 - 1)
    counts = np.clip(last - first + 1, 0, None)
    found = []
    for edges in _split_into_batches(counts):
        of_edge = np.repeat(edges, counts[edges])
        offset = np.arange(len(of_edge)) - np.repeat(np.cumsum(counts[edges]) - counts[edges], counts[edges])
        x = first[of_edge] + offset
        level = _SAMPLES_PER_PIXEL * x + 2
        v = np.where(flat[of_edge], _cross_flat(a, b, of_edge, level), _cross_steep(a, b, of_edge, level))
        found.append((x, v))
    columns = np.concatenate([x for x, _ in found]) if found else np.zeros(0, np.int64)
    values = np.concatenate([v for _, v in found]) if found else np.zeros(0, np.int64)
    rows = np.ceil(np.clip((values + 0.5) / _SAMPLES_PER_PIXEL - 0.5, 0, image.y1)).astype(np.int64)
    return columns, rows


def _split_into_batches(counts: Ints) -> list[Ints]:
    """Indices of the edges that cross a column, in batches of about _MAX_CROSSINGS crossings."""
    edges = np.flatnonzero(counts)
    batch = np.cumsum(counts[edges]) // _MAX_CROSSINGS
    return [part for part in np.split(edges, np.flatnonzero(np.diff(batch)) + 1) if len(part)]


def _cross_flat(a: Ints, b: Ints, edge: Ints, level: Ints) -> Ints:
    """For edges wider than high: the smaller of the two sample rows between which the edge passes `level`."""
    (x, y), (x_end, y_end) = a[edge].T, b[edge].T
    slope = (y_end - y) / np.maximum(x_end - x, 1)
    at_level = (y + slope * (level - x) + 0.5).astype(np.int64)
    at_next = (y + slope * (level + 1 - x) + 0.5).astype(np.int64)
    return np.minimum(at_level, at_next)


def _cross_steep(a: Ints, b: Ints, edge: Ints, level: Ints) -> Ints:
    """For edges higher than wide: the last sample row before the edge passes `level`."""
    (x, y), (x_end, y_end) = a[edge].T, b[edge].T
    height = np.maximum(y_end - y, 1)
    slope = (x_end - x) / height
    with np.errstate(divide="ignore", invalid="ignore"):
        guess = np.nan_to_num((level + 0.5 - x) / slope, nan=0, posinf=0, neginf=0)
    step = np.clip(np.floor(guess), -2, height + 2).astype(np.int64) - 1

    def has_passed(t: Ints) -> NDArray[np.bool_]:
        u = (x + slope * t + 0.5).astype(np.int64)
        return np.where(slope > 0, u > level, u <= level)

    for _ in range(3):  # rounding puts the guess at most three rows off
        step = np.where(has_passed(step), step, step + 1)
    return y + step - 1
