"""Losses of every head: true values, true masks, never NaN."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from segstudio.errors import TrainingError
from segstudio.training.balance import compute_class_weights, find_label_warnings
from segstudio.training.config import HEADS, LOSS_TERMS, ONE_VS_REST, SIGMOID, SOFTMAX
from segstudio.training.losses import IGNORE_INDEX, Loss, binary_cross_entropy, focal_loss, jaccard_loss, parse_loss
from segstudio.training.model import compute_probabilities, count_outputs

CASES = [
    (head, term)
    for head in HEADS
    for term in LOSS_TERMS
    if not (term == "ce" and head != SOFTMAX) and not (term == "bce" and head == SOFTMAX)
]


def planes(head: str, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Logits, labels with ignored pixels, and the number of classes."""
    torch.manual_seed(seed)
    classes = 2 if head == SIGMOID else 4
    labels = torch.randint(0, classes, (2, 8, 9))
    labels[:, :, 5:] = IGNORE_INDEX
    return torch.randn(2, count_outputs(head, classes), 8, 9), labels, classes


@pytest.mark.parametrize(("head", "term"), CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_an_ignored_pixel_moves_no_term_of_any_head(head: str, term: str, weighted: bool) -> None:
    logits, labels, classes = planes(head)
    weights = torch.linspace(0.5, 2.0, classes) if weighted else None
    loss = parse_loss(term, head, weights)
    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(logits, labels), logits)
    assert gradient[..., :5].any()
    assert not gradient[..., 5:].any()
    changed = logits.detach().clone()
    changed[..., 5:] = 50 * torch.randn_like(changed[..., 5:])
    assert torch.allclose(loss(changed, labels), loss(logits, labels), atol=1e-6)
    assert torch.allclose(loss(logits[..., :5], labels[..., :5]), loss(logits, labels), atol=1e-6)


@pytest.mark.parametrize(("head", "term"), CASES)
def test_a_batch_of_only_ignored_pixels_is_zero_and_not_nan(head: str, term: str) -> None:
    logits, labels, _ = planes(head)
    logits.requires_grad_()
    loss = parse_loss(term, head)(logits, torch.full_like(labels, IGNORE_INDEX))
    loss.backward()
    assert loss.item() == 0.0
    assert torch.isfinite(logits.grad).all()
    assert not logits.grad.any()


@pytest.mark.parametrize(("head", "term"), CASES)
def test_the_truth_costs_nothing_and_its_opposite_much(head: str, term: str) -> None:
    _, labels, classes = planes(head)
    clean = labels.where(labels != IGNORE_INDEX, torch.zeros_like(labels))
    one_hot = functional.one_hot(clean, classes).permute(0, 3, 1, 2).float()
    perfect = (one_hot[:, 1:] if head == SIGMOID else one_hot) * 40 - 20
    loss = parse_loss(term, head)
    assert float(loss(perfect, labels)) == pytest.approx(0.0, abs=1e-3)
    assert float(loss(-perfect, labels)) > 0.3


def test_binary_cross_entropy_and_focal_agree_with_torchs() -> None:
    logits, labels, _ = planes(SIGMOID)
    counted = labels != IGNORE_INDEX
    truth = functional.binary_cross_entropy_with_logits(logits[:, 0][counted], labels[counted].float())
    assert torch.allclose(binary_cross_entropy(logits, labels), truth)
    each = functional.binary_cross_entropy_with_logits(logits[:, 0][counted], labels[counted].float(), reduction="none")
    expected = ((1 - torch.exp(-each)) ** 2 * each).mean()
    assert torch.allclose(focal_loss(logits, labels), expected, atol=1e-6)


def test_weighted_cross_entropy_equals_torchs() -> None:
    logits, labels, classes = planes(SOFTMAX)
    weights = torch.linspace(0.5, 2.0, classes)
    expected = functional.cross_entropy(logits, labels, weights, ignore_index=IGNORE_INDEX)
    assert torch.allclose(parse_loss("ce", SOFTMAX, weights)(logits, labels), expected, atol=1e-6)


