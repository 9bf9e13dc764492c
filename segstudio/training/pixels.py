"""Integer pixels as the numbers that a network takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.errors import TrainingError
from segstudio.formats.images import Pixels

WHITE_8_BIT = 255


def channels_first(pixels: Pixels) -> Pixels:
    """(H, W) or (H, W, C) -> (C, H, W); axes are moved, never reshaped."""
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(np.moveaxis(pixels, 2, 0))


def unit_scale(pixels: Pixels, white: int) -> NDArray[np.float32]:
    """Integer pixels as float, about 0..1; `white` is the value that becomes 1.

    255 stands for images of 8 bits; anything larger for 16 bits, of which cameras use 10, 12 or 14. A
    image of the other depth is brought to the same scale.
    """
    in_16_bits = 1 if pixels.dtype == np.uint16 else 257
    factor = in_16_bits / (65535 if white <= WHITE_8_BIT else white)
    return pixels.astype(np.float32) * np.float32(factor)


def fitted_channels(pixels_CHW: Pixels, channels: int, name: str) -> Pixels:
    """Gray where colour is wanted is tripled, colour where gray is wanted is averaged; else TrainingError."""
    have = len(pixels_CHW)
    if have == channels:
        return pixels_CHW
    if have == 1 and channels == 3:
        return np.repeat(pixels_CHW, 3, axis=0)
    if have == 3 and channels == 1:
        return pixels_CHW.mean(axis=0, keepdims=True).astype(pixels_CHW.dtype)
    if have == 4 and channels == 3:  # opacity is no colour
        return pixels_CHW[:3]
    raise TrainingError(f"{name}: has {have} channels where {channels} are wanted; use images of one kind")
