"""The demonstrations of `segstudio notes`: numpy agrees with torch, and a reshape is not a permute."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from segstudio.training.demonstrations import (
    compare_permute_and_reshape,
    convolve,
    convolve_transposed,
    permute_to_rows,
    reshape_to_rows,
    run_demonstrations,
)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(0, 99)
)
def test_convolution_in_numpy_equals_torchs(c: int, d: int, k: int, stride: int, padding: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images, kernels = rng.normal(size=(c, 7, 9)), rng.normal(size=(d, c, k, k))
    expected = functional.conv2d(torch.from_numpy(images), torch.from_numpy(kernels), stride=stride, padding=padding)
    assert np.allclose(convolve(images, kernels, stride, padding), expected.numpy())


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(0, 1), st.integers(0, 99)
)
def test_transposed_convolution_in_numpy_equals_torchs(
    c: int, d: int, k: int, stride: int, padding: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    images, kernels = rng.normal(size=(c, 5, 6)), rng.normal(size=(c, d, k, k))
    expected = functional.conv_transpose2d(
        torch.from_numpy(images)[None], torch.from_numpy(kernels), stride=stride, padding=padding
    )
    assert np.allclose(convolve_transposed(images, kernels, stride, padding), expected[0].numpy())


def test_convolutions_of_small_arrays_equal_those_computed_by_hand() -> None:
    image = np.arange(1.0, 10.0).reshape(1, 3, 3)
    kernel = np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    assert (convolve(image, kernel) == [[[-4, -4], [-4, -4]]]).all()
    two = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    ones = np.ones((1, 1, 2, 2))
    assert (convolve_transposed(two, ones) == [[[1, 3, 2], [4, 10, 6], [3, 7, 4]]]).all()
    assert (convolve_transposed(two, ones, stride=2) == np.kron(two[0], np.ones((2, 2)))[None]).all()


def test_a_reshape_that_makes_the_sizes_fit_scrambles_the_classes() -> None:
    logits = torch.randn(2, 3, 4, 5)
    assert permute_to_rows(logits).shape == reshape_to_rows(logits).shape
    assert torch.equal(permute_to_rows(logits)[7], logits[0, :, 1, 2])
    assert not torch.equal(permute_to_rows(logits), reshape_to_rows(logits))
    right, wrong = compare_permute_and_reshape()
    assert right < 0.1
    assert wrong > 4 * right


def test_every_demonstration_yields_its_line() -> None:
    lines = list(run_demonstrations())
    assert len(lines) == 4
    assert float(lines[2].split(" by ")[1].split()[0]) == pytest.approx(0, abs=1e-9)
