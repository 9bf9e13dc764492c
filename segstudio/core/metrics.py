"""Segmentation metrics from a confusion matrix, and soft Dice and Jaccard coefficients.

Rows are ground truth, columns prediction, counts int64. A class with an empty union has IoU NaN and is
excluded from mIoU.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

ConfusionMatrix = NDArray[np.int64]

SMOOTH = 1e-4
_BAND_PIXELS = 1 << 23  # calcHist counts in float32, which is exact up to 2**24


def confusion_matrix(
    ground_truth: NDArray[np.uint8], prediction: NDArray[np.uint8], num_classes: int
) -> ConfusionMatrix:
    """(C, C) confusion matrix of two (H, W) planes of class ids; pixels with ground truth >= C are dropped.

    Raises ValueError for planes of different sizes and for a predicted class >= C.
    """
    if ground_truth.shape != prediction.shape:
        raise ValueError(
            f"ground truth has shape {ground_truth.shape} but prediction {prediction.shape}; both must have one size"
        )
    out = np.zeros((num_classes, num_classes), np.int64)
    if prediction.size and int(prediction.max()) >= num_classes:
        raise ValueError(f"prediction contains class {int(prediction.max())} but there are only {num_classes} classes")
    rows = max(1, _BAND_PIXELS // max(1, ground_truth.shape[1]))
    for start in range(0, len(ground_truth), rows):
        planes = [np.ascontiguousarray(p[start : start + rows]) for p in (ground_truth, prediction)]
        counts = cv2.calcHist(planes, [0, 1], None, [num_classes] * 2, [0, num_classes] * 2)
        out += counts.astype(np.int64)
    return out


@dataclass(frozen=True)
class Metrics:
    """Per-class metrics are (C,) float64, NaN where undefined; means are NaN if no pixel was counted."""

    confusion: ConfusionMatrix
    iou: NDArray[np.float64]
    dice: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    pixel_accuracy: float
    mean_accuracy: float
    miou: float
    classes_averaged: int


def compute_metrics(matrix: ConfusionMatrix) -> Metrics:
    """All metrics of a (C, C) confusion matrix.

    mIoU averages over the classes with a non-empty union, mean accuracy over the classes in the ground truth.
    """
    true_positives = np.diag(matrix).astype(np.float64)
    truth, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    iou = _ratio(true_positives, truth + predicted - true_positives)
    recall = _ratio(true_positives, truth)
    return Metrics(
        confusion=matrix,
        iou=iou,
        dice=_ratio(2 * true_positives, truth + predicted),
        precision=_ratio(true_positives, predicted),
        recall=recall,
        pixel_accuracy=float(_ratio(true_positives.sum(), matrix.sum())),
        mean_accuracy=_mean(recall),
        miou=_mean(iou),
        classes_averaged=int(np.isfinite(iou).sum()),
    )


def sum_matrices(matrices: Iterable[ConfusionMatrix], num_classes: int) -> ConfusionMatrix:
    """Confusion matrix of a set of images: the sum of theirs, zeros for none."""
    out = np.zeros((num_classes, num_classes), np.int64)
    for matrix in matrices:
        out += matrix
    return out


def _ratio(numerator: ArrayLike, denominator: ArrayLike) -> NDArray[np.float64]:
    numerator, denominator = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    return np.divide(numerator, denominator, out=np.full(denominator.shape, np.nan), where=denominator > 0)


def _mean(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def dice_coefficient(a: ArrayLike, b: ArrayLike, smooth: float = SMOOTH) -> float:
    """Soft Dice `(2|ab| + s) / (|a| + |b| + s)` of two arrays of one shape, values in 0..1; 1.0 if both are empty."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float((2 * (a * b).sum() + smooth) / (a.sum() + b.sum() + smooth))


def jaccard_coefficient(a: ArrayLike, b: ArrayLike, smooth: float = SMOOTH) -> float:
    """Soft Jaccard `(|ab| + s) / (|a| + |b| - |ab| + s)` of two arrays of one shape, values in 0..1."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    shared = (a * b).sum()
    return float((shared + smooth) / (a.sum() + b.sum() - shared + smooth))


def error_plane(ground_truth: NDArray[np.uint8], prediction: NDArray[np.uint8], num_classes: int) -> NDArray[np.uint8]:
    """(H, W) plane: 1 where the prediction differs from a labelled ground truth (id < C), else 0."""
    return ((ground_truth != prediction) & (ground_truth < num_classes)).view(np.uint8)
