"""Which shapes lie under a pixel or inside a box."""

from __future__ import annotations

from collections.abc import Collection

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.box import TILE, Box
from segstudio.core.geometry import Point
from segstudio.core.shape import Shape
from segstudio.core.stroke_commit import PatchOf


def covers(shape: Shape, at: Point, patch: PatchOf) -> bool:
    """Whether a shape has the pixel that holds the point (x, y)."""
    row, column = int(at[1] // 1), int(at[0] // 1)
    if shape.bitmap is not None:
        return _has(shape.bitmap, row, column)
    box = shape.box
    if not (box.y0 <= row < box.y1 and box.x0 <= column < box.x1):
        return False
    there, mask = patch(shape)
    inside = there.y0 <= row < there.y1 and there.x0 <= column < there.x1
    return inside and bool(mask[row - there.y0, column - there.x0])


def at_pixel(
    annotation: Annotation, at: Point, patch: PatchOf, passed_over: Collection[int] = (), below: int | None = None
) -> int | None:
    """Index of the topmost shape there; `passed_over` are uids, `below` looks only under that index."""
    for index in range((len(annotation.shapes) if below is None else below) - 1, -1, -1):
        shape = annotation.shapes[index]
        if shape.uid not in passed_over and covers(shape, at, patch):
            return index
    return None


def within(annotation: Annotation, box: Box, passed_over: Collection[int] = ()) -> list[int]:
    """Indices of the shapes that lie wholly inside `box`, judged by their own boxes."""
    found = []
    for index, shape in enumerate(annotation.shapes):
        own = shape.box.intersect(annotation.box)
        if shape.uid not in passed_over and not own.empty and own.intersect(box) == own:
            found.append(index)
    return found


def _has(bitmap: Bitmap, row: int, column: int) -> bool:
    bits = bitmap.tiles.get((row // TILE, column // TILE))
    if bits is None:
        return False
    place = (row % TILE) * TILE + column % TILE
    return bool(bits[place // 8] >> (7 - place % 8) & 1)
