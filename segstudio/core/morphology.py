"""Binary morphology: dilate, erode, open, close, smooth, fill holes, split.

Masks are (h, w) bool arrays; results are new arrays.

For erosion, pixels outside the array equal those at its border, so that a road that leaves the image is not eroded
there. For dilation they are False: pad the array first if the mask may grow beyond it.
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

_TOLERANCE_PX = 1e-3  # distances are float32


def dilate(mask: Mask, radius_px: float) -> Mask:
    """Dilate by a disc; by distance transform, so that the cost does not depend on the radius."""
    if not mask.any():
        return mask.copy()
    return np.asarray(_distance(~mask) <= radius_px + _TOLERANCE_PX)


def erode(mask: Mask, radius_px: float) -> Mask:
    """Erode by a disc."""
    if mask.all():
        return mask.copy()
    return np.asarray(_distance(mask) > radius_px + _TOLERANCE_PX)


def open_mask(mask: Mask, radius_px: float) -> Mask:
    """Erode, then dilate: remove what is narrower than a disc of `radius_px`."""
    return dilate(erode(mask, radius_px), radius_px)


def close_mask(mask: Mask, radius_px: float) -> Mask:
    """Dilate, then erode: fill gaps narrower than a disc of `radius_px`."""
    return erode(dilate(mask, radius_px), radius_px)


def smooth(mask: Mask, radius_px: float) -> Mask:
    """Smooth the border: Gaussian blur with a standard deviation of `radius_px`, thresholded at 0.5."""
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.1, radius_px), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred >= 0.5)


def fill_holes(mask: Mask) -> Mask:
    """Fill holes: background that is not 4-connected to the border of the array."""
    background = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    cv2.floodFill(background, None, (0, 0), 2, flags=4)
    return np.asarray(background[1:-1, 1:-1] != 2)


def label_components(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Label 8-connected components: an (h, w) plane with 0 outside and 1..N, and the (N,) areas in pixels."""
    if not mask.size:
        return np.zeros(mask.shape, np.int32), np.zeros(0, np.int64)
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    return numbers.astype(np.int32, copy=False), stats[1:, cv2.CC_STAT_AREA].astype(np.int64)


def keep_largest_component(mask: Mask) -> Mask:
    """The largest 8-connected component; the first of several equal ones."""
    numbers, areas = label_components(mask)
    return mask.copy() if len(areas) < 2 else np.asarray(numbers == 1 + int(areas.argmax()))


def remove_small_components(mask: Mask, min_area_px: int) -> Mask:
    """Remove 8-connected components of fewer than `min_area_px` pixels."""
    numbers, areas = label_components(mask)
    keep = np.concatenate([[False], areas >= min_area_px])
    return np.asarray(keep[numbers])


def split_components(mask: Mask) -> list[Patch]:
    """8-connected components as (bounding box in the mask, pixels in that box), largest first.

    Cropping to the boxes keeps ten thousand specks cheap.
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


def split_along(mask: Mask, line: Sequence[Point]) -> list[Mask]:
    """Split a mask along a polyline of points (x, y); the parts, largest first, contain every pixel once.

    Components that the line does not divide are added to the largest part. One part means that nothing was divided.
    """
    cut = np.zeros(mask.shape, np.uint8)
    far = 2 * max(mask.shape) + 16  # keeps fixed-point coordinates within int32
    points = np.round((np.clip(np.asarray(line, np.float64), -far, far) - 0.5) * 256).astype(np.int32)
    cv2.polylines(cut, [points.reshape(-1, 1, 2)], False, 1, 1, cv2.LINE_8, 8)
    # a diagonal line leaves both sides 8-connected, so the sides are labelled with 4-connectivity
    left = (mask & (cut == 0)).astype(np.uint8)
    count, numbers = cv2.connectedComponents(left, connectivity=4, ltype=cv2.CV_32S)
    if count < 3:
        return [mask.copy()]
    numbers = _assign_nearest(numbers.astype(np.int32), mask)
    beside = cv2.dilate(cut, np.ones((3, 3), np.uint8)) != 0
    touched = set(np.unique(numbers[beside & mask]).tolist()) - {0}
    before, _ = label_components(mask)
    return _collect_parts(mask, numbers, before, touched)


def _collect_parts(mask: Mask, numbers: NDArray[np.int32], before: NDArray[np.int32], touched: set[int]) -> list[Mask]:
    """All but the largest part of each divided component, and one mask of everything else; largest first."""
    by_component: dict[int, list[int]] = {}
    for number in touched:
        by_component.setdefault(int(before[numbers == number][0]), []).append(number)
    separate: list[int] = []
    areas = np.bincount(numbers.ravel(), minlength=int(numbers.max()) + 1)
    for members in by_component.values():
        if len(members) > 1:
            separate += sorted(members, key=lambda number: -int(areas[number]))[1:]
    parts = [numbers == number for number in separate]
    rest = mask.copy()
    for part in parts:
        rest &= ~part
    return sorted([rest, *parts], key=lambda part: -int(np.count_nonzero(part)))


def _assign_nearest(numbers: NDArray[np.int32], mask: Mask) -> NDArray[np.int32]:
    """Give each unnumbered pixel of `mask` the number of the nearest numbered pixel."""
    unnumbered = mask & (numbers == 0)
    if not unnumbered.any():
        return numbers
    _, nearest = cv2.distanceTransformWithLabels(
        (numbers == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_seed = np.zeros(int(nearest.max()) + 1, np.int32)
    seeds = numbers > 0
    of_seed[nearest[seeds]] = numbers[seeds]
    out = numbers.copy()
    out[unnumbered] = of_seed[nearest[unnumbered]]
    return out


def _distance(inside: Mask) -> NDArray[np.float32]:
    """Distance in pixels of each True pixel to the nearest False pixel; 0 for False pixels."""
    out = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return out.astype(np.float32, copy=False)
