"""Use of a model or its metrics outside this program: ONNX, TensorBoard."""

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
from segstudio.training.config import BILINEAR, SIGMOID, TRANSPOSED, UNPOOL, TrainConfig
from segstudio.training.device import choose_device
from segstudio.training.engine import train
from segstudio.training.model import Architecture, Model
from segstudio.training.onnx_export import export_onnx


def make_model(upsampling: str = TRANSPOSED) -> Model:
    torch.manual_seed(0)
    architecture = Architecture(1, 2, 4, 1, head=SIGMOID, upsampling=upsampling)
    table = ClassTable.from_names(["_background_", "cell"])
    return Model(architecture.build().eval(), architecture, table, "background", [0.4], [0.2], 64, 4095)


def test_onnx_gives_the_probabilities_of_torch_and_contains_all_that_is_needed_to_use_it(tmp_path: Path) -> None:
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    model = make_model()
    report = export_onnx(model, tmp_path / "m.onnx")
    assert report.largest_difference < 1e-4
    session = runtime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(0).integers(0, 4096, (1, 96, 160), dtype=np.uint16)
    (found,) = session.run(None, {"images": pixels[None].astype(np.float32) / 4095})
    expected = model.predict_probabilities(pixels, choose_device("cpu")).numpy()
    assert np.abs(found[0] - expected).max() < 1e-4
    metadata = {p.key: p.value for p in onnx.load(tmp_path / "m.onnx").metadata_props}
    plain = json.loads(metadata["segstudio"])
    assert [row["name"] for row in plain["classes"]] == ["_background_", "cell"]
    assert (plain["white"], plain["tile"], plain["multiple"], plain["overlap"]) == (4095, 64, 32, 0.5)
    with pytest.raises(FileError, match="already exists"):
        export_onnx(model, tmp_path / "m.onnx")


@pytest.mark.parametrize("upsampling", [UNPOOL, BILINEAR])
def test_every_way_of_upsampling_can_be_exported(tmp_path: Path, upsampling: str) -> None:
    pytest.importorskip("onnxscript")
    assert export_onnx(make_model(upsampling), tmp_path / "m.onnx").largest_difference < 1e-4


def test_a_failed_export_is_one_line_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxscript")

    def fail(*_: object, **__: object) -> None:
        raise torch.onnx.OnnxExporterError("no operator for this\nand much more")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(TrainingError, match="no operator for this") as caught:
        export_onnx(make_model(), tmp_path / "m.onnx")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "m.onnx").exists()


def test_an_export_that_differs_from_torch_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxscript")
    monkeypatch.setattr("segstudio.training.onnx_export._run_exporter", lambda *_: b"")
    monkeypatch.setattr("segstudio.training.onnx_export._measure_difference", lambda *_: float("nan"))
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **__: None)
    with pytest.raises(TrainingError, match="differ by nan; nothing was written"):
        export_onnx(make_model(), tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_tensorboard_files_have_the_metrics_of_every_validation(
    config: TrainConfig, samples: tuple[Sample, ...]
) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    list(train(replace(config, tensorboard=True), samples))
    events = accumulator.EventAccumulator(str(config.run_dir / "tensorboard"))
    events.Reload()
    rows = [json.loads(line) for line in (config.run_dir / "metrics.jsonl").read_text().splitlines()]
    assert [event.step for event in events.Scalars("miou")] == [row["step"] for row in rows]
    assert events.Scalars("miou")[-1].value == pytest.approx(rows[-1]["miou"])
    assert "iou/disc" in events.Tags()["scalars"]
