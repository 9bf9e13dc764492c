"""Tiled prediction, its Gaussian weights, and weights files."""

from __future__ import annotations

from collections.abc import Iterator
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
from segstudio.events import Problem, Progress
from segstudio.training.checkpoint import load_state, load_weights, save_state, save_weights
from segstudio.training.device import choose_device
from segstudio.training.model import Architecture, Model
from segstudio.training.predict import find_tile_starts, make_gaussian_weight, predict, predict_files, predict_whole

CPU = choose_device("cpu")
CLASSES = ["_background_", "a", "b"]


class Pointwise(nn.Module):
    """Logits that depend on the pixel alone, so that every tiling must give the same result."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([images * 3, -images, images * 0], dim=1)


class PerTile(nn.Module):
    """Predicts class 0 in the first tile, 1 in the second, and so on, with probability 1."""

    def __init__(self) -> None:
        super().__init__()
        self.tiles: Iterator[int] = iter(range(100))

    def forward(self, images: Tensor) -> Tensor:
        logits = torch.zeros(1, 3, *images.shape[2:])
        logits[:, next(self.tiles) % 3] = 100
        return logits


def make_model(net: nn.Module, channels: int = 1, tile: int = 64, depth: int = 2) -> Model:
    table = ClassTable.from_names(CLASSES)
    architecture = Architecture(channels, 3, 4, depth)
    return Model(net, architecture, table, "background", [0.5] * channels, [0.25] * channels, tile, step=17)


def make_net() -> nn.Module:
    torch.manual_seed(0)
    return Architecture(1, 3, 4, 2).build().eval()


@given(st.integers(1, 2000), st.sampled_from([32, 64, 100]), st.sampled_from([0.25, 0.5]))
def test_tiles_cover_everything_evenly_and_overlap_enough(length: int, tile: int, overlap: float) -> None:
    starts = find_tile_starts(length, tile, overlap)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - tile)
    steps = np.diff(starts)
    assert all(0 < step <= np.ceil(tile * (1 - overlap)) for step in steps)
    assert not len(steps) or steps.max() - steps.min() <= 1


def test_tile_weights_are_gaussian_with_a_sigma_of_an_eighth_and_never_zero() -> None:
    weight = make_gaussian_weight(64, 48)
    assert weight.shape == (64, 48)
    assert weight.min() > 0
    ys, xs = np.mgrid[:64, :48].astype(float)
    expected = np.exp(-0.5 * (((ys - 31.5) / 8) ** 2 + ((xs - 23.5) / 6) ** 2))
    assert np.allclose(weight, np.maximum(expected, 1e-3), atol=1e-6)


def test_overlapping_tiles_are_blended_with_gaussian_weights() -> None:
    """Two tiles that disagree: their probabilities are mixed by the weights, and each decides near its centre."""
    found = predict_whole(make_model(PerTile()), np.zeros((64, 96), np.uint8), CPU)  # tiles at x = 0 and x = 32
    weights = [np.zeros((64, 96)), np.zeros((64, 96))]
    weights[0][:, :64] = weights[1][:, 32:] = make_gaussian_weight(64, 64)
    expected = weights[1] / (weights[0] + weights[1])
    assert np.abs(found.probabilities[1] / 255 - expected).max() < 0.003
    assert np.abs(found.probabilities[0] / 255 - (1 - expected)).max() < 0.003
    columns = found.probabilities[1][32]
    assert (columns[:32] == 0).all()
    assert columns[36] < 25  # uniform weights would give 127 everywhere in the overlap
    assert columns[60] > 230
    assert (np.diff(columns[32:64].astype(int)) >= 0).all()
    assert (found.labels[32] == np.repeat([0, 1], 48)).all()


@pytest.mark.parametrize("size", [(40, 30), (64, 64), (201, 130), (65, 400)])
def test_tiling_has_no_effect_on_a_network_that_sees_one_pixel(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, size, dtype=np.uint8)
    found = predict_whole(make_model(Pointwise()), pixels, CPU, "a.png")
    scaled = (pixels / 255.0 - 0.5) / 0.25
    logits = np.stack([scaled * 3, -scaled, scaled * 0])
    truth = np.exp(logits) / np.exp(logits).sum(axis=0)
    clear = np.sort(truth, axis=0)[-1] - np.sort(truth, axis=0)[-2] > 1e-4
    assert (found.labels == truth.argmax(axis=0))[clear].all()
    assert np.abs(found.probabilities / 255 - truth).max() < 0.003
    entropy = -(truth * np.log(np.maximum(truth, 1e-12))).sum(axis=0) / np.log(3)
    assert np.abs(found.entropy / 255 - entropy).max() < 0.003
    assert (found.name, found.step) == ("a.png", 17)


def test_tiles_and_the_whole_image_agree_for_a_real_network() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (192, 192), dtype=np.uint8)
    tiled = predict_whole(make_model(make_net(), tile=96), pixels, CPU)
    whole = predict_whole(make_model(make_net(), tile=192), pixels, CPU)
    assert np.abs(tiled.probabilities.astype(int) - whole.probabilities).mean() < 1.0


def test_a_network_in_training_mode_predicts_as_in_evaluation_mode_and_is_not_changed() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    net = make_net()
    before = [value.clone() for value in net.state_dict().values()]
    expected = predict_whole(make_model(net), pixels, CPU)
    found = predict_whole(make_model(net.train()), pixels, CPU)
    assert (found.probabilities == expected.probabilities).all()
    assert all(torch.equal(a, b) for a, b in zip(before, net.state_dict().values(), strict=True))


def test_progress_comes_before_the_prediction() -> None:
    events = list(predict(make_model(Pointwise()), np.zeros((200, 64), np.uint8), CPU))
    assert all(isinstance(event, Progress) for event in events[:-1])
    assert isinstance(events[-1], Prediction)


def test_out_of_memory_halves_the_tiles_and_gives_the_same_prediction() -> None:
    class Limited(Pointwise):
        def forward(self, images: Tensor) -> Tensor:
            if images.shape[-1] > 64:
                raise MemoryError
            return super().forward(images)

    pixels = np.random.default_rng(0).integers(0, 255, (200, 130), dtype=np.uint8)
    model = make_model(Limited(), tile=256)
    found = predict_whole(model, pixels, CPU)
    assert model.tile == 64
    assert (found.labels == predict_whole(make_model(Pointwise()), pixels, CPU).labels).all()

    class Failing(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            raise MemoryError

    with pytest.raises(MemoryError):
        predict_whole(make_model(Failing()), pixels, CPU)


def test_probabilities_beyond_the_memory_limit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50), dtype=np.uint8)
    expected = predict_whole(make_model(Pointwise()), pixels, CPU)
    monkeypatch.setattr("segstudio.training.predict.PROBABILITY_BYTES", 3 * 40 * 50 - 1)
    found = predict_whole(make_model(Pointwise()), pixels, CPU)
    assert found.probabilities.shape == (0, 40, 50)
    assert (found.labels == expected.labels).all()
    assert (found.entropy == expected.entropy).all()


def test_grey_and_colour_are_converted_and_other_channels_are_an_error() -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    assert predict_whole(make_model(Pointwise()), rgb, CPU).labels.shape == (40, 40)
    with pytest.raises(TrainingError, match=r"a\.tif: has 5 channels but the model takes 1"):
        predict_whole(make_model(Pointwise()), np.zeros((40, 40, 5), np.uint8), CPU, "a.tif")


def test_of_several_files_an_unreadable_one_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    model = make_model(Pointwise())
    events = list(predict_files(model, {"a.png": tmp_path / "a.png", "b.png": tmp_path / "b.png"}, CPU))
    assert [event.where for event in events if isinstance(event, Problem)] == ["a.png", "b.png"]


def test_labels_of_a_prediction_are_remapped_by_class_name() -> None:
    found = predict_whole(make_model(Pointwise()), np.full((40, 40), 255, np.uint8), CPU)
    assert (found.labels == 0).all()
    remapped = remap_to_table(found, ClassTable.from_names(["b", "a", "_background_"]))
    assert (remapped.labels == 2).all()
    assert (remap_to_table(found, ClassTable.from_names(["x", "y"])).labels == 0).all()  # background is always 0


def test_weights_are_saved_with_all_that_is_needed_and_load_again(tmp_path: Path) -> None:
    model = make_model(make_net())
    save_weights(model, tmp_path / "best.safetensors")
    again = load_weights(tmp_path, CPU)
    assert (again.table.names, again.mean, again.tile, again.step) == (model.table.names, [0.5], 64, 17)
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    assert (predict_whole(again, pixels, CPU).probabilities == predict_whole(model, pixels, CPU).probabilities).all()


@pytest.mark.parametrize("data", [b"", b"\xff" * 64, b"{}", (10**9).to_bytes(8, "little") + b"{}"])
def test_what_is_no_model_is_rejected_in_one_line(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "best.safetensors").write_bytes(data)
    with pytest.raises(FileError, match="not a model of segstudio") as caught:
        load_weights(tmp_path / "best.safetensors", CPU)
    assert "\n" not in str(caught.value)
    with pytest.raises(FileError, match="no such file"):
        load_weights(tmp_path / "none.safetensors", CPU)


def test_a_model_too_large_for_memory_is_rejected_before_it_is_built(tmp_path: Path) -> None:
    model = make_model(nn.Conv2d(1, 3, 1))
    model.architecture = Architecture(1, 3, 400, 8)
    save_weights(model, tmp_path / "best.safetensors")
    with pytest.raises(FileError, match="impossible network"):
        load_weights(tmp_path, CPU)


def test_a_state_that_would_run_code_is_rejected(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    torch.save({"net": Bomb()}, tmp_path / "last.ckpt")
    with pytest.raises(FileError, match="cannot be resumed"):
        load_state(tmp_path / "last.ckpt")
    assert not (tmp_path / "ran").exists()
    save_state(tmp_path / "last.ckpt", {"step": 3})
    assert load_state(tmp_path / "last.ckpt") == {"step": 3}
