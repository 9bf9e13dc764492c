"""Figures about a prediction, all from one confusion matrix; and soft overlap coefficients.

Rows are ground truth, columns prediction, counts int64. A class that neither has is NaN and left out of means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Confusion = NDArray[np.int64]

SMOOTH = 1e-4
_BAND_PIXELS = 1 << 23  # calcHist counts in float32, which is exact up to 2**24


def confusion(ground_truth: NDArray[np.uint8], prediction: NDArray[np.uint8], num_classes: int) -> Confusion:
    """(C, C) counts of two planes of one size; ground truth >= C (unlabelled, ignore) is dropped."""
    if ground_truth.shape != prediction.shape:
        raise ValueError(
            f"ground truth is {ground_truth.shape}, prediction {prediction.shape}; they must be of one size"
        )
    out = np.zeros((num_classes, num_classes), np.int64)
    if prediction.size and int(prediction.max()) >= num_classes:
        raise ValueError(f"prediction holds class {int(prediction.max())} but there are {num_classes} classes")
    rows = max(1, _BAND_PIXELS // max(1, ground_truth.shape[1]))
    for start in range(0, len(ground_truth), rows):
        planes = [np.ascontiguousarray(p[start : start + rows]) for p in (ground_truth, prediction)]
        counts = cv2.calcHist(planes, [0, 1], None, [num_classes] * 2, [0, num_classes] * 2)
        out += counts.astype(np.int64)
    return out


@dataclass(frozen=True)
class Scores:
    """Per-class figures are (C,) float64 with NaN where undefined; means are NaN if nothing counts."""

    confusion: Confusion
    iou: NDArray[np.float64]
    dice: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    pixel_accuracy: float
    mean_accuracy: float
    miou: float
    classes_averaged: int


def scores(matrix: Confusion) -> Scores:
    """Every figure of a (C, C) confusion matrix.

    mIoU averages the classes whose union is not empty; mean accuracy those that the ground truth has.
    """
    hits = np.diag(matrix).astype(np.float64)
    truth, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    iou = _ratio(hits, truth + predicted - hits)
    recall = _ratio(hits, truth)
    return Scores(
        confusion=matrix,
        iou=iou,
        dice=_ratio(2 * hits, truth + predicted),
        precision=_ratio(hits, predicted),
        recall=recall,
        pixel_accuracy=float(_ratio(hits.sum(), matrix.sum())),
        mean_accuracy=_mean(recall),
        miou=_mean(iou),
        classes_averaged=int(np.isfinite(iou).sum()),
    )


def summed(matrices: Iterable[Confusion], num_classes: int) -> Confusion:
    """The matrix of a whole set of images."""
    out = np.zeros((num_classes, num_classes), np.int64)
    for matrix in matrices:
        out += matrix
    return out


def _ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def dice_coefficient(a: ArrayLike, b: ArrayLike, smooth: float = SMOOTH) -> float:
    """Soft Dice `(2|ab| + s) / (|a| + |b| + s)` of two arrays of one shape, values in 0..1; 1.0 if both are empty."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float((2 * (a * b).sum() + smooth) / (a.sum() + b.sum() + smooth))


def jaccard_coefficient(a: ArrayLike, b: ArrayLike, smooth: float = SMOOTH) -> float:
    """Soft Jaccard `(|ab| + s) / (|a| + |b| - |ab| + s)` of two arrays of one shape, values in 0..1."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    shared = (a * b).sum()
    return float((shared + smooth) / (a.sum() + b.sum() - shared + smooth))


def errors_plane(ground_truth: NDArray[np.uint8], prediction: NDArray[np.uint8], num_classes: int) -> NDArray[np.uint8]:
    """(H, W) plane of 1 where the prediction differs from a ground truth that counts, else 0."""
    return ((ground_truth != prediction) & (ground_truth < num_classes)).view(np.uint8)
