"""Beginning from other weights: classes by name, channels fitted, everything told."""

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


def saved(path: Path, names: Sequence[str], channels: int = 1, head: str = SOFTMAX, **shape: object) -> nn.Module:
    """A network with random weights, in a file of ours."""
    torch.manual_seed(3)
    architecture = Architecture(channels, len(names), 4, 2, head=head, **shape)
    net = architecture.build()
    nn.init.normal_(net.head.bias)
    model = Model(net, architecture, ClassTable.from_names(names), "background", [0.5], [0.2], 64)
    save_weights(model, path)
    return net.eval()


def moved(path: Path, names: Sequence[str], channels: int = 1, head: str = SOFTMAX) -> tuple[nn.Module, PretrainedReport]:
    torch.manual_seed(4)
    net = Architecture(channels, len(names), 4, 2, head=head).build()
    return net.eval(), load_pretrained(net, read_pretrained(path), ClassTable.from_names(names), head)


def probabilities(net: nn.Module, head: str, channels: int = 1) -> torch.Tensor:
    torch.manual_seed(5)
    image = torch.rand(1, 1, 16, 16).expand(1, channels, 16, 16)
    with torch.no_grad():
        return compute_probabilities(net(image), head)


def test_the_same_network_and_classes_arrive_whole(tmp_path: Path) -> None:
    donor = saved(tmp_path / "a.safetensors", ["_background_", "cat", "dog"])
    net, report = moved(tmp_path / "a.safetensors", ["_background_", "cat", "dog"])
    assert report.percent == 100.0
    assert not (report.missing or report.unexpected or report.mismatched or report.converted or report.new_classes)
    assert torch.equal(probabilities(net, SOFTMAX), probabilities(donor, SOFTMAX))


def test_classes_move_by_name_in_any_order_new_ones_get_the_mean_and_removed_ones_go(tmp_path: Path) -> None:
    donor = saved(tmp_path / "a.safetensors", ["_background_", "cat", "dog", "cow"])
    net, report = moved(tmp_path / "a.safetensors", ["dog", "bird", "_background_", "cat"])
    rows = donor.head.weight
    assert torch.equal(net.head.weight[[0, 2, 3]], rows[[2, 0, 1]])
    assert torch.allclose(net.head.weight[1], rows.mean(dim=0))
    assert torch.allclose(net.head.bias[1], donor.head.bias.mean())
    assert report.new_classes == ("bird",)
    assert report.dropped_classes == ("cow",)
    assert report.converted == ("head.weight", "head.bias")
    assert report.percent == 100.0
    assert "new classes, begun from the mean of the others: bird" in report.lines()


@pytest.mark.parametrize("order", [["_background_", "cell"], ["cell", "_background_"]])
def test_a_sigmoid_and_a_softmax_of_two_classes_say_the_same(tmp_path: Path, order: list[str]) -> None:
    names = ["_background_", "cell"]
    for source, target in ((SIGMOID, SOFTMAX), (SOFTMAX, SIGMOID)):
        path = tmp_path / f"{source}.safetensors"
        donor = saved(path, names, head=source)
        net, report = moved(path, order, head=target)
        expected = probabilities(donor, source)
        found = probabilities(net, target)
        if order != names:
            found = found.flip(1)
        assert torch.allclose(found, expected, atol=1e-6)
        assert report.new_classes == ()


def test_input_channels_are_inflated_and_trimmed_so_that_answers_keep_their_size(tmp_path: Path) -> None:
    names = ["_background_", "cat", "dog"]
    donor = saved(tmp_path / "gray.safetensors", names, channels=1)
    net, report = moved(tmp_path / "gray.safetensors", names, channels=3)
    assert torch.allclose(probabilities(net, SOFTMAX, 3), probabilities(donor, SOFTMAX), atol=1e-5)
    assert report.converted == ("stem.0.weight",)
    donor = saved(tmp_path / "rgb.safetensors", names, channels=3)
    net, _ = moved(tmp_path / "rgb.safetensors", names, channels=1)
    assert torch.allclose(probabilities(net, SOFTMAX), probabilities(donor, SOFTMAX, 3), atol=1e-5)
    net, _ = moved(tmp_path / "rgb.safetensors", names, channels=5)
    assert torch.allclose(net.stem[0].weight[:, :3], donor.stem[0].weight * 0.6)


