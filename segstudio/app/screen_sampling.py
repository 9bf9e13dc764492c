"""The parts of image and label planes that are on the screen, sampled once for each device pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.app.display import borders, sampled
from segstudio.app.view_position import ViewPosition


def pick_level(num_levels: int, zoom: float) -> int:
    """The coarsest level of a pyramid that is at least as fine as the screen; `zoom` is that in device pixels."""
    index = 0
    while index + 1 < num_levels and zoom * 2 ** (index + 1) <= 1.0:
        index += 1
    return index


def sample_plane(
    plane: NDArray[np.uint8], view: ViewPosition, device_box: tuple[int, int, int, int], ratio: float
) -> NDArray[np.uint8]:
    """(down, across) values under the device pixels of a box of left, top, across and down; a contiguous array."""
    rows, columns = _indices(view, device_box, ratio, 0)
    return np.ascontiguousarray(sampled(plane, rows, columns))


def sample_borders(
    plane: NDArray[np.uint8], view: ViewPosition, device_box: tuple[int, int, int, int], ratio: float
) -> NDArray[np.uint8]:
    """As `sample_plane`, with values only on both sides of every border between values."""
    rows, columns = _indices(view, device_box, ratio, 1)
    return np.ascontiguousarray(borders(sampled(plane, rows, columns)))


def _indices(
    view: ViewPosition, device_box: tuple[int, int, int, int], ratio: float, rim: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the plane, with a rim of device pixels around the box."""
    left, top, across, down = device_box
    xs = ((np.arange(left - rim, left + across + rim) + 0.5) / ratio - view.dx) / view.zoom
    ys = ((np.arange(top - rim, top + down + rim) + 0.5) / ratio - view.dy) / view.zoom
    return np.floor(ys).astype(np.int64), np.floor(xs).astype(np.int64)
