"""Tiles, blending, and the prediction that all rooms use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from segstudio.core.classes import ClassTable
from segstudio.core.prediction import Prediction, remap_to_table
from segstudio.errors import FileError, TrainingError
from segstudio.events import Progress
from segstudio.training.checkpoint import load_state, load_weights, save_state, save_weights
from segstudio.training.device import choose_device
from segstudio.training.model import Architecture, Model
from segstudio.training.predict import find_tile_starts, make_gaussian_weight, predict, predict_whole

CPU = choose_device("cpu")


class Pointwise(nn.Module):
    """Logits that depend on the pixel alone, so that any tiling must give the same."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([images * 3, -images, images * 0], dim=1)


def model_of(net: nn.Module, channels: int = 1, tile: int = 64) -> Model:
    table = ClassTable.from_names(["_background_", "a", "b"])
    architecture = Architecture(channels, 3, 4, 2, "transposed")
    return Model(net, architecture, table, "background", [0.5] * channels, [0.25] * channels, tile, step=17)


@given(st.integers(1, 2000), st.sampled_from([32, 64, 100]), st.sampled_from([0.25, 0.5]))
def test_tiles_cover_everything_evenly_and_overlap_enough(length: int, tile: int, overlap: float) -> None:
    starts = find_tile_starts(length, tile, overlap)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - tile)
    steps = np.diff(starts)
    assert all(0 < step <= np.ceil(tile * (1 - overlap)) for step in steps)
    assert not len(steps) or steps.max() - steps.min() <= 1


def test_weights_are_a_bell_and_never_zero() -> None:
    weight = make_gaussian_weight(64, 48)
    assert weight.shape == (64, 48)
    assert weight.min() > 0
    assert weight.argmax() in (31 * 48 + 23, 31 * 48 + 24, 32 * 48 + 23, 32 * 48 + 24)
    assert np.allclose(weight, weight[::-1, ::-1])


@pytest.mark.parametrize("size", [(40, 30), (64, 64), (201, 130), (65, 400)])
def test_tiling_changes_nothing_for_a_net_that_looks_at_one_pixel(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, size, dtype=np.uint8)
    found = predict_whole(model_of(Pointwise()), pixels, CPU, "a.png")
    scaled = (pixels / 255.0 - 0.5) / 0.25
    logits = np.stack([scaled * 3, -scaled, scaled * 0])
    truth = np.exp(logits) / np.exp(logits).sum(axis=0)
    clear = np.sort(truth, axis=0)[-1] - np.sort(truth, axis=0)[-2] > 1e-4
    assert (found.labels == truth.argmax(axis=0))[clear].all()
    assert np.abs(found.probabilities / 255 - truth).max() < 0.003
    entropy = -(truth * np.log(np.maximum(truth, 1e-12))).sum(axis=0) / np.log(3)
    assert np.abs(found.entropy / 255 - entropy).max() < 0.003
    assert (found.name, found.step) == ("a.png", 17)


def test_a_whole_image_and_its_tiles_agree_for_a_real_net() -> None:
    torch.manual_seed(0)
    net = Architecture(1, 3, 4, 2, "transposed").build()
    pixels = np.random.default_rng(0).integers(0, 255, (192, 192), dtype=np.uint8)
    tiled = predict_whole(model_of(net, tile=96), pixels, CPU)
    whole = predict_whole(model_of(net, tile=192), pixels, CPU)
    assert np.abs(tiled.probabilities.astype(int) - whole.probabilities).mean() < 1.0


def test_progress_comes_before_the_prediction() -> None:
    events = list(predict(model_of(Pointwise()), np.zeros((200, 64), np.uint8), CPU))
    assert all(isinstance(event, Progress) for event in events[:-1])
    assert isinstance(events[-1], Prediction)


def test_gray_and_colour_fit_each_other_and_other_channels_are_refused() -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    assert predict_whole(model_of(Pointwise()), rgb, CPU).labels.shape == (40, 40)
    with pytest.raises(TrainingError, match="5 channels"):
        predict_whole(model_of(Pointwise()), np.zeros((40, 40, 5), np.uint8), CPU, "a.tif")


def test_a_prediction_is_read_by_class_name() -> None:
    found = predict_whole(model_of(Pointwise()), np.full((40, 40), 255, np.uint8), CPU)
    assert (found.labels == 0).all()
    moved = remap_to_table(found, ClassTable.from_names(["b", "a", "_background_"]))
    assert (moved.labels == 2).all()
    assert (remap_to_table(found, ClassTable.from_names(["x", "y"])).labels == 0).all()  # background is always 0


def test_weights_are_saved_with_all_that_is_needed_and_load_again(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = model_of(Architecture(1, 3, 4, 2, "transposed").build())
    save_weights(model, tmp_path / "best.safetensors")
    again = load_weights(tmp_path, CPU)
    assert (again.table.names, again.mean, again.tile, again.step) == (model.table.names, [0.5], 64, 17)
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    model.net.eval()
    assert (predict_whole(again, pixels, CPU).probabilities == predict_whole(model, pixels, CPU).probabilities).all()


@pytest.mark.parametrize("data", [b"", b"\xff" * 64, b"{}", (10**9).to_bytes(8, "little") + b"{}"])
def test_what_is_no_model_is_refused_with_one_line(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "best.safetensors").write_bytes(data)
    with pytest.raises(FileError, match="not a model of segstudio") as caught:
        load_weights(tmp_path / "best.safetensors", CPU)
    assert "\n" not in str(caught.value)
    with pytest.raises(FileError, match="no such file"):
        load_weights(tmp_path / "none.safetensors", CPU)


def test_a_model_that_lies_about_its_size_is_refused_before_it_is_built(tmp_path: Path) -> None:
    model = model_of(nn.Conv2d(1, 3, 1))
    model.architecture = Architecture(1, 3, 400, 8, "transposed")
    save_weights(model, tmp_path / "best.safetensors")
    with pytest.raises(FileError, match="cannot be"):
        load_weights(tmp_path, CPU)


def test_a_state_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    torch.save({"net": Bomb()}, tmp_path / "last.ckpt")
    with pytest.raises(FileError, match="cannot be resumed"):
        load_state(tmp_path / "last.ckpt")
    assert not (tmp_path / "ran").exists()
    save_state(tmp_path / "last.ckpt", {"step": 3})
    assert load_state(tmp_path / "last.ckpt") == {"step": 3}
