"""Binary morphology, compared with scikit-image and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import dilation, disk, erosion

from segstudio.core import morphology

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)))
RADII = st.integers(0, 6)


@given(MASKS, RADII)
def test_dilate_equals_scikit_image_with_a_disc(mask: np.ndarray, radius: int) -> None:
    assert (morphology.dilate(mask, radius) == dilation(mask, disk(radius))).all()


@given(MASKS, RADII)
def test_erode_equals_scikit_image_with_a_disc(mask: np.ndarray, radius: int) -> None:
    if radius:
        assert (morphology.erode(mask, radius) == erosion(mask, disk(radius))).all()
    else:
        assert (morphology.erode(mask, 0) == mask).all()


@given(MASKS, st.integers(1, 4))
def test_opening_shrinks_and_closing_extends_the_mask(mask: np.ndarray, radius: int) -> None:
    assert not (morphology.open_mask(mask, radius) & ~mask).any()
    assert not (mask & ~morphology.close_mask(mask, radius)).any()
    assert (morphology.open_mask(mask, radius) == dilation(erosion(mask, disk(radius)), disk(radius))).all()


@given(MASKS)
def test_fill_holes_equals_scipy(mask: np.ndarray) -> None:
    assert (morphology.fill_holes(mask) == ndimage.binary_fill_holes(mask)).all()


@given(MASKS)
def test_components_equal_those_of_scikit_image_and_contain_every_pixel(mask: np.ndarray) -> None:
    found = morphology.split_components(mask)
    assert len(found) == label(mask, connectivity=2).max()
    total = np.zeros(mask.shape, int)
    for box, part in found:
        total[box.slices] += part
    assert (total == mask).all()
    sizes = [int(part.sum()) for _, part in found]
    assert sizes == sorted(sizes, reverse=True)
    if found:
        assert morphology.keep_largest_component(mask).sum() == sizes[0]


@given(MASKS, st.integers(0, 30))
def test_components_below_the_minimum_area_are_removed(mask: np.ndarray, min_area: int) -> None:
    expected = np.zeros_like(mask)
    numbers = label(mask, connectivity=2)
    for number in range(1, numbers.max() + 1):
        if (numbers == number).sum() >= min_area:
            expected |= numbers == number
    assert (morphology.remove_small_components(mask, min_area) == expected).all()


@settings(max_examples=200)
@given(MASKS, st.lists(st.tuples(st.floats(-3, 27), st.floats(-3, 27)), min_size=2, max_size=5))
def test_the_parts_of_a_split_contain_every_pixel_once(mask: np.ndarray, line: list[tuple[float, float]]) -> None:
    found = morphology.split_along(mask, line)
    assert (sum((part.astype(int) for part in found), np.zeros(mask.shape, int)) == mask).all()
    assert all(part.any() for part in found) or not mask.any()


def test_a_line_through_a_square_gives_two_halves() -> None:
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    found = morphology.split_along(mask, [(20, 0), (20, 40)])
    assert len(found) == 2
    assert all(abs(int(part.sum()) - 200) <= 20 for part in found)


def test_a_diagonal_line_splits() -> None:
    assert len(morphology.split_along(np.ones((30, 30), bool), [(-1, -1), (31, 31)])) == 2


def test_a_line_that_ends_inside_splits_nothing() -> None:
    assert len(morphology.split_along(np.ones((30, 30), bool), [(-1, 15), (15, 15)])) == 1


def test_a_component_beside_the_line_is_added_to_the_largest_part() -> None:
    mask = np.zeros((40, 60), bool)
    mask[5:35, 5:35] = True
    mask[10:14, 50:54] = True
    found = morphology.split_along(mask, [(20, 0), (20, 40)])
    assert len(found) == 2
    assert found[0][12, 52]


@pytest.mark.parametrize("radius", [1, 3])
def test_smoothing_rounds_corners_and_keeps_straight_borders(radius: int) -> None:
    mask = np.zeros((60, 60), bool)
    mask[15:45, 15:45] = True
    after = morphology.smooth(mask, radius)
    assert not after[15, 15]
    assert after[15, 30]
    assert not after[14, 30]
