"""Segmentation losses; pixels with IGNORE_INDEX take no part in any term.

Tensors: B batch, C outputs of the head, K classes that a term is computed for, N pixels that are not ignored,
H rows, W columns. Labels are one plane of class indices (B, H, W), int64, never one-hot. Every loss takes logits
(B, C, H, W) and labels (B, H, W) and returns a scalar; where every pixel is ignored it is 0 with a gradient of 0,
never NaN. Sums run over the whole batch and over the batches of all ranks, so that the loss does not depend on how
a batch is divided.
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
from segstudio.training.config import SIGMOID, SOFTMAX
from segstudio.training.distributed import sum_over_ranks, world_size

IGNORE_INDEX: Final = 255
SMOOTH: Final = 1.0
_GAMMA: Final = 2.0  # of the focal loss (Lin et al. 2017, arXiv 1708.02002)
_FALSE_NEGATIVE_WEIGHT: Final = 0.7  # of the Tversky index (Salehi et al. 2017, arXiv 1706.05721)


def cross_entropy(logits_BCHW: Tensor, labels_BHW: Tensor, weights_C: Tensor | None = None) -> Tensor:
    """Weighted mean negative log-likelihood of a softmax."""
    losses_BHW = functional.cross_entropy(
        logits_BCHW, labels_BHW, weights_C, ignore_index=IGNORE_INDEX, reduction="none"
    )
    return losses_BHW.sum() / _sum_weights(labels_BHW, weights_C)


def binary_cross_entropy(logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
    """Mean binary cross-entropy of one sigmoid plane, or of K planes, each one class against the rest."""
    truth_BCHW = _to_one_hot(labels_BHW, logits_BCHW.shape[1])
    losses_BCHW = functional.binary_cross_entropy_with_logits(logits_BCHW, truth_BCHW, reduction="none")
    return (losses_BCHW * _weigh_pixels(labels_BHW, weights_K)).sum() / (
        _sum_weights(labels_BHW, weights_K) * logits_BCHW.shape[1]
    )


def focal_loss(logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
    """Cross-entropy times (1 - p)**2, which reduces the loss of easy pixels (Lin et al. 2017)."""
    if logits_BCHW.shape[1] == 1:
        logits_BCHW = to_two_class_logits(logits_BCHW)
    losses_BHW = functional.cross_entropy(logits_BCHW, labels_BHW, ignore_index=IGNORE_INDEX, reduction="none")
    focus_BHW = (1 - torch.exp(-losses_BHW)).clamp(min=0) ** _GAMMA
    weighted_BHW = focus_BHW * losses_BHW * _weigh_pixels(labels_BHW, weights_K)[:, 0]
    return weighted_BHW.sum() / _sum_weights(labels_BHW, weights_K)


def dice_loss(
    logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None, smooth: float = SMOOTH
) -> Tensor:
    """1 - mean soft Dice, (2|pt| + s) / (|p| + |t| + s), over the classes present in the labels."""
    shared_K, predicted_K, truth_K = _sum_overlaps(logits_BCHW, labels_BHW)
    return _average_present(1 - (2 * shared_K + smooth) / (predicted_K + truth_K + smooth), truth_K, weights_K)


def jaccard_loss(
    logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None, smooth: float = SMOOTH
) -> Tensor:
    """1 - mean soft Jaccard, (|pt| + s) / (|p| + |t| - |pt| + s), over the classes present in the labels."""
    shared_K, predicted_K, truth_K = _sum_overlaps(logits_BCHW, labels_BHW)
    return _average_present(1 - (shared_K + smooth) / (predicted_K + truth_K - shared_K + smooth), truth_K, weights_K)


def tversky_loss(
    logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None, smooth: float = SMOOTH
) -> Tensor:
    """1 - Tversky index: like Dice, with weight 0.7 for false negatives and 0.3 for false positives."""
    shared_K, predicted_K, truth_K = _sum_overlaps(logits_BCHW, labels_BHW)
    missed_K, false_K = truth_K - shared_K, predicted_K - shared_K
    errors_K = _FALSE_NEGATIVE_WEIGHT * missed_K + (1 - _FALSE_NEGATIVE_WEIGHT) * false_K
    return _average_present(1 - (shared_K + smooth) / (shared_K + errors_K + smooth), truth_K, weights_K)


def lovasz_loss(logits_BCHW: Tensor, labels_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
    """Lovász extension of 1 - Jaccard over the classes present (Berman et al. 2018, arXiv 1705.08790).

    Sorts the errors of the pixels of this rank's batch; the ranks average their losses.
    """
    valid_BHW = labels_BHW != IGNORE_INDEX
    truth_N = labels_BHW[valid_BHW]
    probabilities_NK = _to_probabilities(logits_BCHW).permute(0, 2, 3, 1)[valid_BHW]
    losses, present = [], []
    first = 1 if logits_BCHW.shape[1] == 1 else 0  # a single plane is class 1
    for index in range(probabilities_NK.shape[1]):
        hit_N = (truth_N == index + first).to(probabilities_NK.dtype)
        errors_N, order_N = torch.sort((hit_N - probabilities_NK[:, index]).abs(), descending=True)
        losses.append(torch.dot(errors_N, _compute_lovasz_gradient(hit_N[order_N])))
        present.append(hit_N.sum())
    return _average_present(torch.stack(losses), torch.stack(present), weights_K)


def _compute_lovasz_gradient(hit_N: Tensor) -> Tensor:
    """Increase of the Jaccard loss with each further error, the largest error first."""
    union_N = hit_N.sum() + (1 - hit_N).cumsum(0)
    loss_N = 1 - (hit_N.sum() - hit_N.cumsum(0)) / union_N.clamp(min=1)
    return torch.diff(loss_N, prepend=loss_N.new_zeros(1))


def to_two_class_logits(logits_B1HW: Tensor) -> Tensor:
    """(B, 2, H, W) logits whose softmax is (1 - p, p) for the sigmoid p of the single plane."""
    return torch.cat([torch.zeros_like(logits_B1HW), logits_B1HW], dim=1)


def _to_probabilities(logits_BCHW: Tensor) -> Tensor:
    """Sigmoid of a single plane, else softmax; `Loss` passes the planes of one-vs-rest one at a time."""
    return logits_BCHW.sigmoid() if logits_BCHW.shape[1] == 1 else logits_BCHW.softmax(dim=1)


def _sum_overlaps(logits_BCHW: Tensor, labels_BHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Per plane the sums of probability times truth, of probability, and of truth, ignored pixels left out."""
    valid_B1HW = (labels_BHW != IGNORE_INDEX).unsqueeze(1)
    probabilities_BKHW = _to_probabilities(logits_BCHW) * valid_B1HW
    truth_BKHW = _to_one_hot(labels_BHW, logits_BCHW.shape[1]).to(probabilities_BKHW.dtype)
    sums = torch.stack(
        [planes.sum(dim=(0, 2, 3)) for planes in (probabilities_BKHW * truth_BKHW, probabilities_BKHW, truth_BKHW)]
    )
    shared_K, predicted_K, truth_K = sum_over_ranks(sums)
    return shared_K, predicted_K, truth_K


