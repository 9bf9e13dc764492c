"""Learning-rate schedules and early stopping."""

from __future__ import annotations

import math
from typing import Final

from segstudio.training.config import COSINE, ONE_CYCLE, POLY

WARM_UP: Final = 0.15  # fraction of the run in which the rate of one-cycle rises
_MIN_FACTOR: Final = 1e-3
_POLY_POWER: Final = 0.9  # as in nnU-Net


def compute_rate_factor(schedule: str, progress: float) -> float:
    """The learning rate as a factor of its maximum; `progress` is 0..1 of the whole run.

    One-cycle: cosine up from 1/25, cosine down to 1e-3 (Smith 2018, arXiv 1803.09820). Cosine: down from the
    start (Loshchilov, Hutter 2017, arXiv 1608.03983). Poly: (1 - progress)**0.9.
    """
    progress = min(1.0, max(0.0, progress))
    if schedule == ONE_CYCLE:
        if progress < WARM_UP:
            return _interpolate_cosine(1 / 25, 1.0, progress / WARM_UP)
        return _interpolate_cosine(1.0, _MIN_FACTOR, (progress - WARM_UP) / (1 - WARM_UP))
    if schedule == COSINE:
        return _interpolate_cosine(1.0, _MIN_FACTOR, progress)
    if schedule == POLY:
        return max(_MIN_FACTOR, (1 - progress) ** _POLY_POWER)
    return 1.0


def _interpolate_cosine(start: float, end: float, fraction: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * fraction)) / 2


class EarlyStop:
    """Ends a run when the smoothed validation mIoU has not risen for `patience` validations; never with 0.

    An exponential moving average as in nnU-Net; its 0.1 for the new value is too slow for short runs, so it is 1/3.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.smooth = math.nan
        self.best = -math.inf
        self.waited = 0

    def update(self, miou: float) -> bool:
        """Add the mIoU of a validation; True if the run should end. NaN is skipped."""
        if math.isnan(miou):
            return False
        self.smooth = miou if math.isnan(self.smooth) else self.smooth + (miou - self.smooth) / 3
        if self.smooth > self.best + 1e-4:
            self.best, self.waited = self.smooth, 0
        else:
            self.waited += 1
        return bool(self.patience) and self.waited >= self.patience

    def state(self) -> dict[str, float]:
        return {"smooth": self.smooth, "best": self.best, "waited": float(self.waited)}

    def restore(self, state: dict[str, float]) -> None:
        """Raises KeyError for an incomplete state. A run that had stopped early waits for `patience` again."""
        self.smooth, self.best, self.waited = state["smooth"], state["best"], int(state["waited"])
        if self.waited >= self.patience:
            self.waited = 0
