"""An image at falling sizes, so that a large one can be shown small without a pass over all of it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_SMALLEST = 1024  # no level is needed below this side
_HUGE = 100_000_000  # pixels from which the image's own memory is the first level
_STRIP = 4096  # rows that are halved at a time

Levels = list[NDArray[np.uint8]]


def pyramid(rgb: NDArray[np.uint8]) -> Levels:
    """(H, W, 3) RGB to levels, each averaged to half the size of the one before.

    Levels are (h, w, 4) BGRA, which a screen shows fastest; of a huge image the first is `rgb` itself, so that
    it is held once.
    """
    first = rgb if rgb.shape[0] * rgb.shape[1] > _HUGE else np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA), np.uint8)
    levels: Levels = [first]
    while max(levels[-1].shape[:2]) > _SMALLEST and min(levels[-1].shape[:2]) > 1:
        levels.append(_halved(levels[-1]))
    return levels


def levels_of(pixels: NDArray[Any], window: tuple[int, int] | None = None) -> Levels:
    """Levels of an image of any depth and number of bands, as it is shown. `window` (lowest, highest) spans
    black to white; None stretches what is deeper than 8 bits between its extremes."""
    return pyramid(rgb8(pixels, window))


def rgb8(pixels: NDArray[Any], window: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 for the screen: gray thrice, of several bands the first three; the input itself if it is so."""
    if pixels.ndim == 3 and pixels.shape[2] > 3:
        pixels = pixels[:, :, :3]
    elif pixels.ndim == 3 and pixels.shape[2] < 3:
        pixels = pixels[:, :, 0]
    if pixels.dtype != np.uint8 or window is not None:
        pixels = _curve(pixels, window)[pixels]
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_GRAY2RGB), np.uint8)
    return np.ascontiguousarray(pixels)


def _curve(pixels: NDArray[Any], window: tuple[int, int] | None) -> NDArray[np.uint8]:
    """What each value of an unsigned image is shown as."""
    low, high = window if window is not None else (int(pixels.min()), int(pixels.max()))
    values = np.arange(np.iinfo(pixels.dtype).max + 1, dtype=np.float32)
    return np.clip((values - low) * (255 / max(1, high - low)), 0, 255).astype(np.uint8)


def _halved(level: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = level.shape[:2]
    out = np.empty((max(1, height // 2), max(1, width // 2), 4), np.uint8)
    for top in range(0, out.shape[0], _STRIP):
        bottom = min(out.shape[0], top + _STRIP)
        end = height if bottom == out.shape[0] else 2 * bottom
        half = cv2.resize(level[2 * top : end], (out.shape[1], bottom - top), interpolation=cv2.INTER_AREA)
        out[top:bottom] = half if half.shape[2] == 4 else cv2.cvtColor(half, cv2.COLOR_RGB2BGRA)
    return out
