"""Class weights from class frequencies, and warnings about what the labels lack.

Arrays: K classes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.training.config import INVERSE, MEDIAN, NONE, parse_class_weights

_MAX_NAMES: Final = 6
_MAX_WEIGHT: Final = 20.0  # beyond it a few pixels would dominate the loss


def compute_class_weights(text: str, counts_K: NDArray[np.int64], names: list[str]) -> list[float] | None:
    """One weight per class, or None for equal weights. Raises TrainingError for text that does not parse.

    Median frequency: median / frequency (Eigen, Fergus 2015, arXiv 1411.4734). Inverse: 1 / frequency, scaled to
    a mean of 1. A class without pixels has weight 1.
    """
    if text == NONE:
        return None
    if text not in (MEDIAN, INVERSE):
        return parse_class_weights(text, names)
    frequency_K = counts_K / max(1, counts_K.sum())
    present_K = frequency_K > 0
    weights_K = np.ones(len(names))
    if present_K.any():
        median = float(np.median(frequency_K[present_K]))
        weights_K[present_K] = median / frequency_K[present_K]
    if text == INVERSE and present_K.any():
        weights_K[present_K] /= weights_K[present_K].mean()
    return [float(value) for value in np.minimum(weights_K, _MAX_WEIGHT)]


def find_label_warnings(counts_K: NDArray[np.int64], table: ClassTable) -> list[str]:
    """What to label before training can work, one sentence per warning."""
    present = [name for name, count in zip(table.names, counts_K, strict=True) if count]
    if len(present) == 1:
        return [
            f"every labelled pixel is {present[0]}: without a counter-example the model will predict "
            f"{present[0]} everywhere; draw some strokes of another class or of the background"
        ]
    missing = [name for name, count in zip(table.names, counts_K, strict=True) if not count]
    if not missing:
        return []
    more = f" and {len(missing) - _MAX_NAMES} more classes" if len(missing) > _MAX_NAMES else ""
    return [f"no pixel of {', '.join(missing[:_MAX_NAMES])}{more} is labelled in the training images"]