class Conv(nn.Module):
    """The double convolution under the names that many copies of U-Net have."""

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


class Widespread(nn.Module):
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
def test_the_widespread_unets_state_dicts_are_read_under_our_names(
    tmp_path: Path, bilinear: bool, wrapped: bool
) -> None:
    torch.manual_seed(0)
    theirs = Widespread(3, 2, 8, bilinear)
    state = theirs.state_dict()
    if wrapped:
        state = {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in state.items()}}
    torch.save(state, tmp_path / "theirs.pth")
    donor = read_pretrained(tmp_path / "theirs.pth")
    found = donor.architecture
    assert found is not None
    assert (found.in_channels, found.width, found.depth) == (3, 8, 2)
    assert found.upsampling == (BILINEAR if bilinear else TRANSPOSED)
    net = replace(found, num_classes=2).build()
    report = load_pretrained(net, donor, ClassTable.from_names(["_background_", "car"]), SOFTMAX)
    assert report.percent == 100.0
    assert not (report.missing or report.unexpected or report.mismatched)
    assert torch.equal(net.ups[0].conv[3].weight, theirs.up1.conv.double_conv[3].weight)


def test_a_network_of_another_width_says_what_did_not_fit(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors", ["_background_", "cat"], upsampling=BILINEAR)
    net, report = moved(tmp_path / "a.safetensors", ["_background_", "cat"])
    assert report.mismatched
    assert report.missing
    assert 0 < report.percent < 100
    torch.save({"encoder.weight": torch.ones(3), "more": torch.ones(2)}, tmp_path / "other.pt")
    report = load_pretrained(net, read_pretrained(tmp_path / "other.pt"), ClassTable.from_names(["_background_", "cat"]), SOFTMAX)
    assert report.percent == 0
    assert report.unexpected == ("encoder.weight", "more")
    assert any(line.startswith("missing") and "more" in line for line in report.lines())


def test_what_holds_no_weights_is_told_in_one_line_and_no_code_is_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    torch.save({"net": Bomb()}, tmp_path / "bomb.pt")
    (tmp_path / "text.pt").write_text("no weights")
    (tmp_path / "text.safetensors").write_text("no weights")
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    for name in ("bomb.pt", "text.pt", "text.safetensors", "empty.pt", "list.pt", "none.pt"):
        with pytest.raises(FileError, match=r"holds no weights|no such file") as caught:
            read_pretrained(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_a_run_begins_from_another_and_tells_what_came_of_it(config: TrainConfig, samples: tuple[Sample, ...]) -> None:
    list(train(config, samples))
    begun = replace(config, width=0, depth=0, init=str(config.run_dir), run_dir=config.run_dir.with_name("second"))
    begun = replace(begun, steps=2, head=ONE_VS_REST)
    events = list(train(begun, samples))
    (told,) = [event for event in events if isinstance(event, PretrainedLoaded)]
    assert told.percent == 100.0
    (started,) = [event for event in events if isinstance(event, Started)]
    reasons = {choice.key: choice for choice in started.decisions}
    assert (reasons["width"].value, reasons["width"].reason) == ("4", "as in the weights it begins from")
    torch.save({"encoder.weight": torch.ones(3)}, config.run_dir.parent / "other.pt")
    wrong = replace(begun, init=str(config.run_dir.parent / "other.pt"), run_dir=config.run_dir.with_name("third"))
    with pytest.raises(TrainingError, match="none of its weights fits"):
        list(train(wrong, samples))
