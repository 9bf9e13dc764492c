"""A slowly following copy of the weights (Polyak averaging): what predicts, judges and is kept."""

from __future__ import annotations

import copy

import torch
from torch import nn


class ExponentialMovingAverage:
    """`net` holds the exponential moving average of another network's weights and statistics.

    Early on it follows fast, min(decay, (1 + n) / (10 + n)) at the n-th step, so that it is of use from the
    first steps. A decay of 0 means no averaging: `net` is then always what it follows.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def follow(self, net: nn.Module, step: int) -> None:
        decay = min(self._decay, (1 + step) / (10 + step)) if self._decay else 0.0
        mine, theirs = list(self.net.state_dict().values()), list(net.state_dict().values())
        floats = [(a, b) for a, b in zip(mine, theirs, strict=True) if a.is_floating_point()]
        torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - decay)
        for a, b in zip(mine, theirs, strict=True):
            if not a.is_floating_point():
                a.copy_(b)
