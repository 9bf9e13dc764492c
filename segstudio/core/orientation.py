"""EXIF orientations 1 to 8: from rows as they are stored to rows as they are seen, for pixels and for labels."""

from __future__ import annotations

from typing import Any, Final

from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.geometry import Point
from segstudio.core.shape import COCO, Shape

SWAPPED: Final = (5, 6, 7, 8)  # those that swap rows and columns
_ROWS: Final = (3, 4, 7, 8)
_COLUMNS: Final = (2, 3, 6, 7)


def turned_pixels(pixels: NDArray[Any], turn: int) -> NDArray[Any]:
    """A view of (H, W) or (H, W, C)."""
    if turn in SWAPPED:
        pixels = pixels.swapaxes(0, 1)
    return pixels[:: -1 if turn in _ROWS else 1, :: -1 if turn in _COLUMNS else 1]


def turned(annotation: Annotation, turn: int) -> Annotation:
    """Labels that were made on the stored rows, on the image as it is seen."""
    height, width = annotation.height, annotation.width
    shapes = tuple(_turned(shape, (height, width), turn) for shape in annotation.shapes)
    size = (width, height) if turn in SWAPPED else (height, width)
    return Annotation(*size, shapes, annotation.flags, annotation.extra)


def _turned(shape: Shape, size: tuple[int, int], turn: int) -> Shape:
    height, width = size
    if shape.bitmap is not None:
        mask = shape.bitmap.to_array(Annotation(height, width).box)
        return shape.with_bitmap(Bitmap.from_array(turned_pixels(mask, turn)))
    last = 0 if shape.rule == COCO else 1  # labelme counts pixels, COCO the lines between them
    right, bottom = (height - last, width - last) if turn in SWAPPED else (width - last, height - last)

    def place(x: float, y: float) -> Point:
        if turn in SWAPPED:
            x, y = y, x
        return (right - x if turn in _COLUMNS else x, bottom - y if turn in _ROWS else y)

    return shape.with_points(tuple(place(x, y) for x, y in shape.points))
