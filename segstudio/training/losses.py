"""Losses over the pixels that count; an ignored pixel takes no part in any term.

B batch, C classes, H rows, W columns; labels are one index plane (B, H, W) with 255 where ignored.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

IGNORE_INDEX = 255
SMOOTH = 1.0


def cross_entropy(logits_BCHW: Tensor, labels_BHW: Tensor) -> Tensor:
    """Mean negative log-likelihood over counted pixels; 0 (with a gradient of 0) when there is none."""
    losses_BHW = functional.cross_entropy(logits_BCHW, labels_BHW, ignore_index=IGNORE_INDEX, reduction="none")
    counted = (labels_BHW != IGNORE_INDEX).sum()
    return losses_BHW.sum() / counted.clamp(min=1)


def dice_loss(logits_BCHW: Tensor, labels_BHW: Tensor, smooth: float = SMOOTH) -> Tensor:
    """1 - mean soft Dice over the classes that the batch's labels hold, sums over the whole batch."""
    counted_B1HW = (labels_BHW != IGNORE_INDEX).unsqueeze(1)
    indices_B1HW = labels_BHW.clamp(max=logits_BCHW.shape[1] - 1).unsqueeze(1)
    probabilities_BCHW = logits_BCHW.softmax(dim=1) * counted_B1HW
    truth_BCHW = torch.zeros_like(probabilities_BCHW).scatter_(1, indices_B1HW, 1.0) * counted_B1HW
    shared_C = (probabilities_BCHW * truth_BCHW).sum(dim=(0, 2, 3))
    truth_C = truth_BCHW.sum(dim=(0, 2, 3))
    total_C = probabilities_BCHW.sum(dim=(0, 2, 3)) + truth_C
    dice_C = (2 * shared_C + smooth) / (total_C + smooth)
    present_C = (truth_C > 0).to(dice_C.dtype)
    return ((1 - dice_C) * present_C).sum() / present_C.sum().clamp(min=1)


def segmentation_loss(logits_BCHW: Tensor, labels_BHW: Tensor) -> Tensor:
    """Cross-entropy plus Dice, in float32 whatever the precision of the network."""
    logits_BCHW = logits_BCHW.float()
    return cross_entropy(logits_BCHW, labels_BHW) + dice_loss(logits_BCHW, labels_BHW)
