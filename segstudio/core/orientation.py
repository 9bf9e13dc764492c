"""Apply EXIF orientations 1 to 8 to pixel arrays and annotations."""

from __future__ import annotations

from typing import Any, Final

from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.geometry import Point
from segstudio.core.shape import COCO, Shape

SWAPPED: Final = (5, 6, 7, 8)  # orientations that swap rows and columns
_FLIPS_ROWS: Final = (3, 4, 7, 8)
_FLIPS_COLUMNS: Final = (2, 3, 6, 7)


def orient_pixels(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A view of stored pixels, (H, W) or (H, W, C), as they are displayed."""
    if orientation in SWAPPED:
        pixels = pixels.swapaxes(0, 1)
    return pixels[:: -1 if orientation in _FLIPS_ROWS else 1, :: -1 if orientation in _FLIPS_COLUMNS else 1]


def orient_annotation(annotation: Annotation, orientation: int) -> Annotation:
    """An annotation of the stored pixels, converted to the displayed image."""
    height, width = annotation.height, annotation.width
    shapes = tuple(_orient_shape(shape, (height, width), orientation) for shape in annotation.shapes)
    size = (width, height) if orientation in SWAPPED else (height, width)
    return Annotation(*size, shapes, annotation.flags, annotation.extra)


def _orient_shape(shape: Shape, size: tuple[int, int], orientation: int) -> Shape:
    height, width = size
    if shape.bitmap is not None:
        mask = shape.bitmap.to_array(Annotation(height, width).box)
        return shape.with_bitmap(Bitmap.from_array(orient_pixels(mask, orientation)))
    last = 0 if shape.fill_rule == COCO else 1  # labelme mirrors pixel indices, COCO the lines between pixels
    right, bottom = (height - last, width - last) if orientation in SWAPPED else (width - last, height - last)

    def transform(x: float, y: float) -> Point:
        if orientation in SWAPPED:
            x, y = y, x
        return (right - x if orientation in _FLIPS_COLUMNS else x, bottom - y if orientation in _FLIPS_ROWS else y)

    return shape.with_points(tuple(transform(x, y) for x, y in shape.points))
