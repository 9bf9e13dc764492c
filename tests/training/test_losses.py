"""Losses of every head: correct values, ignored pixels without effect, never NaN."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from segstudio.errors import TrainingError
from segstudio.training.config import HEADS, LOSS_TERMS, ONE_VS_REST, SIGMOID, SOFTMAX
from segstudio.training.losses import (
    IGNORE_INDEX,
    Loss,
    Term,
    binary_cross_entropy,
    cross_entropy,
    dice_loss,
    focal_loss,
    jaccard_loss,
    parse_loss,
    tversky_loss,
)
from segstudio.training.model import compute_probabilities, count_outputs

CASES = [
    (head, term)
    for head in HEADS
    for term in LOSS_TERMS
    if not (term == "ce" and head != SOFTMAX) and not (term == "bce" and head == SOFTMAX)
]


def make_planes(head: str, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Logits, labels with ignored pixels, and the number of classes."""
    torch.manual_seed(seed)
    classes = 2 if head == SIGMOID else 4
    labels = torch.randint(0, classes, (2, 8, 9))
    labels[:, :, 5:] = IGNORE_INDEX
    return torch.randn(2, count_outputs(head, classes), 8, 9), labels, classes


@pytest.mark.parametrize(("head", "term"), CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_an_ignored_pixel_has_no_effect_on_any_term_of_any_head(head: str, term: str, weighted: bool) -> None:
    logits, labels, classes = make_planes(head)
    weights = torch.linspace(0.5, 2.0, classes) if weighted else None
    loss = parse_loss(term, head, weights)
    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(logits, labels), logits)
    assert gradient[..., :5].any()
    assert not gradient[..., 5:].any()
    changed = logits.detach().clone()
    changed[..., 5:] = 50 * torch.randn_like(changed[..., 5:])
    changed[..., 6] = torch.inf
    assert torch.allclose(loss(changed, labels), loss(logits, labels), atol=1e-6)
    assert torch.allclose(loss(logits[..., :5], labels[..., :5]), loss(logits, labels), atol=1e-6)


@pytest.mark.parametrize("term", [name for name in LOSS_TERMS if name != "bce"])
def test_each_term_ignores_pixels_even_without_the_mask_of_the_sum(term: str) -> None:
    from segstudio.training.losses import TERMS

    logits, labels, _ = make_planes(SOFTMAX)
    changed = logits.clone()
    changed[..., 5:] = 50 * torch.randn_like(changed[..., 5:])
    for weights in (None, torch.linspace(0.5, 2.0, 4)):
        expected = TERMS[term](logits[..., :5], labels[..., :5], weights)
        assert torch.allclose(TERMS[term](changed, labels, weights), expected, atol=1e-6)


@pytest.mark.parametrize(("head", "term"), CASES)
def test_a_batch_of_only_ignored_pixels_is_zero_and_not_nan(head: str, term: str) -> None:
    logits, labels, _ = make_planes(head)
    logits.requires_grad_()
    loss = parse_loss(term, head)(logits, torch.full_like(labels, IGNORE_INDEX))
    loss.backward()
    assert loss.item() == 0.0
    assert torch.isfinite(logits.grad).all()
    assert not logits.grad.any()


@pytest.mark.parametrize(("head", "term"), CASES)
def test_the_loss_of_the_ground_truth_is_zero_and_of_its_opposite_large(head: str, term: str) -> None:
    _, labels, classes = make_planes(head)
    clean = labels.where(labels != IGNORE_INDEX, torch.zeros_like(labels))
    one_hot = functional.one_hot(clean, classes).permute(0, 3, 1, 2).float()
    perfect = (one_hot[:, 1:] if head == SIGMOID else one_hot) * 40 - 20
    loss = parse_loss(term, head)
    assert float(loss(perfect, labels)) == pytest.approx(0.0, abs=1e-3)
    assert float(loss(-perfect, labels)) > 0.3


def test_cross_entropy_equals_torchs_with_and_without_weights() -> None:
    logits, labels, classes = make_planes(SOFTMAX)
    for weights in (None, torch.linspace(0.5, 2.0, classes)):
        expected = functional.cross_entropy(logits, labels, weights, ignore_index=IGNORE_INDEX)
        assert torch.allclose(cross_entropy(logits, labels, weights), expected, atol=1e-6)
        assert torch.allclose(parse_loss("ce", SOFTMAX, weights)(logits, labels), expected, atol=1e-6)


def test_binary_cross_entropy_and_focal_loss_agree_with_torchs() -> None:
    logits, labels, _ = make_planes(SIGMOID)
    valid = labels != IGNORE_INDEX
    expected = functional.binary_cross_entropy_with_logits(logits[:, 0][valid], labels[valid].float())
    assert torch.allclose(binary_cross_entropy(logits, labels), expected)
    each = functional.binary_cross_entropy_with_logits(logits[:, 0][valid], labels[valid].float(), reduction="none")
    expected = ((1 - torch.exp(-each)) ** 2 * each).mean()
    assert torch.allclose(focal_loss(logits, labels), expected, atol=1e-6)


