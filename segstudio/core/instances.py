"""Objects: shapes of one label and group are one; others are one each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap, Mask
from segstudio.core.box import EMPTY, Box
from segstudio.core.classes import IGNORE, IGNORE_NAME, UNLABELLED, ClassTable, is_background
from segstudio.core.raster import Labels, shape_mask
from segstudio.core.shape import MASK, Shape


@dataclass(frozen=True)
class Instance:
    """`mask` covers `box`. `cut` says that background was painted over part of it, so its shapes no longer say all."""

    number: int
    label: str
    shapes: tuple[Shape, ...]
    box: Box = field(default=EMPTY)
    mask: Mask = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    cut: bool = False

    __hash__ = None  # type: ignore[assignment]

    @property
    def drawn(self) -> bool:
        """Whether polygons alone say which pixels are its own."""
        return not self.cut and all(shape.closed for shape in self.shapes)


def instance_numbers(annotation: Annotation) -> list[int]:
    """For each shape the number of its object: the one it came with, else the next that is free."""
    keys = [
        (shape.label, index if shape.group_id is None else (shape.group_id,))
        for index, shape in enumerate(annotation.shapes)
    ]
    numbers: dict[tuple[str, object], int] = {}
    used: set[int] = set()
    for key, shape in zip(keys, annotation.shapes, strict=True):
        if shape.instance and key not in numbers and shape.instance not in used:  # a copy carries the same number
            numbers[key] = shape.instance
            used.add(shape.instance)
    free = (number for number in itertools.count(1) if number not in used)
    return [numbers[key] if key in numbers else numbers.setdefault(key, next(free)) for key in keys]


def rasterise_both(annotation: Annotation, table: ClassTable) -> tuple[Labels, NDArray[np.int32]]:
    """The class plane and the plane of object numbers; each shape is drawn once."""
    labels = np.full((annotation.height, annotation.width), UNLABELLED, np.uint8)
    numbers = np.zeros((annotation.height, annotation.width), np.int32)
    for shape, number in zip(annotation.shapes, instance_numbers(annotation), strict=True):
        box, mask = shape_mask(shape, annotation.box)
        found = table.id_of(shape.label)
        labels[box.slices][mask] = IGNORE if found is None else found
        numbers[box.slices][mask] = number
    return labels, numbers


def instances(annotation: Annotation) -> Iterator[Instance]:
    """Every object with all its pixels, also those under other objects; background painted over it is cut out.

    In order of their topmost shapes, so that painting them one after the other comes nearest to the image.
    """
    members: dict[int, list[int]] = {}
    for index, number in enumerate(instance_numbers(annotation)):
        members.setdefault(number, []).append(index)
    covers = [i for i, shape in enumerate(annotation.shapes) if is_background(shape.label)]
    for number, indices in sorted(members.items(), key=lambda pair: pair[1][-1]):
        shapes = tuple(annotation.shapes[index] for index in indices)
        if shapes[0].label == IGNORE_NAME or is_background(shapes[0].label):
            continue
        box, mask = united([shape_mask(shape, annotation.box) for shape in shapes])
        later = [annotation.shapes[index] for index in covers if index > indices[-1]]
        cut = _cut(box, mask, later, annotation.box)
        yield Instance(number, shapes[0].label, shapes, box, mask, cut)


def united(patches: list[tuple[Box, Mask]]) -> tuple[Box, Mask]:
    """The pixels of any of several patches, in the box that holds all."""
    if len(patches) == 1:
        return patches[0]
    whole = EMPTY
    for box, _ in patches:
        whole = whole.union(box)
    out = np.zeros((whole.height, whole.width), np.bool_)
    for box, mask in patches:
        out[box.within(whole)] |= mask
    return whole, out


def _cut(box: Box, mask: Mask, covers: list[Shape], image: Box) -> bool:
    """Takes the covers' pixels out of `mask`; whether there were any."""
    changed = False
    for shape in covers:
        cover_box, cover = shape_mask(shape, image)
        part = cover_box.intersect(box)
        if not part.empty:
            here, there = part.within(box), part.within(cover_box)
            changed |= bool((mask[here] & cover[there]).any())
            mask[here] &= ~cover[there]
    return changed


def torn(annotation: Annotation) -> list[int]:
    """Numbers of objects that lie partly above and partly below another: no order of whole objects shows that."""
    numbers = instance_numbers(annotation)
    spans: dict[int, list[int]] = {}
    for index, number in enumerate(numbers):
        spans.setdefault(number, []).append(index)
    return [
        number
        for number, indices in spans.items()
        if any(
            numbers[between] != number and annotation.shapes[between].box.overlaps(annotation.shapes[index].box)
            for index in indices
            for between in range(index + 1, indices[-1])
        )
    ]


def overlaps_ignored(annotation: Annotation) -> tuple[Annotation, int]:
    """The annotation with an `__ignore__` mask over all pixels that two objects claim, and their number."""
    seen = np.zeros((annotation.height, annotation.width), np.bool_)
    twice = np.zeros_like(seen)
    for each in instances(annotation):
        here = each.box.slices
        twice[here] |= seen[here] & each.mask
        seen[here] |= each.mask
    count = int(np.count_nonzero(twice))
    if not count:
        return annotation, 0
    return annotation.with_added(Shape(IGNORE_NAME, MASK, bitmap=Bitmap.from_array(twice))), count
