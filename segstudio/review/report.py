"""An evaluation as plain data and as lines of text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.metrics import Confusion, scores
from segstudio.review.evaluate import Evaluation


def as_plain(evaluation: Evaluation) -> dict[str, Any]:
    """What `evaluate --json` writes; null where a figure is undefined."""
    return {
        "classes": list(evaluation.classes),
        "dataset": _figures(evaluation.confusion),
        "images": [{"name": image.name, **_figures(image.confusion)} for image in evaluation.images],
    }


def _figures(matrix: Confusion) -> dict[str, Any]:
    found = scores(matrix)
    return {
        "miou": _number(found.miou),
        "pixel_accuracy": _number(found.pixel_accuracy),
        "mean_accuracy": _number(found.mean_accuracy),
        "iou": _numbers(found.iou),
        "dice": _numbers(found.dice),
        "precision": _numbers(found.precision),
        "recall": _numbers(found.recall),
        "confusion": matrix.tolist(),
        "classes_averaged": found.classes_averaged,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [_number(float(value)) for value in values]


def as_lines(evaluation: Evaluation) -> list[str]:
    """A table, worst image first, and the whole set under it."""
    width = max([len(image.name) for image in evaluation.images] + [len("all images")])
    head = f"{'image':<{width}}  {'mIoU':>6}  {'pixel acc.':>10}  classes averaged"
    rows = sorted(evaluation.images, key=lambda image: _or_last(scores(image.confusion).miou))
    lines = [head, *(_line(image.name, image.confusion, width) for image in rows)]
    lines.append(_line("all images", evaluation.confusion, width))
    found = scores(evaluation.confusion)
    per_class = zip(evaluation.classes, found.iou, strict=True)
    lines.append("IoU by class: " + ", ".join(f"{name} {text(float(iou))}" for name, iou in per_class))
    return lines


def _line(name: str, matrix: Confusion, width: int) -> str:
    found = scores(matrix)
    return f"{name:<{width}}  {text(found.miou):>6}  {text(found.pixel_accuracy):>10}  {found.classes_averaged}"


def text(value: float) -> str:
    """Three decimals, or a dash where undefined."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def _or_last(value: float) -> float:
    return math.inf if math.isnan(value) else value
