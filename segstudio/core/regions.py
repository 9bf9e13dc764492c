"""Masks made larger, smaller, smoother, whole or parted. A mask is a (h, w) bool array; the result is fresh.

Pixels outside the array count as what the rim has for shrinking (a road that leaves the image is not worn
away at its border) and as empty for growing; who wants a mask to grow gives it room.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch

_HALF = 1e-3  # distances are float32


def grown(mask: Mask, radius_px: float) -> Mask:
    """With every pixel within `radius_px` of it: dilation by a disc, at a cost that does not follow the radius."""
    if not mask.any():
        return mask.copy()
    return np.asarray(_distance(~mask) <= radius_px + _HALF)


def shrunk(mask: Mask, radius_px: float) -> Mask:
    """Without every pixel within `radius_px` of what it is not: erosion by a disc."""
    if mask.all():
        return mask.copy()
    return np.asarray(_distance(mask) > radius_px + _HALF)


def opened(mask: Mask, radius_px: float) -> Mask:
    """Without what is narrower than a disc of `radius_px`."""
    return grown(shrunk(mask, radius_px), radius_px)


def closed(mask: Mask, radius_px: float) -> Mask:
    """With the gaps filled that a disc of `radius_px` does not fit into."""
    return shrunk(grown(mask, radius_px), radius_px)


def smoothed(mask: Mask, radius_px: float) -> Mask:
    """Its border evened out: Gaussian blur of that deviation, cut at a half."""
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.1, radius_px), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred >= 0.5)


def filled(mask: Mask) -> Mask:
    """With its holes: whatever cannot be reached from the array's rim over edges of pixels."""
    room = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    cv2.floodFill(room, None, (0, 0), 2, flags=4)
    return np.asarray(room[1:-1, 1:-1] != 2)


def islands(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """(h, w) numbers of its connected parts (corners connect), 0 outside; and the pixels of each, from number 1."""
    if not mask.size:
        return np.zeros(mask.shape, np.int32), np.zeros(0, np.int64)
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    return numbers.astype(np.int32, copy=False), stats[1:, cv2.CC_STAT_AREA].astype(np.int64)


def largest(mask: Mask) -> Mask:
    """Its largest connected part; the first of equals."""
    numbers, areas = islands(mask)
    return mask.copy() if len(areas) < 2 else np.asarray(numbers == 1 + int(areas.argmax()))


def without_small(mask: Mask, least_px: int) -> Mask:
    """Without connected parts of fewer than `least_px` pixels."""
    numbers, areas = islands(mask)
    keep = np.concatenate([[False], areas >= least_px])
    return np.asarray(keep[numbers])


def parts(mask: Mask) -> list[Patch]:
    """Each connected part by itself as (its box in the mask, its pixels), largest first.

    Cut to their own boxes, so that ten thousand speckles cost what they cover.
    """
    if not mask.any():
        return []
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    out = []
    for index in np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable") + 1:
        x, y, width, height, _ = (int(value) for value in stats[index])
        box = Box(y, x, y + height, x + width)
        out.append((box, np.asarray(numbers[box.slices] == index)))
    return out


def split(mask: Mask, line: Sequence[Point]) -> list[Mask]:
    """The parts that a line of points (x, y) cuts a mask into, largest first; no pixel is lost.

    What the line does not reach stays with the largest part; one part means that the line cut nothing off.
    """
    cut = np.zeros(mask.shape, np.uint8)
    far = 2 * max(mask.shape) + 16  # fixed-point numbers end somewhere
    points = np.round((np.clip(np.asarray(line, np.float64), -far, far) - 0.5) * 256).astype(np.int32)
    cv2.polylines(cut, [points.reshape(-1, 1, 2)], False, 1, 1, cv2.LINE_8, 8)
    # a line over corners lets 8-connected parts touch, so the parts are told apart by edges
    left = (mask & (cut == 0)).astype(np.uint8)
    count, numbers = cv2.connectedComponents(left, connectivity=4, ltype=cv2.CV_32S)
    if count < 3:
        return [mask.copy()]
    numbers = _spread(numbers.astype(np.int32), mask)
    beside = cv2.dilate(cut, np.ones((3, 3), np.uint8)) != 0
    touched = set(np.unique(numbers[beside & mask]).tolist()) - {0}
    before, _ = islands(mask)
    return _sides(mask, numbers, before, touched)


def _sides(mask: Mask, numbers: NDArray[np.int32], before: NDArray[np.int32], touched: set[int]) -> list[Mask]:
    """Parts that came off an island that the line really divided; all else in one."""
    homes: dict[int, list[int]] = {}
    for number in touched:
        homes.setdefault(int(before[numbers == number][0]), []).append(number)
    off: list[int] = []
    areas = np.bincount(numbers.ravel(), minlength=int(numbers.max()) + 1)
    for members in homes.values():
        if len(members) > 1:
            off += sorted(members, key=lambda number: -int(areas[number]))[1:]
    pieces = [numbers == number for number in off]
    rest = mask.copy()
    for piece in pieces:
        rest &= ~piece
    return sorted([rest, *pieces], key=lambda piece: -int(np.count_nonzero(piece)))


def _spread(numbers: NDArray[np.int32], mask: Mask) -> NDArray[np.int32]:
    """Gives each pixel of `mask` that has no number the one of the nearest that has."""
    bare = mask & (numbers == 0)
    if not bare.any():
        return numbers
    _, nearest = cv2.distanceTransformWithLabels(
        (numbers == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_seed = np.zeros(int(nearest.max()) + 1, np.int32)
    seeds = numbers > 0
    of_seed[nearest[seeds]] = numbers[seeds]
    out = numbers.copy()
    out[bare] = of_seed[nearest[bare]]
    return out


def _distance(inside: Mask) -> NDArray[np.float32]:
    """Of each True pixel to the nearest False one, in pixels; 0 for the False ones."""
    out = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return out.astype(np.float32, copy=False)
