"""Image pyramid for fast display when zoomed out."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_SMALLEST_SIDE_PX = 1024  # a level of this size is cheap enough to draw
_HUGE_PIXELS = 100_000_000  # from here on the first level shares the image's memory
_STRIP_ROWS = 4096  # rows that are halved at a time

Levels = list[NDArray[np.uint8]]


def build_pyramid(pixels: NDArray[Any], window: tuple[int, int] | None = None) -> Levels:
    """Levels for display, each half the size of the one before (area average); for `window` see `to_rgb8`.

    Levels are (h, w, 4) BGRA, which is fastest to draw. The first level of a huge image is its (h, w, 3) RGB instead,
    so that it is not held in memory twice.
    """
    rgb = to_rgb8(pixels, window)
    huge = rgb.shape[0] * rgb.shape[1] > _HUGE_PIXELS
    levels: Levels = [rgb if huge else np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA), np.uint8)]
    while max(levels[-1].shape[:2]) > _SMALLEST_SIDE_PX and min(levels[-1].shape[:2]) > 1:
        levels.append(_halve(levels[-1]))
    return levels


def to_rgb8(pixels: NDArray[Any], window: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 for display: gray repeated, or the first three bands; the input itself where nothing changes.

    `window` is the (lowest, highest) value shown as black and white; None maps images of more than 8 bits from minimum
    to maximum.
    """
    if pixels.ndim == 3 and pixels.shape[2] > 3:
        pixels = pixels[:, :, :3]
    elif pixels.ndim == 3 and pixels.shape[2] < 3:
        pixels = pixels[:, :, 0]
    if pixels.dtype != np.uint8 or window is not None:
        pixels = _build_lookup(pixels, window)[pixels]
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_GRAY2RGB), np.uint8)
    return np.ascontiguousarray(pixels)


def _build_lookup(pixels: NDArray[Any], window: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Lookup table from the values of an unsigned image to uint8."""
    low, high = window if window is not None else (int(pixels.min()), int(pixels.max()))
    values = np.arange(np.iinfo(pixels.dtype).max + 1, dtype=np.float32)
    return np.clip((values - low) * (255 / max(1, high - low)), 0, 255).astype(np.uint8)


def _halve(level: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = level.shape[:2]
    out = np.empty((max(1, height // 2), max(1, width // 2), 4), np.uint8)
    for top in range(0, out.shape[0], _STRIP_ROWS):
        bottom = min(out.shape[0], top + _STRIP_ROWS)
        end = height if bottom == out.shape[0] else 2 * bottom
        half = cv2.resize(level[2 * top : end], (out.shape[1], bottom - top), interpolation=cv2.INTER_AREA)
        out[top:bottom] = half if half.shape[2] == 4 else cv2.cvtColor(half, cv2.COLOR_RGB2BGRA)
    return out
