"""Colours that carry data: classes, heat, errors."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

# What an errors plane holds, and how it is shown.
RIGHT, WRONG = 0, 1


def voc_palette() -> NDArray[np.uint8]:
    """(256, 3) RGB palette of the VOC devkit: the bits of an index dealt to R, G, B from the top."""
    index = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= (((index >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return palette


VOC_PALETTE = voc_palette()


def voc_colour(class_id: int) -> Colour:
    red, green, blue = (int(value) for value in VOC_PALETTE[class_id])
    return red, green, blue


# Okabe and Ito (2008), without black, then the same darker and lighter: told apart by colour-blind eyes.
_SAFE: list[Colour] = [
    (86, 180, 233), (230, 159, 0), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
]  # fmt: skip


def safe_colour(class_id: int) -> Colour:
    """A view-only colour; class 0 is gray, and after every seven the colours come back in another lightness."""
    if class_id == 0:
        return 110, 110, 110
    turn, index = divmod(class_id - 1, len(_SAFE))
    red, green, blue = _SAFE[index]
    share = (0.0, 0.55, 0.35)[turn % 3]
    towards = 255 if turn % 3 == 1 else 0
    mixed = [round(value + (towards - value) * share) for value in (red, green, blue)]
    return mixed[0], mixed[1], mixed[2]


def heat_palette() -> NDArray[np.uint8]:
    """(256, 3) RGB: dark violet (0) over orange to pale yellow (255), readable by colour-blind eyes."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    bgr = cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(bgr[:, 0, ::-1])


HEAT_PALETTE = heat_palette()


def contrasting(colour: Colour) -> Colour:
    """Black or white, whichever reads better upon `colour`."""
    red, green, blue = colour
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else (255, 255, 255)
