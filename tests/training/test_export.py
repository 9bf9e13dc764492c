"""A model outside of the program: ONNX, TensorBoard."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segstudio.core.classes import ClassTable
from segstudio.core.sample import Sample
from segstudio.errors import FileError, TrainingError
from segstudio.training.config import BILINEAR, SIGMOID, UNPOOL, TrainConfig
from segstudio.training.device import choose_device
from segstudio.training.engine import train
from segstudio.training.model import Architecture, Model
from segstudio.training.onnx_export import export_onnx


def model(**shape: object) -> Model:
    torch.manual_seed(0)
    architecture = Architecture(1, 2, 4, 2, head=SIGMOID, **shape)
    table = ClassTable.from_names(["_background_", "cell"])
    return Model(architecture.build().eval(), architecture, table, "background", [0.4], [0.2], 64, 4095)


def test_onnx_says_what_torch_says_and_brings_all_that_is_needed_to_use_it(tmp_path: Path) -> None:
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    made = model()
    report = export_onnx(made, tmp_path / "m.onnx")
    assert report.largest_difference < 1e-4
    session = runtime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(0).integers(0, 4096, (1, 96, 160), dtype=np.uint16)
    (found,) = session.run(None, {"images": pixels[None].astype(np.float32) / 4095})
    truth = made.predict_probabilities(pixels, choose_device("cpu")).numpy()
    assert np.abs(found[0] - truth).max() < 1e-4
    about = {p.key: p.value for p in onnx.load(tmp_path / "m.onnx").metadata_props}
    plain = json.loads(about["segstudio"])
    assert [row["name"] for row in plain["classes"]] == ["_background_", "cell"]
    assert (plain["white"], plain["tile"], plain["multiple"]) == (4095, 64, 32)
    with pytest.raises(FileError, match="is there already"):
        export_onnx(made, tmp_path / "m.onnx")


@pytest.mark.parametrize("up", [UNPOOL, BILINEAR])
def test_every_way_up_can_be_exported(tmp_path: Path, up: str) -> None:
    pytest.importorskip("onnxscript")
    assert export_onnx(model(upsampling=up), tmp_path / "m.onnx").largest_difference < 1e-4


def test_a_network_that_onnx_cannot_hold_is_told_in_one_line_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxscript")

    def failing(*_: object, **__: object) -> None:
        raise torch.onnx.OnnxExporterError("no operator for this\nand much more")

    monkeypatch.setattr(torch.onnx, "export", failing)
    with pytest.raises(TrainingError, match="no operator for this") as caught:
        export_onnx(model(), tmp_path / "m.onnx")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "m.onnx").exists()


def test_tensorboard_gets_the_figures_of_every_judgement(config: TrainConfig, samples: tuple[Sample, ...]) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    list(train(replace(config, tensorboard=True), samples))
    events = accumulator.EventAccumulator(str(config.run_dir / "tensorboard"))
    events.Reload()
    rows = [json.loads(line) for line in (config.run_dir / "metrics.jsonl").read_text().splitlines()]
    assert [event.step for event in events.Scalars("miou")] == [row["step"] for row in rows]
    assert events.Scalars("miou")[-1].value == pytest.approx(rows[-1]["miou"])
    assert "iou/disc" in events.Tags()["scalars"]
