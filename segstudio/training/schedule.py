"""How the learning rate goes over a run, as a factor of its highest value."""

from __future__ import annotations

import math

from segstudio.training.choices import COSINE, ONE_CYCLE, POLY

WARM_UP = 0.15  # of the run: the rate of one cycle rises
_LEAST = 1e-3
_POLY_POWER = 0.9  # nnU-Net's


def rate_factor(schedule: str, progress: float) -> float:
    """`progress` is 0..1 of the whole run.

    One cycle: cosine up from 1/25, cosine down to 1e-3 (Smith 2018, arXiv 1803.09820). Cosine: down from the
    start (Loshchilov, Hutter 2017, arXiv 1608.03983). Poly: (1 - progress)**0.9.
    """
    progress = min(1.0, max(0.0, progress))
    if schedule == ONE_CYCLE:
        if progress < WARM_UP:
            return _cosine(1 / 25, 1.0, progress / WARM_UP)
        return _cosine(1.0, _LEAST, (progress - WARM_UP) / (1 - WARM_UP))
    if schedule == COSINE:
        return _cosine(1.0, _LEAST, progress)
    if schedule == POLY:
        return max(_LEAST, (1 - progress) ** _POLY_POWER)
    return 1.0


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


class EarlyStop:
    """Says when the smoothed validation mIoU has not risen for `patience` judgements; never with 0.

    Smoothed as nnU-Net does it: 0.9 of the value before and 0.1 of the new one would be slow for short runs,
    so the weight of the new one is a third.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.smooth = math.nan
        self.best = -math.inf
        self.waited = 0

    def tell(self, miou: float) -> bool:
        """Takes a judgement; True when it is time to end."""
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
        self.smooth, self.best, self.waited = state["smooth"], state["best"], int(state["waited"])
