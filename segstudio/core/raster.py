"""From shapes to pixels, pixel for pixel as labelme does it (Pillow's rasteriser); COCO's polygons by COCO's rule.

Pillow's polygon filler adds float32 products to absolute x, so moving a shape sideways may change its
rounding; moving it up or down never does. A shape is therefore drawn on a strip of its own rows that
starts at column 0, and cropped: the cost follows the shape's height, never the image's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Mask, unpack
from segstudio.core.box import EMPTY, TILE, Box, TileKey, tile_box, tiles_of
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.coco_rule import coco_patch
from segstudio.core.geometry import Point
from segstudio.core.shape import CIRCLE, COCO, LINE_WIDTH, POINT_RADIUS, POLYGON, Shape

Labels = NDArray[np.uint8]
Patch = tuple[Box, Mask]

_VAST: Final = 50_000  # pixels
_NO_PATCH: Final[Patch] = (EMPTY, np.zeros((0, 0), np.bool_))


def shape_patch(shape: Shape, image: Box) -> Patch:
    """The pixels of a vector shape inside `image`, as (box, mask)."""
    box = shape.box.intersect(image)
    if box.empty:
        return _NO_PATCH
    if shape.rule == COCO and shape.kind == POLYGON:
        return coco_patch(shape.points_N2, image)
    if shape.kind == CIRCLE and _radius(shape) > _VAST:
        return box, _vast_disc(shape, box)
    strip = Image.new("L", (box.x1, box.height))
    points = [(x, y - box.y0) for x, y in shape.points]
    _draw(ImageDraw.Draw(strip), shape.kind, points)
    return box, np.asarray(strip.crop((box.x0, 0, box.x1, box.height))) != 0


def _radius(shape: Shape) -> float:
    (cx, cy), (rx, ry) = shape.points
    return float(np.hypot(cx - rx, cy - ry))


def _vast_disc(shape: Shape, box: Box) -> Mask:
    """Pillow walks the rim of a circle, which takes a minute for one of 10,000 kilometres; here only the box counts."""
    (cx, cy), _ = shape.points
    ys, xs = np.arange(box.y0, box.y1)[:, None] - cy, np.arange(box.x0, box.x1)[None, :] - cx
    return np.asarray(ys * ys + xs * xs <= _radius(shape) ** 2)


def shape_mask(shape: Shape, image: Box) -> Patch:
    """The pixels of any shape inside `image`, as (box, mask); the mask is fresh."""
    if shape.bitmap is None:
        box, mask = shape_patch(shape, image)
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
            draw.line(points, fill=1, width=LINE_WIDTH)
        case "point" | "points":
            for point in points:
                _disc(draw, point, POINT_RADIUS)
        case _:
            draw.polygon(points, outline=1, fill=1)


def _disc(draw: ImageDraw.ImageDraw, centre: Point, radius: float) -> None:
    (x, y), r = centre, radius
    draw.ellipse((x - r, y - r, x + r, y + r), outline=1, fill=1)


class PatchCache:
    """Rasterised vector shapes of one image, kept while the shape object is in use."""

    def __init__(self, image: Box) -> None:
        self._image = image
        self._patches: dict[int, tuple[Shape, Patch]] = {}

    def patch(self, shape: Shape) -> Patch:
        held = self._patches.get(id(shape))
        if held is None:  # the shape is held beside its patch, so its id cannot be given again
            held = self._patches[id(shape)] = (shape, shape_patch(shape, self._image))
        return held[1]

    def keep_only(self, shapes: Iterable[Shape]) -> None:
        used = {id(shape) for shape in shapes}
        for key in self._patches.keys() - used:
            del self._patches[key]


def rasterise(annotation: Annotation, table: ClassTable) -> Labels:
    """The (H, W) class plane of an annotation in painter's order; UNLABELLED where nothing lies.

    A label that the table does not know is read as IGNORE: it is never guessed.
    """
    plane = np.full((annotation.height, annotation.width), UNLABELLED, np.uint8)
    for shape in annotation.shapes:
        paint(plane, shape, _value(table, shape.label))
    return plane


def _value(table: ClassTable, label: str) -> int:
    found = table.id_of(label)
    return IGNORE if found is None else found


def paint(plane: NDArray[np.uint8] | NDArray[np.int32], shape: Shape, value: int) -> None:
    """Sets the pixels of a shape in a plane of the whole image."""
    height, width = plane.shape
    image = Box(0, 0, height, width)
    if shape.bitmap is None:
        box, mask = shape_patch(shape, image)
        plane[box.slices][mask] = value
        return
    for key, bits in shape.bitmap.tiles.items():
        part = tile_box(key).intersect(image)
        if not part.empty:
            plane[part.slices][unpack(bits)[part.within(tile_box(key))]] = value


def rasterise_tiles(
    plane: Labels,
    annotation: Annotation,
    table: ClassTable,
    tiles: Iterable[TileKey],
    cache: PatchCache,
) -> None:
    """Rasterise `annotation` into `plane` again, in these tiles only."""
    wanted = set(tiles)
    for key in wanted:
        plane[tile_box(key).slices] = UNLABELLED
    if not wanted:
        return
    rows, columns = [row for row, _ in wanted], [column for _, column in wanted]
    top, left = TILE * min(rows), TILE * min(columns)
    bottom, right = TILE * (max(rows) + 1), TILE * (max(columns) + 1)
    ids: Mapping[str, int] = {label: _value(table, label) for label in annotation.labels}
    for shape in annotation.shapes:
        if shape.bitmap is not None:
            _paint_bitmap_tiles(plane, shape, ids[shape.label], wanted)
            continue
        y0, x0, y1, x1 = shape.box
        if y0 < bottom and top < y1 and x0 < right and left < x1:  # most of a thousand shapes lie elsewhere
            _paint_patch_tiles(plane, shape, ids[shape.label], wanted, cache)


def _paint_bitmap_tiles(plane: Labels, shape: Shape, value: int, wanted: set[TileKey]) -> None:
    assert shape.bitmap is not None
    image = Box(0, 0, *plane.shape)
    for key in shape.bitmap.tiles.keys() & wanted:
        part = tile_box(key).intersect(image)
        if not part.empty:
            plane[part.slices][unpack(shape.bitmap.tiles[key])[part.within(tile_box(key))]] = value


def _paint_patch_tiles(plane: Labels, shape: Shape, value: int, wanted: set[TileKey], cache: PatchCache) -> None:
    reach = shape.box.intersect(Box(0, 0, *plane.shape))
    for key in wanted.intersection(tiles_of(reach)):
        box, mask = cache.patch(shape)
        part = tile_box(key).intersect(box)
        if not part.empty:
            plane[part.slices][mask[part.within(box)]] = value


def capsule(start: Point, end: Point, radius_px: float, image: Box) -> Patch:
    """Pixels whose centre lies within `radius_px` of the way from `start` to `end`, inside `image`.

    Pixel (row, column) has its centre at (column + 0.5, row + 0.5). A dab always covers the pixel under it.
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


def swept_square(start: Point, end: Point, radius_px: float, image: Box) -> Patch:
    """Pixels whose centre lies in a square of half side `radius_px` on its way from `start` to `end`."""
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
    enter_y, leave_y = _passage(np.arange(box.y0, box.y1) + 0.5, ay, by, half)
    enter_x, leave_x = _passage(np.arange(box.x0, box.x1) + 0.5, ax, bx, half)
    enter = np.maximum(enter_y[:, None], enter_x[None, :])
    leave = np.minimum(leave_y[:, None], leave_x[None, :])
    return box, enter <= leave


def _passage(centres: NDArray[Any], start: float, end: float, half: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """When, from 0 to 1, an interval of that half length moving from `start` to `end` covers each centre.

    An interval holds its lower end and not its upper one, so that a square of even side is that many pixels wide.
    """
    way = end - start
    if abs(way) < 1e-9:
        inside = (centres - start >= -half) & (centres - start < half)
        return np.where(inside, 0.0, 2.0), np.where(inside, 1.0, -1.0)
    first, second = (centres - half - start) / way, (centres + half - start) / way
    enter, leave = np.minimum(first, second), np.maximum(first, second)
    return np.maximum(enter, 0.0), np.minimum(leave, 1.0)
