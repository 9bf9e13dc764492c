"""Losses over the pixels that count; an ignored pixel takes no part in any term.

B batch, C outputs of the head, K classes a term speaks of, N counted pixels, H rows, W columns. Labels are one
index plane (B, H, W), int64, with 255 where ignored: they go into cross-entropy as they are, never one-hot.
Every function takes logits (B, C, H, W), labels (B, H, W) and gives a scalar; where no pixel counts it is 0 with
a gradient of 0, never NaN. Sums are taken over the whole batch and, where several processes train together,
over all of theirs, so that the loss does not depend on how a batch is split.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from segstudio.errors import TrainingError
from segstudio.training.choices import SIGMOID, SOFTMAX
from segstudio.training.distributed import sum_over_ranks, world

IGNORE_INDEX = 255
SMOOTH = 1.0
_FOCUS = 2.0  # gamma of the focal loss (Lin et al. 2017, arXiv 1708.02002)
_MISSED = 0.7  # weight of false negatives in Tversky's index (Salehi et al. 2017, arXiv 1706.05721)


def cross_entropy(logits_BCHW: Tensor, labels_BHW: Tensor, weights_C: Tensor | None = None) -> Tensor:
    """Weighted mean negative log-likelihood of a softmax over counted pixels."""
    losses_BHW = functional.cross_entropy(
        logits_BCHW, labels_BHW, weights_C, ignore_index=IGNORE_INDEX, reduction="none"
    )
    return losses_BHW.sum() / _weight_of(labels_BHW, weights_C)


def binary_cross_entropy(logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
    """Mean binary cross-entropy of one sigmoid plane, or of K of them, each its class against the rest."""
    truth_BCHW = _truth(labels_BHW, logits_BCHW.shape[1])
    losses_BCHW = functional.binary_cross_entropy_with_logits(logits_BCHW, truth_BCHW, reduction="none")
    return (losses_BCHW * _pixel_weights(labels_BHW, weights_K)).sum() / (
        _weight_of(labels_BHW, weights_K) * logits_BCHW.shape[1]
    )


def focal_loss(logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
    """Cross-entropy in which a pixel counts (1 - p)**2, so that easy ones fade (Lin et al. 2017)."""
    if logits_BCHW.shape[1] == 1:
        logits_BCHW = as_two_planes(logits_BCHW)
    losses_BHW = functional.cross_entropy(logits_BCHW, labels_BHW, ignore_index=IGNORE_INDEX, reduction="none")
    easy_BHW = (1 - torch.exp(-losses_BHW)).clamp(min=0) ** _FOCUS
    weighted_BHW = easy_BHW * losses_BHW * _pixel_weights(labels_BHW, weights_K)[:, 0]
    return weighted_BHW.sum() / _weight_of(labels_BHW, weights_K)


def dice_loss(
    logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None, smooth: float = SMOOTH
) -> Tensor:
    """1 - mean soft Dice, (2|pt| + s) / (|p| + |t| + s), over the classes that the labels hold."""
    shared_K, predicted_K, truth_K = _overlap(logits_BCHW, labels_BHW)
    return _mean_of_present(1 - (2 * shared_K + smooth) / (predicted_K + truth_K + smooth), truth_K, weights_K)


def jaccard_loss(
    logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None, smooth: float = SMOOTH
) -> Tensor:
    """1 - mean soft Jaccard, (|pt| + s) / (|p| + |t| - |pt| + s), over the classes that the labels hold."""
    shared_K, predicted_K, truth_K = _overlap(logits_BCHW, labels_BHW)
    return _mean_of_present(1 - (shared_K + smooth) / (predicted_K + truth_K - shared_K + smooth), truth_K, weights_K)


def tversky_loss(
    logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None, smooth: float = SMOOTH
) -> Tensor:
    """1 - Tversky's index: like Dice, but a missed pixel costs 0.7 and a false one 0.3."""
    shared_K, predicted_K, truth_K = _overlap(logits_BCHW, labels_BHW)
    errors_K = _MISSED * (truth_K - shared_K) + (1 - _MISSED) * (predicted_K - shared_K)
    return _mean_of_present(1 - (shared_K + smooth) / (shared_K + errors_K + smooth), truth_K, weights_K)


