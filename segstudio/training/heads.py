"""What the last layer's numbers mean: one sigmoid, a softmax, or one against the rest for every class.

B batch, K classes, H rows, W columns; logits (B, outputs, H, W).
"""

from __future__ import annotations

import torch
from torch import Tensor

from segstudio.training.choices import SIGMOID, SOFTMAX


def outputs_of(head: str, num_classes: int) -> int:
    """Channels that the network must give. Raises ValueError for a sigmoid over other than two classes."""
    if head == SIGMOID and num_classes != 2:
        raise ValueError(f"a sigmoid head tells 2 classes apart, not {num_classes}; take softmax or one-vs-rest")
    return 1 if head == SIGMOID else num_classes


def class_probabilities(logits_BCHW: Tensor, head: str) -> Tensor:
    """(B, outputs, H, W) logits -> (B, K, H, W) float32 probabilities that sum to 1 at each pixel.

    A sigmoid's one plane p becomes (1 - p, p). One-against-rest answers are merged: each class's probability
    is divided by their sum, so the class plane is still the largest of them.
    """
    logits_BCHW = logits_BCHW.float()
    if head == SOFTMAX:
        return logits_BCHW.softmax(dim=1)
    yes_BCHW = logits_BCHW.sigmoid()
    if head == SIGMOID:
        return torch.cat([1 - yes_BCHW, yes_BCHW], dim=1)
    return yes_BCHW / yes_BCHW.sum(dim=1, keepdim=True).clamp(min=1e-12)
