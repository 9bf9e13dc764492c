"""Rasterisation of shapes, pixel-identical to labelme (Pillow's rasteriser), or to pycocotools for COCO polygons.

Pillow's polygon filler adds float32 products to absolute x, so moving a shape sideways may change its
rounding; moving it up or down never does. A shape is therefore drawn on a strip of its own rows that
starts at column 0, and cropped: the cost depends on the height of the shape, not of the image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Mask, unpack
from segstudio.core.box import EMPTY, TILE, Box, TileKey, tile_box, tiles_of
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.coco_polygon import rasterise_coco_polygon
from segstudio.core.geometry import Point
from segstudio.core.shape import CIRCLE, COCO, LINE_WIDTH_PX, POINT_RADIUS_PX, POLYGON, Shape

Labels = NDArray[np.uint8]
Patch = tuple[Box, Mask]  # the mask is an array of the box
PatchOf = Callable[[Shape], Patch]  # the pixels of a vector shape, cached: read only

_HUGE_RADIUS_PX: Final = 50_000
_NO_PATCH: Final[Patch] = (EMPTY, np.zeros((0, 0), np.bool_))


def rasterise_vector_shape(shape: Shape, image: Box) -> Patch:
    """(box, mask) of the pixels of a vector shape inside `image`; the mask may be read-only."""
    box = shape.box.intersect(image)
    if box.empty:
        return _NO_PATCH
    if shape.fill_rule == COCO and shape.kind == POLYGON:
        return rasterise_coco_polygon(shape.points_N2, image)
    if shape.kind == CIRCLE and _radius(shape) > _HUGE_RADIUS_PX:
        return box, _rasterise_huge_disc(shape, box)
    strip = Image.new("L", (box.x1, box.height))
    points = [(x, y - box.y0) for x, y in shape.points]
    _draw(ImageDraw.Draw(strip), shape.kind, points)
    return box, np.asarray(strip.crop((box.x0, 0, box.x1, box.height))) != 0


def _radius(shape: Shape) -> float:
    (cx, cy), (rx, ry) = shape.points
    return float(np.hypot(cx - rx, cy - ry))


def _rasterise_huge_disc(shape: Shape, box: Box) -> Mask:
    """Pillow visits every pixel of the circle: a minute for a radius of 10,000 km. Here the cost depends on `box`."""
    (cx, cy), _ = shape.points
    ys, xs = np.arange(box.y0, box.y1)[:, None] - cy, np.arange(box.x0, box.x1)[None, :] - cx
    return np.asarray(ys * ys + xs * xs <= _radius(shape) ** 2)


def rasterise_shape(shape: Shape, image: Box) -> Patch:
    """(box, mask) of the pixels of any shape inside `image`; the mask is a new array."""
    if shape.bitmap is None:
        box, mask = rasterise_vector_shape(shape, image)
        return box, mask.copy()
    box = shape.bitmap.box.intersect(image)
    return (EMPTY, _NO_PATCH[1].copy()) if box.empty else (box, shape.bitmap.to_array(box))


def _draw(draw: ImageDraw.ImageDraw, kind: str, points: list[Point]) -> None:
    match kind:
        case "circle":
            centre, rim = points
            _disc(draw, centre, float(np.sqrt((centre[0] - rim[0]) ** 2 + (centre[1] - rim[1]) ** 2)))
        case "rectangle":
            (x0, y0), (x1, y1) = points
            corners = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
            draw.rectangle(corners, outline=1, fill=1)
        case "line" | "linestrip":
            draw.line(points, fill=1, width=LINE_WIDTH_PX)
        case "point" | "points":
            for point in points:
                _disc(draw, point, POINT_RADIUS_PX)
        case _:
            draw.polygon(points, outline=1, fill=1)


def _disc(draw: ImageDraw.ImageDraw, centre: Point, radius: float) -> None:
    (x, y), r = centre, radius
    draw.ellipse((x - r, y - r, x + r, y + r), outline=1, fill=1)


class PatchCache:
    """Cache of the rasterised vector shapes of one image, keyed by the identity of the shape."""

    def __init__(self, image: Box) -> None:
        self._image = image
        self._patches: dict[int, tuple[Shape, Patch]] = {}

    def patch(self, shape: Shape) -> Patch:
        held = self._patches.get(id(shape))
        if held is None:  # holding the shape keeps its id() from being reused
            held = self._patches[id(shape)] = (shape, rasterise_vector_shape(shape, self._image))
        return held[1]

    def keep_only(self, shapes: Iterable[Shape]) -> None:
        """Drop the patches of all other shapes."""
        used = {id(shape) for shape in shapes}
        for key in self._patches.keys() - used:
            del self._patches[key]


def rasterise(annotation: Annotation, table: ClassTable) -> Labels:
    """The (H, W) class plane of an annotation in painter's order; UNLABELLED where no shape is.

    Shapes whose label is not in the table become IGNORE.
    """
    plane = np.full((annotation.height, annotation.width), UNLABELLED, np.uint8)
    for shape in annotation.shapes:
        paint(plane, shape, _class_id(table, shape.label))
    return plane


def _class_id(table: ClassTable, label: str) -> int:
    found = table.id_of(label)
    return IGNORE if found is None else found


def paint(plane: NDArray[np.uint8] | NDArray[np.int32], shape: Shape, value: int) -> None:
    """Set the pixels of a shape to `value` in a plane of the whole image."""
    height, width = plane.shape
    image = Box(0, 0, height, width)
    if shape.bitmap is None:
        box, mask = rasterise_vector_shape(shape, image)
        plane[box.slices][mask] = value
        return
    for key, bits in shape.bitmap.tiles.items():
        part = tile_box(key).intersect(image)
        if not part.empty:
            plane[part.slices][unpack(bits)[part.slices_in(tile_box(key))]] = value


def rasterise_tiles(
    plane: Labels,
    annotation: Annotation,
    table: ClassTable,
    tiles: Iterable[TileKey],
    cache: PatchCache,
) -> None:
    """Rasterise `annotation` into `plane`, in the given tiles only."""
    keys = set(tiles)
    for key in keys:
        plane[tile_box(key).slices] = UNLABELLED
    if not keys:
        return
    rows, columns = [row for row, _ in keys], [column for _, column in keys]
    top, left = TILE * min(rows), TILE * min(columns)
    bottom, right = TILE * (max(rows) + 1), TILE * (max(columns) + 1)
    ids: Mapping[str, int] = {label: _class_id(table, label) for label in annotation.labels}
    for shape in annotation.shapes:
        if shape.bitmap is not None:
            _paint_bitmap_tiles(plane, shape, ids[shape.label], keys)
            continue
        y0, x0, y1, x1 = shape.box
        if y0 < bottom and top < y1 and x0 < right and left < x1:  # skips most of a thousand shapes quickly
            _paint_patch_tiles(plane, shape, ids[shape.label], keys, cache)


def _paint_bitmap_tiles(plane: Labels, shape: Shape, value: int, keys: set[TileKey]) -> None:
    assert shape.bitmap is not None
    image = Box(0, 0, *plane.shape)
    for key in shape.bitmap.tiles.keys() & keys:
        part = tile_box(key).intersect(image)
        if not part.empty:
            plane[part.slices][unpack(shape.bitmap.tiles[key])[part.slices_in(tile_box(key))]] = value


def _paint_patch_tiles(plane: Labels, shape: Shape, value: int, keys: set[TileKey], cache: PatchCache) -> None:
    reach = shape.box.intersect(Box(0, 0, *plane.shape))
    for key in keys.intersection(tiles_of(reach)):
        box, mask = cache.patch(shape)
        part = tile_box(key).intersect(box)
        if not part.empty:
            plane[part.slices][mask[part.slices_in(box)]] = value


def rasterise_capsule(start: Point, end: Point, radius_px: float, image: Box) -> Patch:
    """Pixels whose centre is within `radius_px` of the segment from `start` to `end`, clipped to `image`.

    Pixel (row, column) has its centre at (column + 0.5, row + 0.5). The radius is at least 0.71, so that a click always
    paints the pixel under it.
    """
    (ax, ay), (bx, by) = start, end
    box = Box(
        int(np.floor(min(ay, by) - radius_px)),
        int(np.floor(min(ax, bx) - radius_px)),
        int(np.ceil(max(ay, by) + radius_px)) + 1,
        int(np.ceil(max(ax, bx) + radius_px)) + 1,
    ).intersect(image)
    if box.empty:
        return _NO_PATCH
    ys = (np.arange(box.y0, box.y1, dtype=np.float32) + np.float32(0.5 - ay))[:, None]
    xs = (np.arange(box.x0, box.x1, dtype=np.float32) + np.float32(0.5 - ax))[None, :]
    dx, dy = np.float32(bx - ax), np.float32(by - ay)
    length2 = float(dx * dx + dy * dy)
    if length2 > 0:
        along = np.clip((xs * dx + ys * dy) / np.float32(length2), 0, 1)
        xs, ys = xs - along * dx, ys - along * dy
    mask = xs * xs + ys * ys <= np.float32(max(radius_px, 0.71) ** 2)
    return box, mask


def rasterise_swept_square(start: Point, end: Point, radius_px: float, image: Box) -> Patch:
    """Pixels whose centre is in a square of half side `radius_px` moved from `start` to `end`, clipped to `image`."""
    half = max(radius_px, 0.5)
    (ax, ay), (bx, by) = start, end
    box = Box(
        int(np.floor(min(ay, by) - half)),
        int(np.floor(min(ax, bx) - half)),
        int(np.ceil(max(ay, by) + half)) + 1,
        int(np.ceil(max(ax, bx) + half)) + 1,
    ).intersect(image)
    if box.empty:
        return _NO_PATCH
    enter_y, leave_y = _cover_times(np.arange(box.y0, box.y1) + 0.5, ay, by, half)
    enter_x, leave_x = _cover_times(np.arange(box.x0, box.x1) + 0.5, ax, bx, half)
    enter = np.maximum(enter_y[:, None], enter_x[None, :])
    leave = np.minimum(leave_y[:, None], leave_x[None, :])
    return box, enter <= leave


def _cover_times(centres: NDArray[Any], start: float, end: float, half: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Times (enter, leave) in 0..1 between which an interval moving from `start` to `end` contains each centre.

    The interval is half open, so that a square of even side is that many pixels wide.
    """
    distance = end - start
    if abs(distance) < 1e-9:
        inside = (centres - start >= -half) & (centres - start < half)
        return np.where(inside, 0.0, 2.0), np.where(inside, 1.0, -1.0)
    first, second = (centres - half - start) / distance, (centres + half - start) / distance
    enter, leave = np.minimum(first, second), np.maximum(first, second)
    return np.maximum(enter, 0.0), np.minimum(leave, 1.0)
