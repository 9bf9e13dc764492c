"""From painted pixels to shapes: what a stroke makes of an annotation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.raster import Patch
from segstudio.core.shape import MASK, Shape

PatchOf = Callable[[Shape], Patch]


@dataclass(frozen=True)
class Fold:
    """`label` is painted; `patch` gives the pixels of a vector shape; `canonical` the name that a label has today.

    Shapes of `locked` lose nothing and gain nothing, those of `hidden` gain nothing.
    """

    label: str
    patch: PatchOf
    canonical: Callable[[str], str]
    locked: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()


def onto_class(annotation: Annotation, painted: Bitmap, fold: Fold) -> Annotation:
    """The pixels join the topmost mask of their class, or a new one above all, and leave every other mask."""
    return _joined(annotation, painted, fold, _layer_of(annotation, painted, fold))


def onto_object(annotation: Annotation, painted: Bitmap, fold: Fold, uid: int | None) -> Annotation:
    """The pixels join the shape `uid`, which becomes a mask; without one they are an object of their own.

    Where a vector shape lies above it over the painted pixels, they become a second mask of its group on top.
    """
    target = next((index for index, shape in enumerate(annotation.shapes) if shape.uid == uid), None)
    if target is None:
        return _joined(annotation, painted, fold, None)
    shapes = list(annotation.shapes)
    shape = shapes[target]
    if any(above.bitmap is None and _covers(above, painted, fold) for above in shapes[target + 1 :]):
        group = shape.group_id if shape.group_id is not None else _free_group(annotation)
        shapes[target] = shape if shape.group_id == group else replace(shape, group_id=group)
        shapes.append(replace(shape, kind=MASK, points=(), bitmap=Bitmap(), group_id=group, uid=shape.copied().uid))
        target = len(shapes) - 1
    elif shape.bitmap is None:
        box, mask = fold.patch(shape)
        shapes[target] = shape.with_bitmap(Bitmap.from_array(mask, box.y0, box.x0))
    return _joined(annotation.with_shapes(tuple(shapes)), painted, fold, target)


def _covers(shape: Shape, painted: Bitmap, fold: Fold) -> bool:
    """Whether a vector shape has any of the painted pixels."""
    if not shape.box.overlaps(painted.box):
        return False
    box, mask = fold.patch(shape)
    return bool((painted.to_array(box) & mask).any())


def _free_group(annotation: Annotation) -> int:
    used = {shape.group_id for shape in annotation.shapes}
    return next(number for number in range(1, len(annotation.shapes) + 2) if number not in used)


def erased(annotation: Annotation, painted: Bitmap, fold: Fold) -> Annotation:
    """Without the painted pixels; a vector shape that loses any becomes a mask."""
    kept = tuple(_erased(annotation, painted, fold))
    return annotation if _same(kept, annotation.shapes) else annotation.with_shapes(kept)


def less(shape: Shape, painted: Bitmap) -> Shape:
    """A mask shape without pixels."""
    assert shape.bitmap is not None
    left = shape.bitmap.subtract(painted)
    return shape if left is shape.bitmap else shape.with_bitmap(left)


def _joined(annotation: Annotation, painted: Bitmap, fold: Fold, target: int | None) -> Annotation:
    shapes = list(annotation.shapes)
    for index, shape in enumerate(shapes):
        if index != target and shape.bitmap is not None and shape.uid not in fold.locked:
            shapes[index] = less(shape, painted)
    if target is None:
        shapes.append(Shape(fold.label, MASK, bitmap=painted))
    else:
        bitmap = shapes[target].bitmap
        assert bitmap is not None
        if bitmap.union(painted) != bitmap:
            shapes[target] = shapes[target].with_bitmap(bitmap.union(painted))
    kept = tuple(shape for shape in shapes if shape.bitmap is None or shape.bitmap)
    return annotation if _same(kept, annotation.shapes) else annotation.with_shapes(kept)


def _same(a: tuple[Shape, ...], b: tuple[Shape, ...]) -> bool:
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))


def _layer_of(annotation: Annotation, painted: Bitmap, fold: Fold) -> int | None:
    """The topmost mask of the class over which no vector shape lies where the stroke went."""
    reach = painted.box
    for index in range(len(annotation.shapes) - 1, -1, -1):
        shape = annotation.shapes[index]
        if shape.bitmap is None and shape.box.overlaps(reach):
            return None
        closed = shape.uid in fold.locked or shape.uid in fold.hidden
        if shape.bitmap is not None and not closed and fold.canonical(shape.label) == fold.label:
            return index
    return None


def _erased(annotation: Annotation, painted: Bitmap, fold: Fold) -> Iterator[Shape]:
    for shape in annotation.shapes:
        if shape.uid in fold.locked:
            yield shape
            continue
        if shape.bitmap is not None:
            left = less(shape, painted)
            if left.bitmap:
                yield left
            continue
        if not shape.box.overlaps(painted.box):
            yield shape
            continue
        box, mask = fold.patch(shape)
        hit = painted.to_array(box) & mask
        if not hit.any():
            yield shape
        elif (mask & ~hit).any():
            yield shape.with_bitmap(Bitmap.from_array(mask & ~hit, box.y0, box.x0))