def _to_one_hot(labels_BHW: Tensor, planes: int) -> Tensor:
    """(B, planes, H, W) of 0 and 1: one plane per class, or only that of class 1; 0 where ignored."""
    if planes == 1:
        return (labels_BHW == 1).unsqueeze(1).float()
    classes_K = torch.arange(planes, device=labels_BHW.device).view(1, -1, 1, 1)
    return (labels_BHW.unsqueeze(1) == classes_K).float()


def _weigh_pixels(labels_BHW: Tensor, weights_K: Tensor | None) -> Tensor:
    """(B, 1, H, W): the weight of each pixel's class, 0 where ignored."""
    valid_BHW = labels_BHW != IGNORE_INDEX
    if weights_K is None:
        return valid_BHW.float().unsqueeze(1)
    return (weights_K[labels_BHW.where(valid_BHW, torch.zeros_like(labels_BHW))] * valid_BHW).unsqueeze(1)


def _sum_weights(labels_BHW: Tensor, weights_K: Tensor | None) -> Tensor:
    """Sum of the weights of all pixels, at least 1e-6 so that it can be divided by."""
    return sum_over_ranks(_weigh_pixels(labels_BHW, weights_K).sum()).clamp(min=1e-6)


def _average_present(losses_K: Tensor, truth_K: Tensor, weights_K: Tensor | None) -> Tensor:
    """Mean over the planes present in the labels: a class that the batch lacks would count as found."""
    part_K = (truth_K > 0).to(losses_K.dtype)
    if weights_K is not None:
        part_K = part_K * weights_K[-len(part_K) :]
    return (losses_K * part_K).sum() / part_K.sum().clamp(min=1e-6)


