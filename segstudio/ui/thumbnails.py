"""Small images with their labels over them, made in a job."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import UNLABELLED, ClassTable
from segstudio.core.raster import rasterise
from segstudio.formats.dataset import Reading
from segstudio.formats.images import read_thumbnail

_OPACITY = 0.5


@dataclass(frozen=True)
class Thumbnail:
    """`pixels` is (h, w, 3) uint8, contiguous."""

    name: str
    text: str
    pixels: NDArray[np.uint8]

    __hash__ = None  # type: ignore[assignment]


def thumbnail_of(reading: Reading, side_px: int, table: ClassTable) -> Thumbnail:
    """In the colours of `table`. Raises FileError where the image cannot be read."""
    image = read_thumbnail(reading.image, side_px)
    plane = rasterise(reading.annotation, table)
    rows = np.arange(image.shape[0]) * plane.shape[0] // image.shape[0]
    columns = np.arange(image.shape[1]) * plane.shape[1] // image.shape[1]
    small = plane[np.ix_(rows, columns)]
    palette = np.zeros((256, 3), np.float32)
    palette[: len(table)] = [item.colour for item in table]
    palette[255] = 255
    shown = (small != 0) & (small != UNLABELLED)
    mixed = np.where(shown[..., None], image * (1 - _OPACITY) + palette[small] * _OPACITY, image)
    text = f"{len(reading.annotation.shapes)} shapes: {', '.join(reading.annotation.labels[:12])}"
    return Thumbnail(reading.image.name, text, np.ascontiguousarray(mixed.astype(np.uint8)))
