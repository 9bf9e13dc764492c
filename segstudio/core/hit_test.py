"""Hit tests: which shapes are at a pixel or inside a box."""

from __future__ import annotations

from collections.abc import Collection

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.box import TILE, Box
from segstudio.core.geometry import Point
from segstudio.core.raster import PatchOf
from segstudio.core.shape import Shape


def covers_pixel(shape: Shape, point: Point, patch: PatchOf) -> bool:
    """True if the shape contains the pixel at the point (x, y)."""
    row, column = int(point[1] // 1), int(point[0] // 1)
    if shape.bitmap is not None:
        return _has_pixel(shape.bitmap, row, column)
    box = shape.box
    if not (box.y0 <= row < box.y1 and box.x0 <= column < box.x1):
        return False
    patch_box, mask = patch(shape)
    inside = patch_box.y0 <= row < patch_box.y1 and patch_box.x0 <= column < patch_box.x1
    return inside and bool(mask[row - patch_box.y0, column - patch_box.x0])


def find_at_pixel(
    annotation: Annotation, point: Point, patch: PatchOf, excluded: Collection[int] = (), below: int | None = None
) -> int | None:
    """Index of the topmost shape at (x, y), None if there is none.

    Skips the uids in `excluded` and, if `below` is given, all shapes from that index up.
    """
    for index in range((len(annotation.shapes) if below is None else below) - 1, -1, -1):
        shape = annotation.shapes[index]
        if shape.uid not in excluded and covers_pixel(shape, point, patch):
            return index
    return None


def find_within_box(annotation: Annotation, box: Box, excluded: Collection[int] = ()) -> list[int]:
    """Indices of the shapes whose bounding box, clipped to the image, is wholly inside `box`."""
    found = []
    for index, shape in enumerate(annotation.shapes):
        own = shape.box.intersect(annotation.box)
        if shape.uid not in excluded and not own.empty and own.intersect(box) == own:
            found.append(index)
    return found


def _has_pixel(bitmap: Bitmap, row: int, column: int) -> bool:
    bits = bitmap.tiles.get((row // TILE, column // TILE))
    if bits is None:
        return False
    bit = (row % TILE) * TILE + column % TILE
    return bool(bits[bit // 8] >> (7 - bit % 8) & 1)
