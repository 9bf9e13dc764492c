"""The points of the training curves: loss, validation mIoU and IoU of each class, over steps."""

from __future__ import annotations

import math
from collections.abc import Mapping

_MAX_POINTS = 2000

Points = list[tuple[int, float]]  # step and value


class CurvePoints:
    """Long loss curves are thinned, so that they stay cheap to draw. NaN values are left out."""

    def __init__(self) -> None:
        self.loss: Points = []
        self.miou: Points = []
        self.classes: dict[str, Points] = {}

    def add_loss(self, step: int, loss: float) -> None:
        """Above 2000 points, every other point of the older half is dropped."""
        self.loss.append((step, loss))
        if len(self.loss) > _MAX_POINTS:
            half = len(self.loss) // 2
            self.loss = self.loss[:half:2] + self.loss[half:]

    def add_scores(self, step: int, miou: float, classes: Mapping[str, float]) -> None:
        """`classes` are IoU by name."""
        for points, value in ((self.miou, miou), *((self.classes.setdefault(n, []), v) for n, v in classes.items())):
            if not math.isnan(value):
                points.append((step, value))
