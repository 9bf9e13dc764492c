"""Edits of whole shapes: each function takes an annotation and shape indices and returns the edited annotation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from segstudio.core import morphology
from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap, Mask
from segstudio.core.box import EMPTY, Box, full_box
from segstudio.core.contours import mask_to_polygons, simplify_ring
from segstudio.core.geometry import Point
from segstudio.core.instances import union_patches
from segstudio.core.raster import Patch, rasterise_shape
from segstudio.core.shape import FILL_RULE, MASK, POLYGON, Shape

FRONT: Final = "front"
BACK: Final = "back"
FORWARD: Final = "forward"
BACKWARD: Final = "backward"

UNION: Final = "union"
SUBTRACT: Final = "subtract"
INTERSECT: Final = "intersect"

Change = Callable[[Mask], Mask]
Split = Callable[[Mask, Box], list[Patch]]


def remove(annotation: Annotation, indices: Collection[int]) -> Annotation:
    """Delete shapes."""
    removed = set(indices)
    return annotation.with_shapes(tuple(s for index, s in enumerate(annotation.shapes) if index not in removed))


def move(annotation: Annotation, indices: Collection[int], rows: int, columns: int) -> Annotation:
    """Move shapes by whole pixels, limited so that masks keep row and column >= 0 and one pixel stays in the image."""
    shapes = list(annotation.shapes)
    rows, columns = _limit_move([shapes[index] for index in indices], annotation.box, rows, columns)
    for index in indices:
        shapes[index] = _move_shape(shapes[index], rows, columns)
    return annotation.with_shapes(tuple(shapes))


def duplicate(annotation: Annotation, indices: Collection[int], offset_px: int = 10) -> Annotation:
    """Add copies on top, moved right and down by `offset_px`. Copies of one group form a new group."""
    chosen = [annotation.shapes[index] for index in sorted(indices)]
    rows, columns = _limit_move(chosen, annotation.box, offset_px, offset_px)
    copies = [_move_shape(shape, rows, columns) for shape in _copy_shapes(annotation, chosen)]
    return annotation.with_shapes((*annotation.shapes, *copies))


def paste(annotation: Annotation, shapes: Iterable[Shape]) -> Annotation:
    """Add copies of `shapes` on top, with masks cropped to this image; shapes wholly outside are left out."""
    copies = []
    for copy in _copy_shapes(annotation, list(shapes)):
        if copy.bitmap is not None:
            copy = copy.with_bitmap(copy.bitmap.crop(annotation.box))
        if copy.box.overlaps(annotation.box) and (copy.bitmap is None or copy.bitmap):
            copies.append(copy)
    return annotation.with_shapes((*annotation.shapes, *copies))


def restack(annotation: Annotation, indices: Collection[int], where: str) -> Annotation:
    """Reorder shapes: to FRONT (drawn last), BACK, or one step FORWARD or BACKWARD; their relative order is kept."""
    shapes, chosen = list(annotation.shapes), sorted(indices)
    if where in (FRONT, BACK):
        picked = [shapes[index] for index in chosen]
        rest = [shape for index, shape in enumerate(shapes) if index not in set(chosen)]
        return annotation.with_shapes(tuple([*rest, *picked] if where == FRONT else [*picked, *rest]))
    step = 1 if where == FORWARD else -1
    occupied: set[int] = set()
    for index in reversed(chosen) if step > 0 else chosen:
        to = index + step
        if 0 <= to < len(shapes) and to not in occupied:
            shapes[index], shapes[to] = shapes[to], shapes[index]
            occupied.add(to)
        else:
            occupied.add(index)
    return annotation.with_shapes(tuple(shapes))


def group(annotation: Annotation, indices: Collection[int]) -> Annotation:
    """Put shapes into one new group; shapes with the same label and group are one object."""
    number = _take_free_group(_used_groups(annotation))
    return _map_shapes(annotation, indices, lambda shape: replace(shape, group_id=number))


def ungroup(annotation: Annotation, indices: Collection[int]) -> Annotation:
    """Take shapes out of their groups."""
    return _map_shapes(annotation, indices, lambda shape: replace(shape, group_id=None))


def set_label(annotation: Annotation, indices: Collection[int], label: str) -> Annotation:
    """Give shapes another label."""
    return _map_shapes(annotation, indices, lambda shape: replace(shape, label=label))


def combine(annotation: Annotation, indices: Sequence[int], how: str) -> Annotation:
    """Replace the first shape by a mask: UNION, INTERSECT or SUBTRACT (first minus all others).

    The others are removed, except with SUBTRACT. Shapes without pixels in the image are ignored.
    """
    with_pixels = [index for index in indices if rasterise_shape(annotation.shapes[index], annotation.box)[1].any()]
    if len(with_pixels) < 2:
        return annotation
    first, *others = with_pixels
    patches = [rasterise_shape(annotation.shapes[index], annotation.box) for index in with_pixels]
    bounds = patches[0][0]
    for box, _ in patches[1:]:
        bounds = bounds.union(box)
    out = _place_in(patches[0], bounds)
    for patch in patches[1:]:
        other = _place_in(patch, bounds)
        out = out | other if how == UNION else out & ~other if how == SUBTRACT else out & other
    shape = annotation.shapes[first].with_bitmap(Bitmap.from_array(out, bounds.y0, bounds.x0))
    after = annotation.with_replaced(first, shape)
    removed = set() if how == SUBTRACT else set(others)
    return remove(after, removed | (set() if shape.bitmap else {first}))


def reshape(annotation: Annotation, indices: Collection[int], change: Change, margin_px: float = 0) -> Annotation:
    """Convert shapes to masks and apply `change` to each; remove those with no pixels left.

    The mask is padded by `margin_px` within the image, so that it can grow. An unchanged polygon stays a polygon.
    """
    shapes: list[Shape | None] = list(annotation.shapes)
    for index in indices:
        shape = annotation.shapes[index]
        box, mask = _pad_patch(rasterise_shape(shape, annotation.box), annotation.box, int(np.ceil(margin_px)))
        if box.empty:
            continue  # outside the image
        after = change(mask)
        if shape.bitmap is None and (after == mask).all():
            continue
        bitmap = Bitmap.from_array(after, box.y0, box.x0)
        shapes[index] = shape.with_bitmap(bitmap) if bitmap else None
    return annotation.with_shapes(tuple(shape for shape in shapes if shape is not None))


def split_into_parts(annotation: Annotation, indices: Collection[int], split: Split) -> Annotation:
    """Split shapes into the parts that `split` returns for (mask, box); the first keeps the uid, others are new.

    A part is (box inside the mask, pixels of that box). Shapes with fewer than two parts are unchanged.
    """
    out: list[Shape] = []
    for index, shape in enumerate(annotation.shapes):
        box, mask = rasterise_shape(shape, annotation.box) if index in indices else (shape.box, None)
        parts = split(mask, box) if mask is not None and mask.size else []
        if len(parts) < 2:
            out.append(shape)
            continue
        bitmaps = [Bitmap.from_array(pixels, box.y0 + inner.y0, box.x0 + inner.x0) for inner, pixels in parts]
        first = shape.with_bitmap(bitmaps[0])
        out += [first, *(replace(first.duplicate(), bitmap=bitmap, group_id=None) for bitmap in bitmaps[1:])]
    return annotation.with_shapes(tuple(out))


def split_along(annotation: Annotation, indices: Collection[int], line: Sequence[Point]) -> Annotation:
    """Split shapes along a polyline of points (x, y)."""

    def split(mask: Mask, box: Box) -> list[Patch]:
        parts = morphology.split_along(mask, [(x - box.x0, y - box.y0) for x, y in line])
        return [(full_box(*mask.shape), part) for part in parts]

    return split_into_parts(annotation, indices, split)


def convert_to_masks(annotation: Annotation, indices: Collection[int]) -> Annotation:
    """Convert vector shapes to masks; shapes without a pixel in the image are unchanged."""

    def as_mask(shape: Shape) -> Shape:
        if shape.kind == MASK:
            return shape
        box, mask = rasterise_shape(shape, annotation.box)
        return shape.with_bitmap(Bitmap.from_array(mask, box.y0, box.x0)) if mask.any() else shape

    return _map_shapes(annotation, indices, as_mask)


def convert_to_polygons(annotation: Annotation, indices: Collection[int], detail_px: float) -> Annotation:
    """Convert masks to polygons, and simplify polygons, with a Douglas-Peucker tolerance of `detail_px`.

    With 0 the pixels are kept exactly: a mask that polygons cannot represent stays a mask. Several components become
    polygons of one group.
    """
    out: list[Shape] = []
    used = _used_groups(annotation)
    for index, shape in enumerate(annotation.shapes):
        if index not in indices or not shape.bitmap:
            chosen = index in indices and shape.kind == POLYGON
            out.append(shape.with_points(simplify_ring(shape.points_N2, detail_px)) if chosen else shape)
            continue
        polygons = _trace_polygons(shape, annotation.box, detail_px)
        if len(polygons) > 1 and shape.group_id is None:
            number = _take_free_group(used)
            polygons = [replace(polygon, group_id=number) for polygon in polygons]
        out += polygons
    return annotation.with_shapes(tuple(out))


def _trace_polygons(shape: Shape, image: Box, detail_px: float) -> list[Shape]:
    """A mask shape as polygons, the first with its uid; or [shape] where polygons cannot represent it."""
    box, mask = rasterise_shape(shape, image)
    # the rings are traced for labelme's fill rule
    extra = {key: value for key, value in shape.extra.items() if key != FILL_RULE}
    rings = mask_to_polygons(mask, box.y0, box.x0, detail_px)
    polygons = [replace(shape, kind=POLYGON, bitmap=None, points=ring, extra=extra) for ring in rings]
    polygons = polygons[:1] + [replace(polygon, uid=polygon.duplicate().uid) for polygon in polygons[1:]]
    if detail_px <= 0:
        patches = [rasterise_shape(polygon, image) for polygon in polygons]
        drawn = union_patches(patches) if patches else (EMPTY, mask[:0, :0])
        both = drawn[0].union(box)
        if (_place_in(drawn, both) != _place_in((box, mask), both)).any():
            return [shape]
    return polygons or [shape]


def _map_shapes(annotation: Annotation, indices: Collection[int], change: Callable[[Shape], Shape]) -> Annotation:
    shapes = list(annotation.shapes)
    for index in indices:
        shapes[index] = change(shapes[index])
    return annotation.with_shapes(tuple(shapes))


def _used_groups(annotation: Annotation) -> set[int]:
    return {shape.group_id for shape in annotation.shapes if shape.group_id is not None}


def _take_free_group(used: set[int]) -> int:
    """The smallest unused group number; adds it to `used`."""
    number = next(number for number in range(1, len(used) + 2) if number not in used)
    used.add(number)
    return number


def _copy_shapes(annotation: Annotation, shapes: Sequence[Shape]) -> list[Shape]:
    used, groups = _used_groups(annotation), dict[int, int]()
    out = []
    for shape in shapes:
        copy = shape.duplicate()
        if copy.group_id is not None:
            if copy.group_id not in groups:
                groups[copy.group_id] = _take_free_group(used)
            copy = replace(copy, group_id=groups[copy.group_id])
        out.append(copy)
    return out


def _limit_move(shapes: Sequence[Shape], image: Box, rows: int, columns: int) -> tuple[int, int]:
    """(rows, columns) limited as `move` promises."""
    bounds = EMPTY
    for shape in shapes:
        bounds = bounds.union(shape.box)
    masks = [shape.bitmap.box for shape in shapes if shape.bitmap]
    min_rows = max([1 - bounds.y1, *(-box.y0 for box in masks)])
    min_columns = max([1 - bounds.x1, *(-box.x0 for box in masks)])
    rows = max(min(rows, image.y1 - 1 - bounds.y0), min(0, min_rows))
    return rows, max(min(columns, image.x1 - 1 - bounds.x0), min(0, min_columns))


def _move_shape(shape: Shape, rows: int, columns: int) -> Shape:
    if shape.bitmap is None:
        return shape.with_points(tuple((x + columns, y + rows) for x, y in shape.points))
    box = shape.bitmap.box
    return shape.with_bitmap(Bitmap.from_array(shape.bitmap.to_array(box), box.y0 + rows, box.x0 + columns))


def _place_in(patch: Patch, outer: Box) -> Mask:
    """A patch as an array of a larger box."""
    box, mask = patch
    out = np.zeros((outer.height, outer.width), np.bool_)
    if not box.empty:
        out[box.slices_in(outer)] = mask
    return out


def _pad_patch(patch: Patch, image: Box, margin_px: int) -> Patch:
    box, _ = patch
    if box.empty or margin_px <= 0:
        return patch
    larger = Box(box.y0 - margin_px, box.x0 - margin_px, box.y1 + margin_px, box.x1 + margin_px).intersect(image)
    return larger, _place_in(patch, larger)