TermFunction = Callable[[Tensor, Tensor, Tensor | None], Tensor]
TERMS: Final[dict[str, TermFunction]] = {
    "ce": cross_entropy,
    "bce": binary_cross_entropy,
    "dice": dice_loss,
    "jaccard": jaccard_loss,
    "focal": focal_loss,
    "lovasz": lovasz_loss,
    "tversky": tversky_loss,
}
_PIXEL_MEANS: Final = ("ce", "bce", "focal")  # each rank holds the part of the sum that its pixels contribute


@dataclass(frozen=True)
class Term:
    """`factor` times the loss `name`, a key of TERMS."""

    factor: float
    name: str


@dataclass(frozen=True)
class Loss:
    """A weighted sum of terms for one kind of head; computed in float32 whatever the precision of the network."""

    terms: tuple[Term, ...]
    head: str
    weights_K: Tensor | None = None

    def __call__(self, logits_BCHW: Tensor, labels_BHW: Tensor) -> Tensor:
        valid_B1HW = (labels_BHW != IGNORE_INDEX).unsqueeze(1)
        logits_BCHW = torch.where(valid_B1HW, logits_BCHW.float(), 0.0)  # an ignored logit may even be infinite
        total = logits_BCHW.sum() * 0.0
        for term in self.terms:
            value = self._compute(term.name, logits_BCHW, labels_BHW)
            if term.name in _PIXEL_MEANS:
                value = sum_over_ranks(value)
            elif term.name == "lovasz":
                value = sum_over_ranks(value) / world_size()
            total = total + term.factor * value
        return total

    def sum_weights(self, labels_BHW: Tensor) -> Tensor:
        """Sum of the class weights of the pixels of all ranks: the share of a part of a batch is measured by it."""
        return sum_over_ranks(_weigh_pixels(labels_BHW, self.weights_K).sum())

    def _compute(self, name: str, logits_BCHW: Tensor, labels_BHW: Tensor) -> Tensor:
        if self.head == SOFTMAX or name == "bce":
            return TERMS[name](logits_BCHW, labels_BHW, self.weights_K)
        if self.head == SIGMOID:
            return TERMS[name](to_two_class_logits(logits_BCHW), labels_BHW, self.weights_K)
        valid_BHW = labels_BHW != IGNORE_INDEX
        values = []
        for index in range(logits_BCHW.shape[1]):  # one-vs-rest: one binary problem per class
            binary_BHW = (labels_BHW == index).long().where(valid_BHW, labels_BHW)
            weight = 1.0 if self.weights_K is None else self.weights_K[index]
            values.append(weight * TERMS[name](logits_BCHW[:, index : index + 1], binary_BHW, None))
        total = logits_BCHW.new_tensor(len(values)) if self.weights_K is None else self.weights_K.sum()
        return torch.stack(values).sum() / total


def parse_loss(text: str, head: str, weights_K: Tensor | None = None) -> Loss:
    """'ce+dice', 'bce+0.5*lovasz' … for a head. Raises TrainingError that names the terms."""
    terms = []
    for part in text.replace(" ", "").lower().split("+"):
        found = re.fullmatch(r"(?:(\d*\.?\d+)\*)?([a-z]+)", part)
        if not found or found[2] not in TERMS:
            raise TrainingError(
                f"loss {text!r}: {part!r} is not a term; join {', '.join(TERMS)} with +, as in ce+0.5*dice"
            )
        terms.append(Term(float(found[1] or 1), found[2]))
    for term in terms:
        if (term.name == "ce") != (head == SOFTMAX) and term.name in ("ce", "bce"):
            right = "ce" if head == SOFTMAX else "bce"
            raise TrainingError(f"loss {text!r}: {term.name} does not fit a {head} head; use {right}")
    return Loss(tuple(terms), head, weights_K)


def choose_loss(head: str) -> str:
    """Cross-entropy of the head's kind, plus Dice, in which small classes count as much as large ones."""
    return "ce+dice" if head == SOFTMAX else "bce+dice"
