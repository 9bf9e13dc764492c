"""Where tiles lie and how much each of their pixels counts."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def tile_starts(length: int, tile: int, overlap: float) -> list[int]:
    """First pixels of evenly spaced tiles that cover `length`, sharing at least `overlap` of a tile."""
    if length <= tile:
        return [0]
    count = 1 + int(np.ceil((length - tile) / (tile * (1 - overlap))))
    return [round(step * (length - tile) / (count - 1)) for step in range(count)]


@lru_cache(maxsize=8)
def gaussian_weight(height: int, width: int) -> NDArray[np.float32]:
    """(height, width) weights, 1 in the middle, sigma an eighth of the tile, never 0 (nnU-Net's choice)."""
    column = _bell(height)[:, None]
    row = _bell(width)[None, :]
    weight = np.maximum(column * row, np.float32(1e-3))
    weight.flags.writeable = False
    return weight


def _bell(length: int) -> NDArray[np.float32]:
    at = np.arange(length, dtype=np.float32) - np.float32((length - 1) / 2)
    bell: NDArray[np.float32] = np.exp(-0.5 * (at / np.float32(length / 8)) ** 2).astype(np.float32)
    return bell
