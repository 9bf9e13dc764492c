"""Bitmap, compared with numpy arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.core.bitmap import Bitmap
from segstudio.core.box import TILE, Box

SIZE = 2 * TILE + 40


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    """A mask of a few rectangles, filled and cleared, that may cross tile borders."""
    mask = np.zeros((SIZE, SIZE), bool)
    edge = st.integers(0, SIZE)
    for _ in range(draw(st.integers(0, 4))):
        (y0, y1), (x0, x1) = (sorted((draw(edge), draw(edge))) for _ in range(2))
        mask[y0:y1, x0:x1] = draw(st.booleans())
    return mask


WHOLE = Box(0, 0, SIZE, SIZE)


@settings(max_examples=60, deadline=None)
@given(masks(), masks())
def test_set_algebra_equals_numpy(a: np.ndarray, b: np.ndarray) -> None:
    left, right = Bitmap.from_array(a), Bitmap.from_array(b)
    assert (left.union(right).to_array(WHOLE) == (a | b)).all()
    assert (left.subtract(right).to_array(WHOLE) == (a & ~b)).all()
    assert (left.intersect(right).to_array(WHOLE) == (a & b)).all()


@settings(max_examples=60, deadline=None)
@given(masks(), masks())
def test_bitmaps_are_equal_exactly_when_their_pixels_are(a: np.ndarray, b: np.ndarray) -> None:
    assert (Bitmap.from_array(a) == Bitmap.from_array(b)) == bool((a == b).all())
    assert Bitmap.from_array(a).union(Bitmap.from_array(b)).subtract(Bitmap.from_array(b)) == Bitmap.from_array(a & ~b)


@settings(max_examples=60, deadline=None)
@given(masks(), st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.integers(1, SIZE), st.integers(1, SIZE))
def test_crop_and_to_array_equal_slicing(a: np.ndarray, y: int, x: int, height: int, width: int) -> None:
    box = Box(y, x, min(SIZE, y + height), min(SIZE, x + width))
    inside = np.zeros_like(a)
    inside[box.slices] = a[box.slices]
    assert (Bitmap.from_array(a).to_array(box) == a[box.slices]).all()
    assert Bitmap.from_array(a).crop(box) == Bitmap.from_array(inside)


@settings(max_examples=60, deadline=None)
@given(masks())
def test_box_and_count_equal_numpy(a: np.ndarray) -> None:
    bitmap = Bitmap.from_array(a)
    assert bitmap.count == a.sum()
    if a.any():
        ys, xs = np.nonzero(a)
        assert bitmap.box == Box(ys.min(), xs.min(), ys.max() + 1, xs.max() + 1)
    else:
        assert bitmap.box.empty
        assert not bitmap


def test_unchanged_tiles_are_shared() -> None:
    everything = Bitmap.from_array(np.ones((SIZE, SIZE), bool))
    changed = everything.subtract(Bitmap.from_array(np.ones((3, 3), bool)))
    assert [key for key in everything.tiles if changed.tiles.get(key) is not everything.tiles[key]] == [(0, 0)]


def test_one_pixel_and_a_hole_are_kept() -> None:
    mask = np.ones((9, 9), bool)
    mask[4, 4] = False
    single = np.zeros((9, 9), bool)
    single[8, 0] = True
    assert Bitmap.from_array(mask, 300, 250).count == 80
    assert Bitmap.from_array(single, 300, 250).box == Box(308, 250, 309, 251)


def test_pixels_before_row_or_column_0_are_dropped() -> None:
    assert Bitmap.from_array(np.ones((4, 4), bool), -2, -3) == Bitmap.from_array(np.ones((2, 1), bool))
