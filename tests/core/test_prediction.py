"""Predictions: conversion to the project's classes, and partial predictions."""

from __future__ import annotations

import numpy as np

from segstudio.core.box import Box
from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.prediction import Prediction, mean_uncertainty, remap_to_table, unknown_classes, with_part


def prediction(labels: np.ndarray, classes: tuple[str, ...] = ("_background_", "a", "b"), value: int = 9) -> Prediction:
    probabilities = np.full((len(classes), *labels.shape), value, np.uint8)
    return Prediction(
        "image", 1, classes, labels.astype(np.uint8), probabilities, np.full(labels.shape, value, np.uint8)
    )


def test_labels_are_remapped_by_name_and_classes_missing_in_the_table_become_ignore() -> None:
    table = ClassTable.from_names(["_background_", "car"]).with_renamed(1, "vehicle")
    found = prediction(np.array([[0, 1, 2]]), ("_background_", "tree", "car"))
    assert remap_to_table(found, table).labels.tolist() == [[0, IGNORE, 1]]
    assert unknown_classes(found.classes, table) == ["tree"]


def test_a_part_replaces_its_box_only_and_leaves_the_previous_prediction_unchanged() -> None:
    whole = prediction(np.ones((6, 8), int), value=5)
    part = prediction(np.full((2, 3), 2), value=7)
    merged = with_part(whole, part, Box(1, 2, 3, 5), (6, 8))
    expected = np.ones((6, 8), int)
    expected[1:3, 2:5] = 2
    assert (merged.labels == expected).all()
    assert (merged.entropy == np.where(expected == 2, 7, 5)).all()
    assert (merged.probabilities == np.where(expected == 2, 7, 5)).all()
    assert (whole.labels == 1).all()


def test_a_part_is_not_merged_with_a_prediction_of_other_classes_or_another_size() -> None:
    part = prediction(np.full((2, 3), 2))
    for whole in (prediction(np.ones((6, 8), int), ("_background_", "b", "a")), prediction(np.ones((8, 6), int)), None):
        merged = with_part(whole, part, Box(1, 2, 3, 5), (6, 8))
        assert np.count_nonzero(merged.labels == IGNORE) == 6 * 8 - 6


def test_mean_uncertainty_is_between_0_and_1() -> None:
    assert mean_uncertainty(prediction(np.zeros((2, 2)), value=255)) == 1.0
    assert mean_uncertainty(prediction(np.zeros((2, 2)), value=0)) == 0.0
