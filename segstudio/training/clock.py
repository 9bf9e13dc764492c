"""Time and progress of a run, its speed, and rate limiting."""

from __future__ import annotations

import math
import time

from segstudio.training.config import TrainConfig
from segstudio.training.distributed import broadcast_number, world_size


class RunClock:
    """Counts only the time in which the run itself works; `progress` is 0..1, the same on all ranks."""

    def __init__(self, config: TrainConfig) -> None:
        self._steps = config.steps
        self._limit_s = 60 * config.minutes
        self.progress = 0.0
        self._spent_s = 0.0  # in earlier sessions and up to the last pause
        self._resumed_at: float | None = None  # None while paused, as at first
        self._patches, self._pixels, self._stepping_s = 0, 0, 0.0

    @property
    def spent_s(self) -> float:
        return self._spent_s + (time.monotonic() - self._resumed_at if self._resumed_at is not None else 0.0)

    @spent_s.setter
    def spent_s(self, seconds: float) -> None:
        self._spent_s = seconds
        self._resumed_at = None if self._resumed_at is None else time.monotonic()

    def pause(self) -> None:
        """Stop counting: the caller of the run holds an event."""
        self._spent_s, self._resumed_at = self.spent_s, None

    def resume(self) -> None:
        if self._resumed_at is None:
            self._resumed_at = time.monotonic()

    def update_progress(self, step: int) -> float:
        """Progress by steps or by time, whichever is further; `progress` keeps it until the next call."""
        self.progress = broadcast_number(self._compute_progress(step))
        return self.progress

    def _compute_progress(self, step: int) -> float:
        by_steps = step / self._steps if self._steps else 0.0
        by_time = self.spent_s / self._limit_s if self._limit_s > 0 else 0.0
        return min(1.0, max(by_steps, by_time))

    def estimate_remaining_s(self, step: int) -> float:
        """NaN before two steps were taken: the first one includes warm-up."""
        progress = self._compute_progress(step)
        return self.spent_s * (1 - progress) / progress if progress > 0 and self._patches else math.nan

    def add_step(self, patches: int, pixels: int, seconds: float) -> None:
        self._patches += patches
        self._pixels += pixels
        self._stepping_s += seconds

    def estimate_prediction_s(self, pixels: int) -> float:
        """Time to predict an image: a third of the time to train on its pixels, doubled for the overlap of tiles."""
        return pixels * self._stepping_s / self._pixels * 2 / 3 if self._pixels else math.inf

    @property
    def patches_per_s(self) -> float:
        """Patches trained on per second, over all ranks."""
        return self._patches * world_size() / self._stepping_s if self._stepping_s else 0.0


class RateLimiter:
    """Allows something every `interval_s`, or less often if the caller asks for it."""

    def __init__(self, interval_s: float, at_once: bool = False) -> None:
        self._interval_s = interval_s
        self._last_s = time.monotonic() - (1e9 if at_once else 0.0)

    def reset(self) -> None:
        """Due at the next call."""
        self._last_s = -1e9

    def is_due(self, at_least_s: float = 0.0) -> bool:
        """True, and the interval begins again, if the interval and `at_least_s` have passed since the last True."""
        if time.monotonic() - self._last_s < max(self._interval_s, at_least_s):
            return False
        self._last_s = time.monotonic()
        return True
