"""A picture at falling sizes, so that a large one can be shown small without a pass over all of it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SMALLEST = 1024  # no level is needed below this side


def pyramid(rgb: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """(H, W, 3) RGB to (h, w, 4) BGRA levels, each averaged to half the size of the one before."""
    levels: list[NDArray[np.uint8]] = [cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA).astype(np.uint8, copy=False)]
    while max(levels[-1].shape[:2]) > _SMALLEST and min(levels[-1].shape[:2]) > 1:
        height, width = levels[-1].shape[:2]
        half = cv2.resize(levels[-1], (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
        levels.append(half.astype(np.uint8, copy=False))
    return levels
