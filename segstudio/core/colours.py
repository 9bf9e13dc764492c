"""Colours of classes and probability maps."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]


def build_voc_palette() -> NDArray[np.uint8]:
    """(256, 3) RGB palette of the PASCAL VOC devkit: index bits go to R, G, B in turn, each filled from its top bit."""
    index = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= (((index >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return palette


VOC_PALETTE = build_voc_palette()


def voc_colour(class_id: int) -> Colour:
    red, green, blue = (int(value) for value in VOC_PALETTE[class_id])
    return red, green, blue


# Colour-blind-safe palette of Okabe and Ito (2008), without black.
_SAFE: list[Colour] = [
    (86, 180, 233), (230, 159, 0), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
]  # fmt: skip


def safe_colour(class_id: int) -> Colour:
    """A colour-blind-safe display colour: gray for class 0, then seven hues that repeat in other lightnesses."""
    if class_id == 0:
        return 110, 110, 110
    repeat, index = divmod(class_id - 1, len(_SAFE))
    red, green, blue = _SAFE[index]
    share = (0.0, 0.55, 0.35)[repeat % 3]
    towards = 255 if repeat % 3 == 1 else 0
    mixed = [round(value + (towards - value) * share) for value in (red, green, blue)]
    return mixed[0], mixed[1], mixed[2]


def _build_probability_palette() -> NDArray[np.uint8]:
    """(256, 3) RGB Inferno colour map: dark violet (0), orange, pale yellow (255); colour-blind safe."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    bgr = cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(bgr[:, 0, ::-1])


PROBABILITY_PALETTE = _build_probability_palette()


def contrasting_colour(colour: Colour) -> Colour:
    """Black or white, whichever has more contrast on `colour`."""
    red, green, blue = colour
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else (255, 255, 255)
