"""Weights of classes from how often they occur, and what the labels lack."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.training.choices import INVERSE, MEDIAN, NONE
from segstudio.training.config import weights_by_hand

_NAMED = 6
_MOST = 20.0  # a weight beyond it would make a few pixels the whole loss


def class_weights(text: str, counts_K: NDArray[np.int64], names: list[str]) -> list[float] | None:
    """One weight a class, or None where all count alike. Raises TrainingError for words that are none.

    Median frequency: median / frequency (Eigen, Fergus 2015, arXiv 1411.4734). Inverse: 1 / frequency, scaled to
    a mean of 1. A class that never occurs weighs 1.
    """
    if text == NONE:
        return None
    if text not in (MEDIAN, INVERSE):
        return weights_by_hand(text, names)
    share_K = counts_K / max(1, counts_K.sum())
    present_K = share_K > 0
    weights_K = np.ones(len(names))
    if present_K.any():
        middle = float(np.median(share_K[present_K]))
        weights_K[present_K] = middle / share_K[present_K]
    if text == INVERSE and present_K.any():
        weights_K[present_K] /= weights_K[present_K].mean()
    return [float(value) for value in np.minimum(weights_K, _MOST)]


def warnings_about(counts_K: NDArray[np.int64], table: ClassTable) -> list[str]:
    """What a person should label before expecting much, in words."""
    present = [name for name, count in zip(table.names, counts_K, strict=True) if count]
    if len(present) == 1:
        return [
            f"everything labelled is {present[0]}: there is no counter-example, so the model will say "
            f"{present[0]} everywhere; draw some strokes of another class, background too"
        ]
    missing = [name for name, count in zip(table.names, counts_K, strict=True) if not count]
    if not missing:
        return []
    more = f" and {len(missing) - _NAMED} more classes" if len(missing) > _NAMED else ""
    return [f"no pixel of {', '.join(missing[:_NAMED])}{more} is labelled in the images to learn from"]
