"""Integer pixels to the arrays that a network takes.

Arrays: C channels, H rows, W columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.errors import TrainingError
from segstudio.formats.images import Pixels

WHITE_8_BIT = 255


def to_channels_first(pixels: Pixels) -> Pixels:
    """(H, W) or (H, W, C) -> (C, H, W); axes are moved, never reshaped."""
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(np.moveaxis(pixels, 2, 0))


def scale_to_unit(pixels: Pixels, white: int) -> NDArray[np.float32]:
    """Integer pixels as float, about 0..1; `white` is the value that becomes 1.

    255 means 8-bit images; anything larger means 16-bit images, of which cameras use 10, 12 or 14 bits. An image of
    the other bit depth is converted to the same scale.
    """
    to_16_bits = 1 if pixels.dtype == np.uint16 else 257
    factor = to_16_bits / (65535 if white <= WHITE_8_BIT else white)
    return pixels.astype(np.float32) * np.float32(factor)


def convert_channels(pixels_CHW: Pixels, channels: int, name: str) -> Pixels:
    """The image with `channels` channels: grey repeated to RGB, RGB averaged to grey, alpha dropped.

    Raises TrainingError, with `name`, for any other combination.
    """
    have = len(pixels_CHW)
    if have == channels:
        return pixels_CHW
    if have == 1 and channels == 3:
        return np.repeat(pixels_CHW, 3, axis=0)
    if have == 3 and channels == 1:
        return pixels_CHW.mean(axis=0, keepdims=True).astype(pixels_CHW.dtype)
    if have == 4 and channels == 3:
        return pixels_CHW[:3]
    raise TrainingError(f"{name}: has {have} channels but the model takes {channels}; use images of one kind")
