"""Object instances: shapes with the same label and group are one object; a shape without a group is one by itself."""

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
from segstudio.core.raster import Labels, rasterise_shape
from segstudio.core.shape import MASK, Shape


@dataclass(frozen=True)
class Instance:
    """One object; `mask` is an array of `box`, with pixels under a later background shape removed.

    `cut_by_background` is True if there were any, so that the outlines of its shapes are no longer exact.
    """

    number: int
    label: str
    shapes: tuple[Shape, ...]
    box: Box = field(default=EMPTY)
    mask: Mask = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    cut_by_background: bool = False

    __hash__ = None  # type: ignore[assignment]

    @property
    def polygonal(self) -> bool:
        """True if its polygons alone define its pixels."""
        return not self.cut_by_background and all(shape.closed for shape in self.shapes)


def instance_numbers(annotation: Annotation) -> list[int]:
    """The object number of each shape: the one from the file if it is free, else the smallest free number from 1."""
    keys = [
        (shape.label, index if shape.group_id is None else (shape.group_id,))
        for index, shape in enumerate(annotation.shapes)
    ]
    numbers: dict[tuple[str, object], int] = {}
    used: set[int] = set()
    for key, shape in zip(keys, annotation.shapes, strict=True):
        if shape.instance and key not in numbers and shape.instance not in used:  # two objects may claim one number
            numbers[key] = shape.instance
            used.add(shape.instance)
    free = (number for number in itertools.count(1) if number not in used)
    return [numbers[key] if key in numbers else numbers.setdefault(key, next(free)) for key in keys]


def rasterise_with_instances(annotation: Annotation, table: ClassTable) -> tuple[Labels, NDArray[np.int32]]:
    """The (H, W) class plane and the (H, W) plane of object numbers, 0 where no shape is."""
    labels = np.full((annotation.height, annotation.width), UNLABELLED, np.uint8)
    numbers = np.zeros((annotation.height, annotation.width), np.int32)
    for shape, number in zip(annotation.shapes, instance_numbers(annotation), strict=True):
        box, mask = rasterise_shape(shape, annotation.box)
        found = table.id_of(shape.label)
        labels[box.slices][mask] = IGNORE if found is None else found
        numbers[box.slices][mask] = number
    return labels, numbers


def find_instances(annotation: Annotation) -> Iterator[Instance]:
    """Iterate over all objects with all their pixels, including those covered by other objects but not by background.

    Sorted by their topmost shapes, so that painting them in this order comes closest to the annotation. Background and
    `__ignore__` shapes are not objects.
    """
    members: dict[int, list[int]] = {}
    for index, number in enumerate(instance_numbers(annotation)):
        members.setdefault(number, []).append(index)
    background = [i for i, shape in enumerate(annotation.shapes) if is_background(shape.label)]
    for number, indices in sorted(members.items(), key=lambda pair: pair[1][-1]):
        shapes = tuple(annotation.shapes[index] for index in indices)
        if shapes[0].label == IGNORE_NAME or is_background(shapes[0].label):
            continue
        box, mask = union_patches([rasterise_shape(shape, annotation.box) for shape in shapes])
        later = [annotation.shapes[index] for index in background if index > indices[-1]]
        cut = _subtract_covers(box, mask, later, annotation.box)
        yield Instance(number, shapes[0].label, shapes, box, mask, cut)


def union_patches(patches: list[tuple[Box, Mask]]) -> tuple[Box, Mask]:
    """The union of several patches in their common bounding box."""
    if len(patches) == 1:
        return patches[0]
    whole = EMPTY
    for box, _ in patches:
        whole = whole.union(box)
    out = np.zeros((whole.height, whole.width), np.bool_)
    for box, mask in patches:
        out[box.slices_in(whole)] |= mask
    return whole, out


def _subtract_covers(box: Box, mask: Mask, covers: list[Shape], image: Box) -> bool:
    """Clear the pixels of the covers in `mask`, in place; True if any was set."""
    changed = False
    for shape in covers:
        cover_box, cover = rasterise_shape(shape, image)
        part = cover_box.intersect(box)
        if not part.empty:
            own, other = part.slices_in(box), part.slices_in(cover_box)
            changed |= bool((mask[own] & cover[other]).any())
            mask[own] &= ~cover[other]
    return changed


def find_interleaved(annotation: Annotation) -> list[int]:
    """Numbers of objects partly above and partly below another one: no drawing order of whole objects shows them."""
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


def ignore_overlaps(annotation: Annotation) -> tuple[Annotation, int]:
    """Add an `__ignore__` mask over all pixels that belong to several objects; also returns how many there are."""
    covered = np.zeros((annotation.height, annotation.width), np.bool_)
    overlaps = np.zeros_like(covered)
    for instance in find_instances(annotation):
        part = instance.box.slices
        overlaps[part] |= covered[part] & instance.mask
        covered[part] |= instance.mask
    count = int(np.count_nonzero(overlaps))
    if not count:
        return annotation, 0
    return annotation.with_added(Shape(IGNORE_NAME, MASK, bitmap=Bitmap.from_array(overlaps))), count
