"""Object instances: numbers, groups, covered pixels and overlaps."""

from __future__ import annotations

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.instances import (
    find_instances,
    find_interleaved,
    ignore_overlaps,
    instance_numbers,
    rasterise_with_instances,
)
from segstudio.core.shape import INSTANCE, Shape

SIDE = 30


def mask_shape(label: str, y0: int, y1: int, group: int | None = None, number: int | None = None) -> Shape:
    """Rows y0 to y1 of the image."""
    extra = {} if number is None else {INSTANCE: number}
    bitmap = Bitmap.from_array(np.ones((y1 - y0, SIDE), bool), y0)
    return Shape(label, "mask", bitmap=bitmap, group_id=group, extra=extra)


def annotate(*shapes: Shape) -> Annotation:
    return Annotation(SIDE, SIDE, shapes)


def test_shapes_of_one_label_and_group_are_one_object() -> None:
    shapes = (mask_shape("a", 0, 2, 1), mask_shape("b", 2, 4, 1), mask_shape("a", 4, 6, 1), mask_shape("a", 6, 8))
    assert instance_numbers(annotate(*shapes)) == [1, 2, 1, 3]


def test_object_numbers_of_the_file_are_kept_and_used_once() -> None:
    shapes = (mask_shape("a", 0, 2), mask_shape("a", 2, 4, number=1), mask_shape("b", 4, 6, number=1))
    assert instance_numbers(annotate(*shapes)) == [2, 1, 3]


def test_a_duplicate_is_a_new_object_without_the_number_of_the_file() -> None:
    original = mask_shape("a", 2, 4, number=7)
    copy = original.duplicate()
    assert (copy.instance, copy.uid != original.uid) == (None, True)
    assert instance_numbers(annotate(original, copy)) == [7, 1]


def test_objects_are_sorted_by_their_topmost_shape() -> None:
    shapes = (mask_shape("a", 0, 2, 1), mask_shape("b", 2, 4), mask_shape("a", 4, 6, 1))
    assert [each.label for each in find_instances(annotate(*shapes))] == ["b", "a"]


def test_an_object_includes_pixels_under_other_objects_but_not_under_later_background() -> None:
    first, second, background = mask_shape("a", 0, 10), mask_shape("b", 0, 5), mask_shape("_background_", 8, 12)
    found = {each.label: each for each in find_instances(annotate(first, second, background))}
    assert found["a"].mask.sum() == 8 * SIDE
    assert (found["a"].cut_by_background, found["b"].cut_by_background) == (True, False)
    assert next(find_instances(annotate(background, first))).mask.sum() == 10 * SIDE


def test_background_and_ignore_are_no_objects() -> None:
    assert not list(find_instances(annotate(mask_shape("_background_", 0, 5), mask_shape("__ignore__", 5, 9))))


def test_an_object_partly_above_and_partly_below_another_is_found() -> None:
    below, between, above = mask_shape("a", 0, 9, 1), mask_shape("b", 4, 6), mask_shape("a", 10, 12, 1)
    assert find_interleaved(annotate(below, between, above)) == [1]
    assert find_interleaved(annotate(below, above, between)) == []
    assert find_interleaved(annotate(below, mask_shape("b", 20, 22), above)) == []


def test_pixels_of_several_objects_become_ignore() -> None:
    annotation, count = ignore_overlaps(annotate(mask_shape("a", 0, 10), mask_shape("b", 7, 14)))
    assert count == 3 * SIDE
    labels, numbers = rasterise_with_instances(annotation, ClassTable.from_names(["_background_", "a", "b"]))
    assert labels[:14, 0].tolist() == [1] * 7 + [IGNORE] * 3 + [2] * 4
    assert numbers[[0, 13, 14], 0].tolist() == [1, 2, 0]
    plain = annotate(mask_shape("a", 0, 10))
    assert ignore_overlaps(plain) == (plain, 0)
