"""The networks and the augmentation of their input."""

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
from segstudio.training.losses import IGNORE_INDEX
from segstudio.training.pixels import to_channels_first
from segstudio.training.unet import Design, UNet


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(16, 70),
    st.integers(16, 70),
    st.tuples(st.sampled_from(UPSAMPLINGS), st.sampled_from(SKIPS), st.sampled_from(NORMS), st.booleans()),
)
def test_any_channels_classes_and_sizes_are_accepted(
    c: int, k: int, height: int, width: int, variant: tuple[str, str, str, bool]
) -> None:
    net = UNet(c, k, Design(2, 4, *variant)).eval()
    with torch.no_grad():
        images = torch.rand(1, c, height, width)
        assert net(images).shape == (1, k, height, width)
        levels = net.forward_levels(images)
        assert torch.equal(levels[0], net(images))
        assert len(levels) == (4 if variant[3] else 1)
        sides = [height // 2**level for level in range(len(levels))]
        assert [logits.shape[2] for logits in levels] == sides


@pytest.mark.parametrize(("preset", "millions"), [("classic", 31.0), ("shallow", 1.9), ("add", 27.9), ("unpool", 17.3)])
def test_presets_have_the_published_number_of_parameters(preset: str, millions: float) -> None:
    with torch.device("meta"):
        net = UNet(3, 2, Design(**PRESETS[preset]))
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)


def test_the_default_design_is_the_classic_network() -> None:
    assert Design() == Design(**PRESETS["classic"])


def test_unpooling_puts_maxima_back_to_their_positions() -> None:
    """As in SegNet: after unpooling, each maximum is at its position and every other pixel is 0."""
    images = torch.rand(1, 1, 6, 7)
    pooled, indices = functional.max_pool2d(images, 2, return_indices=True)
    up = functional.max_unpool2d(pooled, indices, [2, 2], output_size=[6, 7])
    assert torch.equal(up[up > 0], images[up > 0])
    assert (up > 0).sum() == pooled.numel()
    net = UNet(1, 1, Design(4, 1, upsampling="unpool", skips="add")).eval()
    assert not list(net.ups[0].up.parameters())


def test_impossible_sizes_and_variants_are_errors() -> None:
    with pytest.raises(ValueError, match="at least 16 x 16"):
        UNet(1, 2, Design(width=2))(torch.zeros(1, 1, 15, 40))
    with pytest.raises(ValueError, match="bilinear"):
        Design(upsampling="nearest")


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


def test_pixels_that_augmentation_brings_in_from_outside_the_image_are_ignored() -> None:
    torch.manual_seed(0)
    labels = torch.full((16, 32, 32), 3)
    _, moved = Augmentation(channels=1, vertical_flip=True)(torch.ones(16, 1, 32, 32), labels, fraction=1.0)
    assert moved.unique().tolist() == [3, IGNORE_INDEX]


def test_colour_images_are_augmented_and_a_fraction_of_0_changes_nothing() -> None:
    images, labels = torch.rand(4, 3, 32, 32), torch.randint(0, 3, (4, 32, 32))
    augment = Augmentation(channels=3, vertical_flip=False)
    same, same_labels = augment(images, labels, fraction=0.0)
    assert torch.equal(same, images)
    assert torch.equal(same_labels, labels)
    changed, _ = augment(images, labels, fraction=1.0)
    assert changed.shape == images.shape
    assert torch.isfinite(changed).all()


def test_augmentation_begins_when_the_data_repeats() -> None:
    assert compute_augmented_fraction(FIRST_PASS) == 0.0
    assert compute_augmented_fraction(FULL_PASS) == compute_augmented_fraction(math.inf) == 1.0
    assert np.all(np.diff([compute_augmented_fraction(p) for p in np.linspace(0, 50)]) >= 0)


def test_axes_are_moved_and_never_reshaped() -> None:
    pixels = np.arange(24).reshape(2, 4, 3).astype(np.uint8)
    moved = to_channels_first(pixels)
    assert (moved[1] == pixels[:, :, 1]).all()
    assert not (pixels.reshape(3, 2, 4)[1] == pixels[:, :, 1]).all()
