"""Time of a run: what it has spent, how far it is, and how fast it learns."""

from __future__ import annotations

import math
import time

from segstudio.training.config import TrainConfig
from segstudio.training.distributed import agreed, world


class Clock:
    """Counts only time in which the run itself is at work; `progress` is 0..1, the same in all processes."""

    def __init__(self, config: TrainConfig) -> None:
        self._steps = config.steps
        self._seconds = 60 * config.minutes
        self.progress = 0.0
        self._spent_s = 0.0  # in earlier sessions and up to the last pause
        self._began: float | None = None  # it stands until the run says so
        self._patches, self._pixels, self._stepping_s = 0, 0, 0.0

    @property
    def spent_s(self) -> float:
        return self._spent_s + (time.monotonic() - self._began if self._began is not None else 0.0)

    @spent_s.setter
    def spent_s(self, seconds: float) -> None:
        self._spent_s = seconds
        self._began = None if self._began is None else time.monotonic()

    def pause(self) -> None:
        """Time from now on is not the run's: somebody holds it."""
        self._spent_s, self._began = self.spent_s, None

    def go_on(self) -> None:
        if self._began is None:
            self._began = time.monotonic()

    def look(self, step: int) -> float:
        """Progress by steps or by time, whichever is further; it stays until looked at again."""
        self.progress = agreed([self._share(step)])[0]
        return self.progress

    def _share(self, step: int) -> float:
        by_steps = step / self._steps if self._steps else 0.0
        by_time = self.spent_s / self._seconds if self._seconds > 0 else 0.0
        return min(1.0, max(by_steps, by_time))

    def left_s(self, step: int) -> float:
        """NaN before two steps have been taken: the first also warms up."""
        share = self._share(step)
        return self.spent_s * (1 - share) / share if share > 0 and self._patches else math.nan

    def count(self, patches: int, pixels: int, seconds: float) -> None:
        """A step has learnt from so much."""
        self._patches += patches
        self._pixels += pixels
        self._stepping_s += seconds

    def seconds_for(self, pixels: int) -> float:
        """About how long predicting so many pixels takes: a third of the time to learn from them, twice for overlap."""
        return pixels * self._stepping_s / self._pixels * 2 / 3 if self._pixels else math.inf

    @property
    def patches_s(self) -> float:
        """Patches learnt a second, over all processes."""
        return self._patches * world() / self._stepping_s if self._stepping_s else 0.0
