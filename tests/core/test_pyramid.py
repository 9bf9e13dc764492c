"""Conversion of images for display, and the image pyramid."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core import pyramid


def test_rgb_of_8_bits_is_returned_as_it_is() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    assert pyramid.to_rgb8(image) is image


@pytest.mark.parametrize(("bands", "expected"), [(None, [7, 7, 7]), (1, [7, 7, 7]), (2, [7, 7, 7]), (5, [7, 8, 9])])
def test_gray_is_repeated_and_of_several_bands_the_first_three_are_shown(bands: int | None, expected: list) -> None:
    shape = (2, 3) if bands is None else (2, 3, bands)
    image = np.full(shape, 7, np.uint8) + np.arange(bands or 1, dtype=np.uint8)[slice(None) if bands else 0]
    assert (pyramid.to_rgb8(image) == expected).all()


def test_a_deep_image_is_stretched_between_its_extremes_or_the_window() -> None:
    image = np.array([[100, 200, 300]], np.uint16)
    assert pyramid.to_rgb8(image)[0, :, 0].tolist() == [0, 127, 255]
    assert pyramid.to_rgb8(image, (200, 300))[0, :, 0].tolist() == [0, 0, 255]


def test_every_level_is_half_the_one_before_and_averages_it() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (2050, 1031, 3)).astype(np.uint8)
    levels = pyramid.build_pyramid(image)
    assert [level.shape for level in levels] == [(2050, 1031, 4), (1025, 515, 4), (512, 257, 4)]
    assert (levels[0][..., 2::-1] == image).all()
    assert abs(float(levels[1][..., :3].mean()) - float(image.mean())) < 1


def test_a_huge_image_shares_its_memory_with_the_first_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyramid, "_HUGE_PIXELS", 1000)
    monkeypatch.setattr(pyramid, "_STRIP_ROWS", 7)
    image = np.random.default_rng(0).integers(0, 256, (1030, 50, 3)).astype(np.uint8)
    levels = pyramid.build_pyramid(image)
    assert levels[0] is image
    assert [level.shape for level in levels] == [(1030, 50, 3), (515, 25, 4)]
    monkeypatch.setattr(pyramid, "_HUGE_PIXELS", 10**9)
    whole = pyramid.build_pyramid(image)[1]
    assert np.abs(levels[1].astype(int) - whole).max() <= 1
