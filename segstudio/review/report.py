"""Reports of an evaluation: as a dict for JSON and as lines of text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.metrics import ConfusionMatrix, compute_metrics
from segstudio.review.evaluate import Evaluation


def to_dict(evaluation: Evaluation) -> dict[str, Any]:
    """What `evaluate --json` writes; None where a metric is undefined."""
    return {
        "classes": list(evaluation.classes),
        "dataset": _metrics_to_dict(evaluation.confusion),
        "images": [{"name": image.name, **_metrics_to_dict(image.confusion)} for image in evaluation.images],
    }


def _metrics_to_dict(matrix: ConfusionMatrix) -> dict[str, Any]:
    found = compute_metrics(matrix)
    return {
        "miou": _float_or_none(found.miou),
        "pixel_accuracy": _float_or_none(found.pixel_accuracy),
        "mean_accuracy": _float_or_none(found.mean_accuracy),
        "iou": _floats_or_none(found.iou),
        "dice": _floats_or_none(found.dice),
        "precision": _floats_or_none(found.precision),
        "recall": _floats_or_none(found.recall),
        "confusion": matrix.tolist(),
        "classes_averaged": found.classes_averaged,
    }


def _float_or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _floats_or_none(values: NDArray[np.float64]) -> list[float | None]:
    return [_float_or_none(float(value)) for value in values]


def to_lines(evaluation: Evaluation) -> list[str]:
    """A table with the worst image first and all images together at the end, and the IoU of each class."""
    width = max([len(image.name) for image in evaluation.images] + [len("all images")])
    head = f"{'image':<{width}}  {'mIoU':>6}  {'pixel acc.':>10}  classes averaged"
    rows = sorted(evaluation.images, key=lambda image: _nan_last(compute_metrics(image.confusion).miou))
    lines = [head, *(_format_row(image.name, image.confusion, width) for image in rows)]
    lines.append(_format_row("all images", evaluation.confusion, width))
    found = compute_metrics(evaluation.confusion)
    per_class = zip(evaluation.classes, found.iou, strict=True)
    lines.append("IoU by class: " + ", ".join(f"{name} {format_metric(float(iou))}" for name, iou in per_class))
    return lines


def _format_row(name: str, matrix: ConfusionMatrix, width: int) -> str:
    found = compute_metrics(matrix)
    miou, accuracy = format_metric(found.miou), format_metric(found.pixel_accuracy)
    return f"{name:<{width}}  {miou:>6}  {accuracy:>10}  {found.classes_averaged}"


def format_metric(value: float) -> str:
    """Three decimals, or a dash where the metric is undefined (NaN)."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def _nan_last(value: float) -> float:
    return math.inf if math.isnan(value) else value