def lovasz_loss(logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
    """Lovász extension of 1 - Jaccard over the classes that the labels hold (Berman et al. 2018, arXiv 1705.08790).

    Sorts the errors of all counted pixels of this process's batch; several processes mean their answers.
    """
    counted_BHW = labels_BHW != IGNORE_INDEX
    truth_N = labels_BHW[counted_BHW]
    probabilities_NK = _soft(logits_BCHW).permute(0, 2, 3, 1)[counted_BHW]
    terms, present = [], []
    first = 1 if logits_BCHW.shape[1] == 1 else 0  # a single plane speaks of class 1
    for index in range(probabilities_NK.shape[1]):
        hit_N = (truth_N == index + first).to(probabilities_NK.dtype)
        errors_N, order_N = torch.sort((hit_N - probabilities_NK[:, index]).abs(), descending=True)
        terms.append(torch.dot(errors_N, _lovasz_gradient(hit_N[order_N])))
        present.append(hit_N.sum())
    return _mean_of_present(torch.stack(terms), torch.stack(present), weights_K)


def _lovasz_gradient(hit_N: Tensor) -> Tensor:
    """How much the Jaccard loss grows with each further error, the largest error first."""
    union_N = hit_N.sum() + (1 - hit_N).cumsum(0)
    loss_N = 1 - (hit_N.sum() - hit_N.cumsum(0)) / union_N.clamp(min=1)
    return torch.diff(loss_N, prepend=loss_N.new_zeros(1))


def as_two_planes(logits_B1HW: Tensor) -> Tensor:
    """(B, 2, H, W) whose softmax is exactly the sigmoid of the one plane: of class 1, and of the rest."""
    return torch.cat([torch.zeros_like(logits_B1HW), logits_B1HW], dim=1)


def _soft(logits_BCHW: Tensor) -> Tensor:
    """Probabilities of a single sigmoid plane, else of a softmax; one-against-rest comes as sigmoids through `Loss`."""
    return logits_BCHW.sigmoid() if logits_BCHW.shape[1] == 1 else logits_BCHW.softmax(dim=1)


def _overlap(logits_BCHW: Tensor, labels_BHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sums over counted pixels, one a plane: probability where true, probability, truth."""
    counted_B1HW = (labels_BHW != IGNORE_INDEX).unsqueeze(1)
    probabilities_BKHW = _soft(logits_BCHW) * counted_B1HW
    truth_BKHW = _truth(labels_BHW, logits_BCHW.shape[1]).to(probabilities_BKHW.dtype)
    overlaps = torch.stack(
        [plane.sum(dim=(0, 2, 3)) for plane in (probabilities_BKHW * truth_BKHW, probabilities_BKHW, truth_BKHW)]
    )
    shared_K, predicted_K, truth_K = sum_over_ranks(overlaps)
    return shared_K, predicted_K, truth_K


def _truth(labels_BHW: Tensor, planes: int) -> Tensor:
    """(B, planes, H, W) of 0 and 1: one plane a class, or that of class 1 alone; 0 where ignored."""
    if planes == 1:
        return (labels_BHW == 1).unsqueeze(1).float()
    classes_K = torch.arange(planes, device=labels_BHW.device).view(1, -1, 1, 1)
    return (labels_BHW.unsqueeze(1) == classes_K).float()


def _pixel_weights(labels_BHW: Tensor, weights_K: Tensor | None) -> Tensor:
    """(B, 1, H, W): the weight of each pixel's class, 0 where ignored."""
    counted_BHW = labels_BHW != IGNORE_INDEX
    if weights_K is None:
        return counted_BHW.float().unsqueeze(1)
    return (weights_K[labels_BHW.where(counted_BHW, torch.zeros_like(labels_BHW))] * counted_BHW).unsqueeze(1)


def _weight_of(labels_BHW: Tensor, weights_K: Tensor | None) -> Tensor:
    """Sum of the weights of all counted pixels, or a number that makes 0 / it 0."""
    return sum_over_ranks(_pixel_weights(labels_BHW, weights_K).sum()).clamp(min=1e-6)


def _mean_of_present(losses_K: Tensor, truth_K: Tensor, weights_K: Tensor | None) -> Tensor:
    """Over the planes that hold something, so that a class the batch lacks does not count as found."""
    part_K = (truth_K > 0).to(losses_K.dtype)
    if weights_K is not None:
        part_K = part_K * weights_K[-len(part_K) :]
    return (losses_K * part_K).sum() / part_K.sum().clamp(min=1e-6)


Term = Callable[[Tensor, Tensor, Tensor | None], Tensor]
TERMS: Final[dict[str, Term]] = {
    "ce": cross_entropy,
    "bce": binary_cross_entropy,
    "dice": dice_loss,
    "jaccard": jaccard_loss,
    "focal": focal_loss,
    "lovasz": lovasz_loss,
    "tversky": tversky_loss,
}
_SUMMED: Final = ("ce", "bce", "focal")  # means of pixels: several processes each hold a part of the sum


@dataclass(frozen=True)
class Loss:
    """A weighted sum of terms for one kind of head; float32 whatever the precision of the network."""

    parts: tuple[tuple[float, str], ...]
    head: str
    weights_K: Tensor | None = None

    def __call__(self, logits_BCHW: Tensor, labels_BHW: Tensor) -> Tensor:
        counted_B1HW = (labels_BHW != IGNORE_INDEX).unsqueeze(1)
        logits_BCHW = torch.where(counted_B1HW, logits_BCHW.float(), 0.0)  # not even an infinite one may matter
        total = logits_BCHW.sum() * 0.0
        for factor, name in self.parts:
            value = self._term(name, logits_BCHW, labels_BHW)
            if name in _SUMMED:
                value = sum_over_ranks(value)
            elif name == "lovasz":
                value = sum_over_ranks(value) / world()
            total = total + factor * value
        return total

    def weight_of(self, labels_BHW: Tensor) -> Tensor:
        """Sum of the weights of the counted pixels of all processes: what a part's share of a batch is measured by."""
        return sum_over_ranks(_pixel_weights(labels_BHW, self.weights_K).sum())

    def _term(self, name: str, logits_BCHW: Tensor, labels_BHW: Tensor) -> Tensor:
        if self.head == SOFTMAX or name == "bce":
            return TERMS[name](logits_BCHW, labels_BHW, self.weights_K)
        if self.head == SIGMOID:
            return TERMS[name](as_two_planes(logits_BCHW), labels_BHW, self.weights_K)
        counted_BHW = labels_BHW != IGNORE_INDEX
        values = []
        for index in range(logits_BCHW.shape[1]):  # each class against the rest is a problem of its own
            yes_BHW = (labels_BHW == index).long().where(counted_BHW, labels_BHW)
            weight = 1.0 if self.weights_K is None else self.weights_K[index]
            values.append(weight * TERMS[name](logits_BCHW[:, index : index + 1], yes_BHW, None))
        total = logits_BCHW.new_tensor(len(values)) if self.weights_K is None else self.weights_K.sum()
        return torch.stack(values).sum() / total


def parse_loss(text: str, head: str, weights_K: Tensor | None = None) -> Loss:
    """'ce+dice', 'bce+0.5*lovasz' … for a head. Raises TrainingError that names the terms."""
    parts = []
    for part in text.replace(" ", "").lower().split("+"):
        found = re.fullmatch(r"(?:(\d*\.?\d+)\*)?([a-z]+)", part)
        if not found or found[2] not in TERMS:
            raise TrainingError(
                f"loss {text!r}: {part!r} is no term; join {', '.join(TERMS)} with +, as in ce+0.5*dice"
            )
        parts.append((float(found[1] or 1), found[2]))
    for _, name in parts:
        if (name == "ce") != (head == SOFTMAX) and name in ("ce", "bce"):
            right = "ce" if head == SOFTMAX else "bce"
            raise TrainingError(f"loss {text!r}: {name} does not fit a {head} head; take {right}")
    return Loss(tuple(parts), head, weights_K)


def default_loss(head: str) -> str:
    """Cross-entropy of the head's kind, plus Dice, which does not forget small classes."""
    return "ce+dice" if head == SOFTMAX else "bce+dice"
