"""The network, its losses, and the augmentation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from segstudio.training.augment import FIRST_PASS, FULL_PASS, Augmentation, compute_augmented_fraction
from segstudio.training.config import NORMS, PRESETS, SKIPS, UPSAMPLINGS
from segstudio.training.losses import IGNORE_INDEX, cross_entropy, dice_loss, parse_loss
from segstudio.training.unet import Design, UNet

segmentation_loss = parse_loss("ce+dice", "softmax")


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(16, 70),
    st.integers(16, 70),
    st.tuples(st.sampled_from(UPSAMPLINGS), st.sampled_from(SKIPS), st.sampled_from(NORMS), st.booleans()),
)
def test_any_channels_classes_and_sizes_go_in_and_come_out(
    c: int, k: int, height: int, width: int, kind: tuple[str, str, str, bool]
) -> None:
    net = UNet(c, k, Design(2, 4, *kind)).eval()
    with torch.no_grad():
        images = torch.rand(1, c, height, width)
        assert net(images).shape == (1, k, height, width)
        levels = net.forward_levels(images)
        assert torch.equal(levels[0], net(images))
        assert len(levels) == (4 if kind[3] else 1)
        sides = [height // 2**level for level in range(len(levels))]
        assert [logits.shape[2] for logits in levels] == sides


@pytest.mark.parametrize(("preset", "millions"), [("classic", 31.0), ("shallow", 1.9), ("add", 27.9), ("unpool", 17.3)])
def test_the_named_networks_have_the_sizes_that_they_are_known_for(preset: str, millions: float) -> None:
    chosen = PRESETS[preset]
    with torch.device("meta"):
        net = UNet(3, 2, Design(**chosen))
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)


def test_unpooling_puts_maxima_back_where_they_were() -> None:
    """SegNet's way: after unpooling a pooled image, each maximum stands in its place and the rest is 0."""
    images = torch.rand(1, 1, 6, 7)
    pooled, where = functional.max_pool2d(images, 2, return_indices=True)
    up = functional.max_unpool2d(pooled, where, [2, 2], output_size=[6, 7])
    assert torch.equal(up[up > 0], images[up > 0])
    assert (up > 0).sum() == pooled.numel()
    design = Design(4, 1, up="unpool", skips="add")
    net = UNet(1, 1, design).eval()
    assert not list(net.ups[0].up.parameters())


def test_the_classic_net_has_the_papers_size() -> None:
    parameters = sum(p.numel() for p in UNet(3, 2).parameters())
    assert parameters == pytest.approx(31e6, rel=0.01)


def test_a_image_too_small_is_refused_with_the_size_that_would_do() -> None:
    with pytest.raises(ValueError, match="at least 16 x 16"):
        UNet(1, 2, Design(width=2))(torch.zeros(1, 1, 15, 40))
    with pytest.raises(ValueError, match="bilinear"):
        Design(up="nearest")


def test_cross_entropy_equals_torchs_and_ignores_what_is_ignored() -> None:
    logits = torch.randn(2, 3, 5, 6)
    labels = torch.randint(0, 3, (2, 5, 6))
    labels[0, :2] = IGNORE_INDEX
    expected = functional.cross_entropy(logits, labels, ignore_index=IGNORE_INDEX)
    assert torch.allclose(cross_entropy(logits, labels), expected)


def test_an_ignored_pixel_moves_no_term() -> None:
    logits, labels = torch.randn(2, 3, 8, 8, requires_grad=True), torch.randint(0, 3, (2, 8, 8))
    labels[:, 4:] = IGNORE_INDEX
    (gradient,) = torch.autograd.grad(segmentation_loss(logits, labels), logits)
    assert not gradient[:, :, 4:].any()
    cut = segmentation_loss(logits[:, :, :4], labels[:, :4])
    assert torch.allclose(segmentation_loss(logits, labels), cut)


def test_a_batch_of_only_ignored_pixels_is_zero_and_not_nan() -> None:
    logits = torch.randn(1, 2, 4, 4, requires_grad=True)
    loss = segmentation_loss(logits, torch.full((1, 4, 4), IGNORE_INDEX))
    loss.backward()
    assert loss.item() == 0.0
    assert not logits.grad.any()


def test_dice_is_zero_for_the_truth_and_leaves_absent_classes_out() -> None:
    labels = torch.randint(0, 2, (1, 16, 16))
    perfect = functional.one_hot(labels, 3).permute(0, 3, 1, 2) * 100.0
    assert float(dice_loss(perfect, labels)) == pytest.approx(0.0, abs=1e-4)
    assert float(dice_loss(-perfect, labels)) > 0.9


def test_augmentation_moves_image_and_labels_together_and_keeps_ids_exact() -> None:
    torch.manual_seed(0)
    labels = torch.zeros(16, 64, 64, dtype=torch.long)
    labels[:, 20:44, 10:40] = 7
    labels[:, :6] = IGNORE_INDEX
    images = (labels == 7).float()[:, None] * 0.5 + 0.25
    changed, moved = Augmentation(channels=1, vertical_flip=True)(images, labels, fraction=1.0)
    assert set(moved.unique().tolist()) <= {0, 7, IGNORE_INDEX}
    assert (moved != labels).any()
    inside = torch.stack([changed[i, 0][moved[i] == 7].median() for i in range(16)])
    outside = torch.stack([changed[i, 0][moved[i] == 0].median() for i in range(16)])
    assert (inside > outside + 0.2).all()


def test_colour_images_are_augmented_too_and_share_0_changes_nothing() -> None:
    images, labels = torch.rand(4, 3, 32, 32), torch.randint(0, 3, (4, 32, 32))
    augment = Augmentation(channels=3, vertical_flip=False)
    same, same_labels = augment(images, labels, fraction=0.0)
    assert torch.equal(same, images)
    assert torch.equal(same_labels, labels)
    changed, _ = augment(images, labels, fraction=1.0)
    assert changed.shape == images.shape
    assert torch.isfinite(changed).all()


def test_augmentation_sets_in_when_the_data_comes_back() -> None:
    assert compute_augmented_fraction(FIRST_PASS) == 0.0
    assert compute_augmented_fraction(FULL_PASS) == compute_augmented_fraction(math.inf) == 1.0
    assert np.all(np.diff([compute_augmented_fraction(p) for p in np.linspace(0, 50)]) >= 0)


def test_axes_are_moved_and_never_reshaped() -> None:
    """The demonstration behind the rule: a reshape that only makes the sizes fit scrambles the class axis."""
    from segstudio.training.pixels import to_channels_first

    pixels = np.arange(24).reshape(2, 4, 3).astype(np.uint8)
    moved = to_channels_first(pixels)
    assert (moved[1] == pixels[:, :, 1]).all()
    assert not (pixels.reshape(3, 2, 4)[1] == pixels[:, :, 1]).all()
