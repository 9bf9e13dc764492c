"""Hit tests: shapes at a pixel and inside a box."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.box import TILE, Box
from segstudio.core.hit_test import covers_pixel, find_at_pixel, find_within_box
from segstudio.core.raster import PatchCache
from segstudio.core.shape import Shape

IMAGE = Box(0, 0, 60, 60)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Shape:
    return Shape("a", "rectangle", ((x0, y0), (x1, y1)))


@given(st.integers(0, TILE + 20), st.integers(0, TILE + 20), st.integers(0, 3), st.integers(0, 3))
def test_a_mask_covers_exactly_its_pixels(y: int, x: int, dy: int, dx: int) -> None:
    shape = Shape("a", "mask", bitmap=Bitmap.from_array(np.array([[True, False], [True, True]]), y, x))
    expected = (dy, dx) in {(0, 0), (1, 0), (1, 1)}
    assert covers_pixel(shape, (x + dx + 0.9, y + dy + 0.1), PatchCache(IMAGE).patch) is expected


def test_the_topmost_shape_is_found_unless_excluded_or_not_below_the_index() -> None:
    shapes = (rectangle(0, 0, 20, 20), rectangle(10, 10, 30, 30), rectangle(12, 12, 30, 30))
    annotation, patch = Annotation(60, 60, shapes), PatchCache(IMAGE).patch
    assert find_at_pixel(annotation, (15.5, 15.5), patch) == 2
    assert find_at_pixel(annotation, (15.5, 15.5), patch, {shapes[2].uid}) == 1
    assert find_at_pixel(annotation, (15.5, 15.5), patch, below=1) == 0
    assert find_at_pixel(annotation, (50.5, 50.5), patch) is None


@pytest.mark.parametrize(("box", "expected"), [(Box(0, 0, 25, 25), [0]), (Box(0, 0, 20, 20), []), (IMAGE, [0, 1])])
def test_shapes_wholly_inside_a_box_are_found_and_those_outside_the_image_are_not(box: Box, expected: list) -> None:
    shapes = (rectangle(5, 5, 20, 20), rectangle(40, 40, 90, 90), rectangle(70, 70, 90, 90))
    assert find_within_box(Annotation(60, 60, shapes), box) == expected
    assert find_within_box(Annotation(60, 60, shapes), box, {shapes[0].uid}) == [i for i in expected if i != 0]
