"""Rasterised COCO polygons, compared with pycocotools."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from segstudio.core.box import full_box
from segstudio.core.coco_polygon import rasterise_coco_polygon

coordinate = st.one_of(
    st.integers(-10, 70),
    st.floats(-30, 90, allow_nan=False),
    st.integers(-300, 300).map(lambda n: n / 10),
    st.sampled_from([-5000.0, 0.0, 0.3, 0.5, 39.5, 40.0, 49.9999, 50.0, 8000.0]),
)
polygons = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=12)


def ours(points: list[tuple[float, float]], height: int, width: int) -> np.ndarray:
    box, mask = rasterise_coco_polygon(np.asarray(points, np.float64), full_box(height, width))
    out = np.zeros((height, width), bool)
    out[box.slices] = mask
    return out


def theirs(points: list[tuple[float, float]], height: int, width: int) -> np.ndarray:
    flat = [float(value) for point in points for value in point]
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects([flat], height, width))).astype(bool)


@given(polygons, st.integers(1, 50), st.integers(1, 60))
@settings(max_examples=1500, deadline=None)
def test_any_polygon_equals_that_of_pycocotools(points, height, width):
    assert (ours(points, height, width) == theirs(points, height, width)).all()


def test_two_thousand_random_polygons_equal_those_of_pycocotools():
    rng = np.random.default_rng(3)
    for _ in range(2000):
        height, width = rng.integers(1, 400, 2)
        points = [tuple(p) for p in rng.uniform(-40, 420, (rng.integers(3, 60), 2))]
        assert (ours(points, height, width) == theirs(points, height, width)).all()


def test_a_polygon_ten_million_pixels_outside_is_rasterised_at_once():
    points = [(-1e7, -1e7), (1e7, -1e7), (1e7, 1e7), (-1e7, 1e7)]
    assert ours(points, 30, 40).all()