def test_hard_predictions_give_one_minus_scikit_learns_jaccard() -> None:
    from sklearn.metrics import jaccard_score

    rng = np.random.default_rng(0)
    truth, found = rng.integers(0, 3, (2, 1, 20, 20))
    logits = functional.one_hot(torch.from_numpy(found), 3).permute(0, 3, 1, 2).float() * 200
    expected = 1 - jaccard_score(truth.ravel(), found.ravel(), average="macro")
    assert float(jaccard_loss(logits, torch.from_numpy(truth), smooth=1e-6)) == pytest.approx(expected, abs=1e-5)
    lovasz = parse_loss("lovasz", SOFTMAX)(logits, torch.from_numpy(truth))
    assert float(lovasz) == pytest.approx(expected, abs=1e-4)


def test_sums_of_terms_add_up_and_what_cannot_be_is_told() -> None:
    logits, labels, _ = planes(SOFTMAX)
    parts = [float(parse_loss(term, SOFTMAX)(logits, labels)) for term in ("ce", "dice", "lovasz")]
    assert float(parse_loss("ce + 0.5*dice+2*lovasz", SOFTMAX)(logits, labels)) == pytest.approx(
        parts[0] + 0.5 * parts[1] + 2 * parts[2], abs=1e-5
    )
    for text, head, word in (("mse", SOFTMAX, "is no term"), ("ce", SIGMOID, "take bce"), ("bce", SOFTMAX, "take ce")):
        with pytest.raises(TrainingError, match=word):
            parse_loss(text, head)
    with pytest.raises(ValueError, match="2 classes"):
        count_outputs(SIGMOID, 3)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(HEADS), st.integers(0, 1000))
def test_probabilities_sum_to_one_and_rank_as_the_logits_do(head: str, seed: int) -> None:
    logits, _, classes = planes(head, seed)
    found = compute_probabilities(logits, head)
    assert found.shape == (2, classes, 8, 9)
    assert torch.allclose(found.sum(dim=1), torch.ones(2, 8, 9), atol=1e-5)
    largest = (logits[:, 0] > 0).long() if head == SIGMOID else logits.argmax(dim=1)
    assert torch.equal(found.argmax(dim=1), largest)


def test_one_against_rest_is_as_many_binary_problems() -> None:
    logits, labels, classes = planes(ONE_VS_REST)
    counted = labels != IGNORE_INDEX
    each = [
        functional.binary_cross_entropy_with_logits(logits[:, k][counted], (labels[counted] == k).float())
        for k in range(classes)
    ]
    assert torch.allclose(parse_loss("bce", ONE_VS_REST)(logits, labels), torch.stack(each).mean(), atol=1e-6)


def test_float16_logits_do_not_overflow() -> None:
    loss = Loss(((1.0, "ce"), (1.0, "dice")), SOFTMAX)
    logits = torch.full((1, 2, 64, 64), 3e4, dtype=torch.float16)
    assert torch.isfinite(loss(logits, torch.zeros(1, 64, 64, dtype=torch.long)))


def test_rare_classes_weigh_more_by_median_and_inverse_frequency() -> None:
    counts = np.array([800, 100, 100, 0])
    names = ["a", "b", "c", "d"]
    assert compute_class_weights("median", counts, names) == pytest.approx([0.125, 1.0, 1.0, 1.0])
    inverse = compute_class_weights("inverse", counts, names)
    assert np.mean(inverse[:3]) == pytest.approx(1.0)
    assert inverse[1] == pytest.approx(8 * inverse[0])
    assert compute_class_weights("b=3, d=0.5", counts, names) == [1.0, 3.0, 1.0, 0.5]
    assert compute_class_weights("none", counts, names) is None
    for wrong in ("x=1", "a", "a=-1", "a=nan"):
        with pytest.raises(TrainingError, match="is no weight"):
            compute_class_weights(wrong, counts, names)


def test_a_class_without_counter_example_and_one_without_pixels_are_told() -> None:
    from segstudio.core.classes import ClassTable

    table = ClassTable.from_names(["_background_", "cell"])
    (line,) = find_label_warnings(np.array([0, 500]), table)
    assert "no counter-example" in line
    (line,) = find_label_warnings(np.array([400, 500, 0]), ClassTable.from_names(["_background_", "cell", "gap"]))
    assert "no pixel of gap" in line
    assert find_label_warnings(np.array([400, 500]), table) == []
