"""Initialising from pretrained weights: classes by name, input channels converted, everything reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from segstudio.core.classes import ClassTable
from segstudio.core.sample import Sample
from segstudio.errors import FileError, TrainingError
from segstudio.training.checkpoint import save_weights
from segstudio.training.config import BILINEAR, ONE_VS_REST, SIGMOID, SOFTMAX, TRANSPOSED, TrainConfig
from segstudio.training.engine import train
from segstudio.training.events import PretrainedLoaded, Started
from segstudio.training.model import Architecture, Model, compute_probabilities
from segstudio.training.pretrained import PretrainedReport, load_pretrained, read_pretrained


def save_network(
    path: Path, names: Sequence[str], channels: int = 1, head: str = SOFTMAX, **shape: object
) -> nn.Module:
    """Save a network with random weights."""
    torch.manual_seed(3)
    architecture = Architecture(channels, len(names), 4, 2, head=head, **shape)
    net = architecture.build()
    nn.init.normal_(net.head.bias)
    model = Model(net, architecture, ClassTable.from_names(names), "background", [0.5], [0.2], 64)
    save_weights(model, path)
    return net.eval()


def load_network(
    path: Path, names: Sequence[str], channels: int = 1, head: str = SOFTMAX
) -> tuple[nn.Module, PretrainedReport]:
    """A new network initialised from a file, and the report."""
    torch.manual_seed(4)
    net = Architecture(channels, len(names), 4, 2, head=head).build()
    return net.eval(), load_pretrained(net, read_pretrained(path), ClassTable.from_names(names), head)


def predict_noise(net: nn.Module, head: str, channels: int = 1) -> torch.Tensor:
    torch.manual_seed(5)
    image = torch.rand(1, 1, 16, 16).expand(1, channels, 16, 16)
    with torch.no_grad():
        return compute_probabilities(net(image), head)


def test_a_network_with_the_same_classes_is_loaded_completely(tmp_path: Path) -> None:
    source = save_network(tmp_path / "a.safetensors", ["_background_", "cat", "dog"])
    net, report = load_network(tmp_path / "a.safetensors", ["_background_", "cat", "dog"])
    assert report.percent == 100.0
    assert not (report.missing or report.unexpected or report.mismatched or report.converted or report.new_classes)
    assert torch.equal(predict_noise(net, SOFTMAX), predict_noise(source, SOFTMAX))


def test_classes_are_matched_by_name_new_ones_get_the_mean_and_removed_ones_are_dropped(tmp_path: Path) -> None:
    source = save_network(tmp_path / "a.safetensors", ["_background_", "cat", "dog", "cow"])
    net, report = load_network(tmp_path / "a.safetensors", ["dog", "bird", "_background_", "cat"])
    rows = source.head.weight
    assert torch.equal(net.head.weight[[0, 2, 3]], rows[[2, 0, 1]])
    assert torch.allclose(net.head.weight[1], rows.mean(dim=0))
    assert torch.allclose(net.head.bias[1], source.head.bias.mean())
    assert report.new_classes == ("bird",)
    assert report.dropped_classes == ("cow",)
    assert report.converted == ("head.weight", "head.bias")
    assert report.percent == 100.0
    assert "new classes, initialised with the mean of the others: bird" in report.lines()


@pytest.mark.parametrize("order", [["_background_", "cell"], ["cell", "_background_"]])
def test_a_sigmoid_and_a_softmax_head_of_two_classes_are_converted_exactly(tmp_path: Path, order: list[str]) -> None:
    names = ["_background_", "cell"]
    for given, wanted in ((SIGMOID, SOFTMAX), (SOFTMAX, SIGMOID)):
        path = tmp_path / f"{given}.safetensors"
        source = save_network(path, names, head=given)
        net, report = load_network(path, order, head=wanted)
        expected = predict_noise(source, given)
        found = predict_noise(net, wanted)
        if order != names:
            found = found.flip(1)
        assert torch.allclose(found, expected, atol=1e-6)
        assert report.new_classes == ()


def test_input_channels_are_converted_so_that_outputs_keep_their_size(tmp_path: Path) -> None:
    names = ["_background_", "cat", "dog"]
    source = save_network(tmp_path / "gray.safetensors", names, channels=1)
    net, report = load_network(tmp_path / "gray.safetensors", names, channels=3)
    assert torch.allclose(predict_noise(net, SOFTMAX, 3), predict_noise(source, SOFTMAX), atol=1e-5)
    assert report.converted == ("stem.0.weight",)
    source = save_network(tmp_path / "rgb.safetensors", names, channels=3)
    net, _ = load_network(tmp_path / "rgb.safetensors", names, channels=1)
    assert torch.allclose(predict_noise(net, SOFTMAX), predict_noise(source, SOFTMAX, 3), atol=1e-5)
    net, _ = load_network(tmp_path / "rgb.safetensors", names, channels=5)
    assert torch.allclose(net.stem[0].weight[:, :3], source.stem[0].weight * 0.6)


class Conv(nn.Module):
    """The double convolution with the names of the common PyTorch U-Net."""

    def __init__(self, a: int, b: int, middle: int = 0) -> None:
        super().__init__()
        m = middle or b
        self.double_conv = nn.Sequential(
            nn.Conv2d(a, m, 3, padding=1, bias=False), nn.BatchNorm2d(m), nn.ReLU(),
            nn.Conv2d(m, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), Conv(a, b))


class UpStage(nn.Module):
    def __init__(self, a: int, b: int, bilinear: bool) -> None:
        super().__init__()
        self.up = nn.Upsample(scale_factor=2) if bilinear else nn.ConvTranspose2d(a, a // 2, 2, stride=2)
        self.conv = Conv(a, b, a // 2) if bilinear else Conv(a, b)


class CommonUNet(nn.Module):
    """inc, down1 … up1 … outc."""

    def __init__(self, channels: int, classes: int, width: int, bilinear: bool) -> None:
        super().__init__()
        f = 2 if bilinear else 1
        self.inc = Conv(channels, width)
        self.down1, self.down2 = Down(width, 2 * width), Down(2 * width, 4 * width // f)
        self.up1, self.up2 = UpStage(4 * width, 2 * width // f, bilinear), UpStage(2 * width, width, bilinear)
        self.outc = nn.Sequential()
        self.outc.conv = nn.Conv2d(width, classes, 1)


@pytest.mark.parametrize("bilinear", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_state_dicts_of_the_common_pytorch_unet_are_loaded(tmp_path: Path, bilinear: bool, wrapped: bool) -> None:
    torch.manual_seed(0)
    theirs = CommonUNet(3, 2, 8, bilinear)
    state = theirs.state_dict()
    if wrapped:
        state = {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in state.items()}}
    torch.save(state, tmp_path / "theirs.pth")
    source = read_pretrained(tmp_path / "theirs.pth")
    found = source.architecture
    assert found is not None
    assert (found.in_channels, found.width, found.depth) == (3, 8, 2)
    assert found.upsampling == (BILINEAR if bilinear else TRANSPOSED)
    net = replace(found, num_classes=2).build()
    report = load_pretrained(net, source, ClassTable.from_names(["_background_", "car"]), SOFTMAX)
    assert report.percent == 100.0
    assert not (report.missing or report.unexpected or report.mismatched)
    assert torch.equal(net.ups[0].conv[3].weight, theirs.up1.conv.double_conv[3].weight)


def test_weights_that_do_not_fit_are_reported(tmp_path: Path) -> None:
    save_network(tmp_path / "a.safetensors", ["_background_", "cat"], upsampling=BILINEAR)
    net, report = load_network(tmp_path / "a.safetensors", ["_background_", "cat"])
    assert report.mismatched
    assert report.missing
    assert 0 < report.percent < 100
    torch.save({"encoder.weight": torch.ones(3), "more": torch.ones(2)}, tmp_path / "other.pt")
    report = load_pretrained(
        net, read_pretrained(tmp_path / "other.pt"), ClassTable.from_names(["_background_", "cat"]), SOFTMAX
    )
    assert report.percent == 0
    assert report.unexpected == ("encoder.weight", "more")
    assert any(line.startswith("missing") and "more" in line for line in report.lines())


def test_a_file_without_weights_is_rejected_in_one_line_and_runs_no_code(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    torch.save({"net": Bomb()}, tmp_path / "bomb.pt")
    (tmp_path / "text.pt").write_text("text")
    (tmp_path / "text.safetensors").write_text("text")
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    for name in ("bomb.pt", "text.pt", "text.safetensors", "empty.pt", "list.pt", "none.pt"):
        with pytest.raises(FileError, match=r"contains no weights|no such file") as caught:
            read_pretrained(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_a_run_is_initialised_from_another_and_reports_what_was_loaded(
    config: TrainConfig, samples: tuple[Sample, ...]
) -> None:
    list(train(config, samples))
    initialised = replace(config, width=0, depth=0, steps=2, head=ONE_VS_REST, init=str(config.run_dir))
    initialised = replace(initialised, run_dir=config.run_dir.with_name("second"))
    events = list(train(initialised, samples))
    (loaded,) = [event for event in events if isinstance(event, PretrainedLoaded)]
    assert loaded.percent == 100.0
    (started,) = [event for event in events if isinstance(event, Started)]
    decisions = {decision.key: decision for decision in started.decisions}
    assert (decisions["width"].value, decisions["width"].reason) == ("4", "as in the pretrained weights")
    torch.save({"encoder.weight": torch.ones(3)}, config.run_dir.parent / "other.pt")
    other = str(config.run_dir.parent / "other.pt")
    wrong = replace(initialised, init=other, run_dir=config.run_dir.with_name("third"))
    with pytest.raises(TrainingError, match="none of its weights fits"):
        list(train(wrong, samples))
