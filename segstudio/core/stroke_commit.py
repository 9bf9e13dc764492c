"""Commits a finished stroke: decides which shapes receive its pixels and which lose them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from segstudio.core import morphology
from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.hit_test import find_at_pixel
from segstudio.core.painting_rules import OBJECTS
from segstudio.core.raster import PatchOf
from segstudio.core.shape import MASK, Shape
from segstudio.core.stroke import Stroke


def commit_stroke(
    stroke: Stroke, annotation: Annotation, table: ClassTable, last_uid: int | None
) -> tuple[Annotation, int | None]:
    """Add the stroke's pixels to `annotation`; returns the result and the uid of the object painted last.

    `last_uid` is the object that an earlier stroke painted last.
    """
    limits = stroke.limits
    for class_id, painted in stroke.bitmaps().items():
        label = "" if class_id == UNLABELLED else table.name_of(class_id)
        context = _Context(label, limits.patch, table.canonical_name, limits.locked_uids, limits.marks.hidden)
        if class_id == UNLABELLED:
            annotation = _erase(annotation, painted, context)
        elif limits.rules.mode == OBJECTS and class_id not in (0, IGNORE):
            uid = None if stroke.new_objects else _choose_object(stroke, label, table, last_uid)
            for part in _split_components(painted) if stroke.new_objects else [painted]:
                annotation = _add_to_object(annotation, part, context, uid)
            last_uid = uid if uid is not None else annotation.shapes[-1].uid
        else:
            annotation = _add_to_class(annotation, painted, context)
    return annotation, last_uid


def _split_components(painted: Bitmap) -> list[Bitmap]:
    box = painted.box
    components = morphology.split_components(painted.to_array(box))
    return [Bitmap.from_array(mask, box.y0 + part.y0, box.x0 + part.x0) for part, mask in components]


def _choose_object(stroke: Stroke, label: str, table: ClassTable, last_uid: int | None) -> int | None:
    """Uid of the object that receives the stroke, None for a new object.

    With `same_object` the selected object or else the last one painted; otherwise the object under the stroke's start.
    """
    limits, shapes = stroke.limits, stroke.before.shapes
    of_label = {shape.uid for shape in shapes if table.canonical_name(shape.label) == label} - limits.locked_uids
    if limits.rules.same_object:
        selected = limits.marks.selected & of_label
        return min(selected) if selected else last_uid if last_uid in of_label else None
    excluded = limits.marks.hidden | limits.locked_uids
    hit = None if stroke.start is None else find_at_pixel(stroke.before, stroke.start, limits.patch, excluded)
    return shapes[hit].uid if hit is not None and shapes[hit].uid in of_label else None


@dataclass(frozen=True)
class _Context:
    """What one painted class needs: its `label`, the pixels of a vector shape, and the current name of a label.

    Shapes of `locked` neither lose nor receive pixels; shapes of `hidden` receive none.
    """

    label: str
    patch: PatchOf
    canonical_name: Callable[[str], str]
    locked: frozenset[int]
    hidden: frozenset[int]


def _add_to_class(annotation: Annotation, painted: Bitmap, context: _Context) -> Annotation:
    """Add the pixels to the topmost mask of their class, or to a new mask on top; remove them from all other masks."""
    return _add_pixels(annotation, painted, context, _find_class_mask(annotation, painted, context))


def _add_to_object(annotation: Annotation, painted: Bitmap, context: _Context, uid: int | None) -> Annotation:
    """Add the pixels to the shape `uid`, which becomes a mask; with None they become a new object.

    Where a shape above it covers painted pixels and keeps them, they become a second mask of the same group, on top.
    """
    target = next((index for index, shape in enumerate(annotation.shapes) if shape.uid == uid), None)
    if target is None:
        return _add_pixels(annotation, painted, context, None)
    shapes = list(annotation.shapes)
    shape = shapes[target]
    if any(_keeps_pixels(above, painted, context) for above in shapes[target + 1 :]):
        group = shape.group_id if shape.group_id is not None else _free_group(annotation)
        shapes[target] = shape if shape.group_id == group else replace(shape, group_id=group)
        shapes.append(replace(shape, kind=MASK, points=(), bitmap=Bitmap(), group_id=group, uid=shape.duplicate().uid))
        target = len(shapes) - 1
    elif shape.bitmap is None:
        box, mask = context.patch(shape)
        shapes[target] = shape.with_bitmap(Bitmap.from_array(mask, box.y0, box.x0))
    return _add_pixels(annotation.with_shapes(tuple(shapes)), painted, context, target)


def _keeps_pixels(shape: Shape, painted: Bitmap, context: _Context) -> bool:
    """True if a shape has painted pixels and does not lose them: vector shapes and locked masks."""
    if shape.bitmap is not None:
        return shape.uid in context.locked and bool(shape.bitmap.intersect(painted))
    if not shape.box.overlaps(painted.box):
        return False
    box, mask = context.patch(shape)
    return bool((painted.to_array(box) & mask).any())


def _free_group(annotation: Annotation) -> int:
    used = {shape.group_id for shape in annotation.shapes}
    return next(number for number in range(1, len(annotation.shapes) + 2) if number not in used)


def _find_class_mask(annotation: Annotation, painted: Bitmap, context: _Context) -> int | None:
    """Index of the topmost mask of the class, None if a shape above it might cover the painted pixels.

    Those are vector shapes that overlap the bounding box of the stroke, and locked masks.
    """
    for index in range(len(annotation.shapes) - 1, -1, -1):
        shape = annotation.shapes[index]
        if shape.bitmap is None and shape.box.overlaps(painted.box):
            return None
        if shape.bitmap is not None and _keeps_pixels(shape, painted, context):
            return None
        excluded = shape.uid in context.locked or shape.uid in context.hidden
        if shape.bitmap is not None and not excluded and context.canonical_name(shape.label) == context.label:
            return index
    return None


def _add_pixels(annotation: Annotation, painted: Bitmap, context: _Context, target: int | None) -> Annotation:
    """Add the pixels to the mask at index `target`, or to a new mask on top; remove them from all other masks."""
    shapes = list(annotation.shapes)
    for index, shape in enumerate(shapes):
        if index != target and shape.bitmap is not None and shape.uid not in context.locked:
            shapes[index] = _subtract_pixels(shape, painted)
    if target is None:
        shapes.append(Shape(context.label, MASK, bitmap=painted))
    else:
        bitmap = shapes[target].bitmap
        assert bitmap is not None
        if bitmap.union(painted) != bitmap:
            shapes[target] = shapes[target].with_bitmap(bitmap.union(painted))
    return _with_shapes(annotation, tuple(shape for shape in shapes if shape.bitmap is None or shape.bitmap))


def _erase(annotation: Annotation, painted: Bitmap, context: _Context) -> Annotation:
    """Remove the painted pixels from every shape; a vector shape that loses any becomes a mask."""
    return _with_shapes(annotation, tuple(_iter_erased(annotation, painted, context)))


def _iter_erased(annotation: Annotation, painted: Bitmap, context: _Context) -> Iterator[Shape]:
    for shape in annotation.shapes:
        if shape.uid in context.locked:
            yield shape
            continue
        if shape.bitmap is not None:
            left = _subtract_pixels(shape, painted)
            if left.bitmap:
                yield left
            continue
        if not shape.box.overlaps(painted.box):
            yield shape
            continue
        box, mask = context.patch(shape)
        hit = painted.to_array(box) & mask
        if not hit.any():
            yield shape
        elif (mask & ~hit).any():
            yield shape.with_bitmap(Bitmap.from_array(mask & ~hit, box.y0, box.x0))


def _subtract_pixels(shape: Shape, painted: Bitmap) -> Shape:
    """A mask shape without the painted pixels; the same object if it has none of them."""
    assert shape.bitmap is not None
    left = shape.bitmap.subtract(painted)
    return shape if left is shape.bitmap else shape.with_bitmap(left)


def _with_shapes(annotation: Annotation, shapes: tuple[Shape, ...]) -> Annotation:
    """`annotation` itself where every shape is the same object, so that a stroke without effect is no edit."""
    same = len(shapes) == len(annotation.shapes)
    if same and all(new is old for new, old in zip(shapes, annotation.shapes, strict=True)):
        return annotation
    return annotation.with_shapes(shapes)