def test_hard_predictions_give_one_minus_scikit_learns_jaccard() -> None:
    from sklearn.metrics import jaccard_score

    rng = np.random.default_rng(0)
    truth, found = rng.integers(0, 3, (2, 1, 20, 20))
    logits = functional.one_hot(torch.from_numpy(found), 3).permute(0, 3, 1, 2).float() * 200
    expected = 1 - jaccard_score(truth.ravel(), found.ravel(), average="macro")
    assert float(jaccard_loss(logits, torch.from_numpy(truth), smooth=1e-6)) == pytest.approx(expected, abs=1e-5)
    lovasz = parse_loss("lovasz", SOFTMAX)(logits, torch.from_numpy(truth))
    assert float(lovasz) == pytest.approx(expected, abs=1e-4)


def test_classes_absent_from_the_labels_take_no_part_in_dice() -> None:
    torch.manual_seed(0)
    labels = torch.randint(0, 2, (1, 16, 16))
    perfect = functional.one_hot(labels, 3).permute(0, 3, 1, 2) * 100.0
    assert float(dice_loss(perfect, labels)) == pytest.approx(0.0, abs=1e-4)
    assert float(dice_loss(-perfect, labels)) > 0.9
    weights = torch.tensor([1.0, 1.0, 1000.0])
    assert float(dice_loss(-perfect, labels, weights)) == pytest.approx(float(dice_loss(-perfect, labels)))


def test_tversky_costs_a_missed_pixel_more_than_a_false_one() -> None:
    labels = torch.zeros(1, 10, 10, dtype=torch.long)
    labels[:, :5] = 1
    missed, false = labels.clone(), labels.clone()
    missed[:, 4], false[:, 5] = 0, 1
    only_one = torch.tensor([0.0, 1.0])  # the class of which pixels are missed or false
    losses = [
        float(tversky_loss(functional.one_hot(p, 2).permute(0, 3, 1, 2) * 100.0, labels, only_one, smooth=1e-6))
        for p in (missed, false)
    ]
    assert losses == pytest.approx([1 - 40 / (40 + 0.7 * 10), 1 - 50 / (50 + 0.3 * 10)], abs=1e-5)


def test_terms_are_summed_with_their_factors_and_impossible_ones_are_errors() -> None:
    logits, labels, _ = make_planes(SOFTMAX)
    parts = [float(parse_loss(term, SOFTMAX)(logits, labels)) for term in ("ce", "dice", "lovasz")]
    assert float(parse_loss("ce + 0.5*dice+2*lovasz", SOFTMAX)(logits, labels)) == pytest.approx(
        parts[0] + 0.5 * parts[1] + 2 * parts[2], abs=1e-5
    )
    for text, head, message in (
        ("mse", SOFTMAX, "is not a term"),
        ("ce", SIGMOID, "use bce"),
        ("bce", SOFTMAX, "use ce"),
    ):
        with pytest.raises(TrainingError, match=message):
            parse_loss(text, head)
    with pytest.raises(ValueError, match="2 classes"):
        count_outputs(SIGMOID, 3)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(HEADS), st.integers(0, 1000))
def test_probabilities_sum_to_one_and_keep_the_order_of_the_logits(head: str, seed: int) -> None:
    logits, _, classes = make_planes(head, seed)
    found = compute_probabilities(logits, head)
    assert found.shape == (2, classes, 8, 9)
    assert torch.allclose(found.sum(dim=1), torch.ones(2, 8, 9), atol=1e-5)
    largest = (logits[:, 0] > 0).long() if head == SIGMOID else logits.argmax(dim=1)
    assert torch.equal(found.argmax(dim=1), largest)


def test_one_vs_rest_is_the_mean_of_one_binary_problem_per_class() -> None:
    logits, labels, classes = make_planes(ONE_VS_REST)
    valid = labels != IGNORE_INDEX
    each = [
        functional.binary_cross_entropy_with_logits(logits[:, k][valid], (labels[valid] == k).float())
        for k in range(classes)
    ]
    assert torch.allclose(parse_loss("bce", ONE_VS_REST)(logits, labels), torch.stack(each).mean(), atol=1e-6)


def test_float16_logits_do_not_overflow() -> None:
    loss = Loss((Term(1.0, "ce"), Term(1.0, "dice")), SOFTMAX)
    logits = torch.full((1, 2, 64, 64), 3e4, dtype=torch.float16)
    assert torch.isfinite(loss(logits, torch.zeros(1, 64, 64, dtype=torch.long)))
