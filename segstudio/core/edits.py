"""Changes of whole objects: each takes an annotation and the indices of shapes, and gives the annotation after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from segstudio.core import regions
from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap, Mask
from segstudio.core.box import EMPTY, Box, whole
from segstudio.core.contours import polygons, simplified
from segstudio.core.geometry import Point
from segstudio.core.instances import united
from segstudio.core.raster import Patch, shape_mask
from segstudio.core.shape import MASK, POLYGON, RULE, Shape

FRONT: Final = "front"
BACK: Final = "back"
FORWARD: Final = "forward"
BACKWARD: Final = "backward"

UNION: Final = "union"
SUBTRACT: Final = "subtract"
INTERSECT: Final = "intersect"

Change = Callable[[Mask], Mask]


def removed(annotation: Annotation, indices: Collection[int]) -> Annotation:
    gone = set(indices)
    return annotation.with_shapes(tuple(s for index, s in enumerate(annotation.shapes) if index not in gone))


def moved(annotation: Annotation, indices: Collection[int], rows: int, columns: int) -> Annotation:
    """By whole pixels, as far as it goes: masks stop at the first row and column, and a pixel stays in the image."""
    shapes = list(annotation.shapes)
    rows, columns = _as_far_as_it_goes([shapes[index] for index in indices], annotation.box, rows, columns)
    for index in indices:
        shapes[index] = _moved(shapes[index], rows, columns)
    return annotation.with_shapes(tuple(shapes))


def duplicated(annotation: Annotation, indices: Collection[int], by: int = 10) -> Annotation:
    """Copies above all others, moved right and down by some pixels; copied groups are groups of their own."""
    chosen = [annotation.shapes[index] for index in sorted(indices)]
    rows, columns = _as_far_as_it_goes(chosen, annotation.box, by, by)
    copies = [_moved(shape, rows, columns) for shape in _copies(annotation, chosen)]
    return annotation.with_shapes((*annotation.shapes, *copies))


def pasted(annotation: Annotation, shapes: Iterable[Shape]) -> Annotation:
    """Copies above all others, masks cut to this image; shapes wholly outside are left out."""
    copies = []
    for copy in _copies(annotation, list(shapes)):
        if copy.bitmap is not None:
            copy = copy.with_bitmap(copy.bitmap.crop(annotation.box))
        if copy.box.overlaps(annotation.box) and (copy.bitmap is None or copy.bitmap):
            copies.append(copy)
    return annotation.with_shapes((*annotation.shapes, *copies))


def restacked(annotation: Annotation, indices: Collection[int], where: str) -> Annotation:
    """To FRONT (drawn last), BACK, or one step FORWARD or BACKWARD; the order among them stays."""
    shapes, chosen = list(annotation.shapes), sorted(indices)
    if where in (FRONT, BACK):
        picked = [shapes[index] for index in chosen]
        rest = [shape for index, shape in enumerate(shapes) if index not in set(chosen)]
        return annotation.with_shapes(tuple([*rest, *picked] if where == FRONT else [*picked, *rest]))
    step = 1 if where == FORWARD else -1
    taken: set[int] = set()
    for index in reversed(chosen) if step > 0 else chosen:
        to = index + step
        if 0 <= to < len(shapes) and to not in taken:
            shapes[index], shapes[to] = shapes[to], shapes[index]
            taken.add(to)
        else:
            taken.add(index)
    return annotation.with_shapes(tuple(shapes))


def grouped(annotation: Annotation, indices: Collection[int]) -> Annotation:
    """One group, with a number that no other shape has: of one label they are one object."""
    number = _free(_groups(annotation))
    return _each(annotation, indices, lambda shape: replace(shape, group_id=number))


def ungrouped(annotation: Annotation, indices: Collection[int]) -> Annotation:
    return _each(annotation, indices, lambda shape: replace(shape, group_id=None))


def labelled(annotation: Annotation, indices: Collection[int], label: str) -> Annotation:
    return _each(annotation, indices, lambda shape: replace(shape, label=label))


def combined(annotation: Annotation, indices: Sequence[int], how: str) -> Annotation:
    """UNION, SUBTRACT (from the first, all others) or INTERSECT, as a mask in place of the first.

    The others go, but what is subtracted stays.
    """
    seen = [index for index in indices if shape_mask(annotation.shapes[index], annotation.box)[1].any()]
    if len(seen) < 2:
        return annotation  # what lies outside the image has no pixels to combine
    first, *others = seen
    patches = [shape_mask(annotation.shapes[index], annotation.box) for index in seen]
    whole = patches[0][0]
    for box, _ in patches[1:]:
        whole = whole.union(box)
    out = _placed(patches[0], whole)
    for patch in patches[1:]:
        other = _placed(patch, whole)
        out = out | other if how == UNION else out & ~other if how == SUBTRACT else out & other
    shape = annotation.shapes[first].with_bitmap(Bitmap.from_array(out, whole.y0, whole.x0))
    after = annotation.with_replaced(first, shape)
    gone = set() if how == SUBTRACT else set(others)
    return removed(after, gone | (set() if shape.bitmap else {first}))


def reshaped(annotation: Annotation, indices: Collection[int], change: Change, room: float = 0) -> Annotation:
    """Each as a mask, changed; `room` pixels around it are at hand to grow into. Those with nothing left go."""
    shapes: list[Shape | None] = list(annotation.shapes)
    for index in indices:
        shape = annotation.shapes[index]
        box, mask = _with_room(shape_mask(shape, annotation.box), annotation.box, int(np.ceil(room)))
        if box.empty:
            continue  # outside the image
        after = change(mask)
        if shape.bitmap is None and (after == mask).all():
            continue  # a polygon that does not change stays one
        bitmap = Bitmap.from_array(after, box.y0, box.x0)
        shapes[index] = shape.with_bitmap(bitmap) if bitmap else None
    return annotation.with_shapes(tuple(shape for shape in shapes if shape is not None))


def parted(annotation: Annotation, indices: Collection[int], part: Callable[[Mask, Box], list[Patch]]) -> Annotation:
    """Each in the parts that `part` makes of (mask, box); the first stays the object, the others are new ones.

    A part is (its box inside the mask, its pixels).
    """
    out: list[Shape] = []
    for index, shape in enumerate(annotation.shapes):
        box, mask = shape_mask(shape, annotation.box) if index in indices else (shape.box, None)
        pieces = part(mask, box) if mask is not None and mask.size else []
        if len(pieces) < 2:
            out.append(shape)
            continue
        bitmaps = [Bitmap.from_array(piece, box.y0 + at.y0, box.x0 + at.x0) for at, piece in pieces]
        first = shape.with_bitmap(bitmaps[0])
        out += [first, *(replace(first.copied(), bitmap=bitmap, group_id=None) for bitmap in bitmaps[1:])]
    return annotation.with_shapes(tuple(out))


def split_along(annotation: Annotation, indices: Collection[int], line: Sequence[Point]) -> Annotation:
    """Each cut in two or more along a line of points (x, y)."""

    def part(mask: Mask, box: Box) -> list[Patch]:
        pieces = regions.split(mask, [(x - box.x0, y - box.y0) for x, y in line])
        return [(whole(*mask.shape), piece) for piece in pieces]

    return parted(annotation, indices, part)


def to_masks(annotation: Annotation, indices: Collection[int]) -> Annotation:
    """Vector shapes as the pixels they cover."""

    def as_mask(shape: Shape) -> Shape:
        if shape.kind == MASK:
            return shape
        box, mask = shape_mask(shape, annotation.box)
        return shape.with_bitmap(Bitmap.from_array(mask, box.y0, box.x0)) if mask.any() else shape

    return _each(annotation, indices, as_mask)


def to_polygons(annotation: Annotation, indices: Collection[int], detail_px: float) -> Annotation:
    """Masks as polygons that lie about `detail_px` from their borders.

    With 0 every pixel is kept: a mask whose pixels no polygon has stays one. A mask in several parts becomes
    polygons of one group; a polygon loses what points it can spare.
    """
    out: list[Shape] = []
    used = _groups(annotation)
    for index, shape in enumerate(annotation.shapes):
        if index not in indices or not shape.bitmap:
            chosen = index in indices and shape.kind == POLYGON
            out.append(shape.with_points(simplified(shape.points_N2, detail_px)) if chosen else shape)
            continue
        made = _polygons_of(shape, annotation.box, detail_px)
        if len(made) > 1 and shape.group_id is None:
            group = _free(used)
            made = [replace(each, group_id=group) for each in made]
        out += made
    return annotation.with_shapes(tuple(out))


def _polygons_of(shape: Shape, image: Box, detail_px: float) -> list[Shape]:
    box, mask = shape_mask(shape, image)
    extra = {key: value for key, value in shape.extra.items() if key != RULE}  # rings are made for labelme's rule
    rings = polygons(mask, box.y0, box.x0, detail_px)
    made = [replace(shape, kind=POLYGON, bitmap=None, points=ring, extra=extra) for ring in rings]
    made = made[:1] + [replace(each, uid=each.copied().uid) for each in made[1:]]
    if detail_px <= 0:
        again = united([shape_mask(each, image) for each in made]) if made else (EMPTY, mask[:0, :0])
        frame = again[0].union(box)
        if (_placed(again, frame) != _placed((box, mask), frame)).any():
            return [shape]
    return made or [shape]


def _each(annotation: Annotation, indices: Collection[int], change: Callable[[Shape], Shape]) -> Annotation:
    shapes = list(annotation.shapes)
    for index in indices:
        shapes[index] = change(shapes[index])
    return annotation.with_shapes(tuple(shapes))


def _groups(annotation: Annotation) -> set[int]:
    return {shape.group_id for shape in annotation.shapes if shape.group_id is not None}


def _free(used: set[int]) -> int:
    """The smallest number that no group has; it is taken from now on."""
    number = next(number for number in range(1, len(used) + 2) if number not in used)
    used.add(number)
    return number


def _copies(annotation: Annotation, shapes: Sequence[Shape]) -> list[Shape]:
    used, groups = _groups(annotation), dict[int, int]()
    out = []
    for shape in shapes:
        copy = shape.copied()
        if copy.group_id is not None:
            if copy.group_id not in groups:
                groups[copy.group_id] = _free(used)
            copy = replace(copy, group_id=groups[copy.group_id])
        out.append(copy)
    return out


def _as_far_as_it_goes(shapes: Sequence[Shape], image: Box, rows: int, columns: int) -> tuple[int, int]:
    whole = EMPTY
    for shape in shapes:
        whole = whole.union(shape.box)
    masks = [shape.bitmap.box for shape in shapes if shape.bitmap]
    least_rows = max([1 - whole.y1, *(-box.y0 for box in masks)])
    least_columns = max([1 - whole.x1, *(-box.x0 for box in masks)])
    rows = max(min(rows, image.y1 - 1 - whole.y0), min(0, least_rows))
    return rows, max(min(columns, image.x1 - 1 - whole.x0), min(0, least_columns))


def _moved(shape: Shape, rows: int, columns: int) -> Shape:
    if shape.bitmap is None:
        return shape.with_points(tuple((x + columns, y + rows) for x, y in shape.points))
    box = shape.bitmap.box
    return shape.with_bitmap(Bitmap.from_array(shape.bitmap.to_array(box), box.y0 + rows, box.x0 + columns))


def _placed(patch: Patch, whole: Box) -> Mask:
    box, mask = patch
    out = np.zeros((whole.height, whole.width), np.bool_)
    if not box.empty:
        out[box.within(whole)] = mask
    return out


def _with_room(patch: Patch, image: Box, room: int) -> Patch:
    box, _ = patch
    if box.empty or room <= 0:
        return patch
    larger = Box(box.y0 - room, box.x0 - room, box.y1 + room, box.x1 + room).intersect(image)
    return larger, _placed(patch, larger)
