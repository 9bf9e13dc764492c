"""Metrics, compared with scikit-learn and torchmetrics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from segstudio.core.metrics import (
    compute_metrics,
    confusion_matrix,
    dice_coefficient,
    jaccard_coefficient,
    sum_matrices,
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(0, 6))
def test_the_confusion_matrix_equals_that_of_scikit_learn(seed: int, num_classes: int, kept_from_truth: int) -> None:
    rng = np.random.default_rng(seed)
    values = [*range(min(num_classes, max(1, kept_from_truth))), 254, 255]
    truth = rng.choice(values, (23, 31)).astype(np.uint8)
    prediction = rng.integers(0, num_classes, (23, 31)).astype(np.uint8)
    counted = truth < num_classes
    matrix = confusion_matrix(truth, prediction, num_classes)
    assert matrix.dtype == np.int64
    if counted.any():
        expected = sklearn.confusion_matrix(truth[counted], prediction[counted], labels=range(num_classes))
        assert (matrix == expected).all()
    else:
        assert not matrix.any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_metric_equals_that_of_scikit_learn_where_it_is_defined(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, prediction = (rng.choice([0, 1, 3], (40, 30)).astype(np.uint8) for _ in range(2))
    found = compute_metrics(confusion_matrix(truth, prediction, 5))
    options = {"labels": range(5), "average": None, "zero_division": np.nan}
    flat = truth.ravel(), prediction.ravel()
    for ours, theirs in (
        (found.iou, sklearn.jaccard_score(*flat, labels=range(5), average=None, zero_division=0)),
        (found.precision, sklearn.precision_score(*flat, **options)),
        (found.recall, sklearn.recall_score(*flat, **options)),
        (found.dice, sklearn.f1_score(*flat, **options)),
    ):
        defined = np.isfinite(ours)
        assert np.allclose(ours[defined], np.asarray(theirs)[defined])
    assert np.isnan(found.iou[[2, 4]]).all()
    assert found.classes_averaged == 3
    assert found.pixel_accuracy == pytest.approx(sklearn.accuracy_score(*flat))
    assert found.mean_accuracy == pytest.approx(sklearn.balanced_accuracy_score(*flat))


@pytest.mark.torch
def test_miou_equals_torchmetrics_macro_jaccard_with_an_absent_class_and_ignored_pixels() -> None:
    import torch
    from torchmetrics.classification import MulticlassJaccardIndex

    rng = np.random.default_rng(3)
    truth = rng.choice([0, 1, 255], (50, 60)).astype(np.uint8)
    prediction = rng.choice([0, 1], (50, 60)).astype(np.uint8)
    theirs = MulticlassJaccardIndex(3, average="macro", ignore_index=255)
    expected = float(theirs(torch.from_numpy(prediction).long(), torch.from_numpy(truth).long()))
    assert compute_metrics(confusion_matrix(truth, prediction, 3)).miou == pytest.approx(expected)


def test_metrics_of_no_pixels_are_nan_and_not_zero() -> None:
    found = compute_metrics(confusion_matrix(np.full((4, 4), 255, np.uint8), np.zeros((4, 4), np.uint8), 3))
    assert np.isnan([found.miou, found.pixel_accuracy, found.mean_accuracy]).all()
    assert found.classes_averaged == 0


def test_counts_are_exact_beyond_the_precision_of_float32() -> None:
    plane = np.zeros((4200, 5000), np.uint8)
    plane[0, 0] = 1
    assert confusion_matrix(plane, np.zeros_like(plane), 2).tolist() == [[20_999_999, 0], [1, 0]]


def test_the_matrix_of_a_set_is_the_sum_over_its_images() -> None:
    matrices = [np.arange(4).reshape(2, 2), np.ones((2, 2), int)]
    assert sum_matrices(matrices, 2).tolist() == [[1, 2], [3, 4]]
    assert sum_matrices([], 2).tolist() == [[0, 0], [0, 0]]


def test_planes_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        confusion_matrix(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), 2)


def test_soft_coefficients_equal_the_values_of_the_lecture_notes() -> None:
    identity, ones, zeros = np.eye(3), np.ones((3, 3)), np.zeros((3, 3))
    assert dice_coefficient(identity, identity) == pytest.approx(1.0)
    assert jaccard_coefficient(identity, identity) == pytest.approx(1.0)
    assert jaccard_coefficient(identity, ones) == pytest.approx(0.3333, abs=1e-4)
    assert jaccard_coefficient(zeros, ones) == pytest.approx(1.1111e-05, rel=1e-3)
    assert dice_coefficient(zeros, ones) == pytest.approx(1.1111e-05, rel=1e-3)
    assert jaccard_coefficient(zeros, zeros) == dice_coefficient(zeros, zeros) == 1.0
