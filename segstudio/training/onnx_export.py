"""Export of a model to ONNX, with normalisation, head and tiling in the file, checked against torch.

Tensors: B batch, C input channels, K classes, H rows, W columns.
"""

from __future__ import annotations

import importlib
import json
import logging
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from segstudio.errors import FileError, TrainingError
from segstudio.formats.atomic import write_bytes
from segstudio.training.config import table_to_json
from segstudio.training.model import Model, compute_probabilities
from segstudio.training.predict import OVERLAP

_EXTRA: Final = "ONNX needs the extra: pip install 'segstudio[export]'"
_TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class OnnxReport:
    """`largest_difference` of any probability between ONNX Runtime and torch, over images of two sizes."""

    path: Path
    largest_difference: float

    @property
    def line(self) -> str:
        return f"written; probabilities differ from torch by at most {self.largest_difference:.1e}"


class _ExportedNetwork(nn.Module):
    """(B, C, H, W) float32 images in 0..1 -> (B, K, H, W) probabilities; H and W are multiples of the unit."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._net = model.net
        self._head = model.architecture.head
        self._mean = torch.tensor(model.mean).view(1, -1, 1, 1)
        self._std = torch.tensor(model.std).view(1, -1, 1, 1)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        return compute_probabilities(self._net((images_BCHW - self._mean) / self._std), self._head)


def export_onnx(model: Model, path: Path) -> OnnxReport:
    """Write a new file. Raises FileError if it exists or cannot be written, TrainingError without the extra.

    `metadata_props["segstudio"]` is JSON: classes with colours, the value that becomes 1 (`white`), side and
    overlap of the tiles to predict in, and the number that height and width must be a multiple of.
    """
    if path.exists():
        raise FileError(path, "already exists", "choose a new name")
    try:
        onnx, runtime = importlib.import_module("onnx"), importlib.import_module("onnxruntime")
        importlib.import_module("onnxscript")
    except ImportError as error:
        raise TrainingError(f"{_EXTRA} ({error})") from error
    net = _ExportedNetwork(model).cpu().float().eval()
    unit = max(32, 2**model.architecture.depth)
    with tempfile.TemporaryDirectory() as folder:
        data = _run_exporter(net, model, Path(folder) / "model.onnx", unit)
    proto = onnx.load_model_from_string(data)
    entry = proto.metadata_props.add()
    entry.key, entry.value = "segstudio", json.dumps(_describe(model, unit), ensure_ascii=False)
    data = proto.SerializeToString()
    session = runtime.InferenceSession(data, providers=["CPUExecutionProvider"])
    difference = _measure_difference(net, session, model, unit)
    if not difference < _TOLERANCE:
        raise TrainingError(f"{path}: ONNX Runtime and torch differ by {difference:.3g}; nothing was written")
    write_bytes(path, data)
    return OnnxReport(path, difference)


def _run_exporter(net: nn.Module, model: Model, file: Path, unit: int) -> bytes:
    images_BCHW = torch.rand(2, model.architecture.in_channels, 2 * unit, 3 * unit)  # B = 1 would become a constant
    batch, rows, columns = (torch.export.Dim(name, min=1) for name in ("batch", "rows", "columns"))
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it logs that torchvision is not installed
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter uses deprecated functions of torch
        try:
            torch.onnx.export(
                net,
                (images_BCHW,),
                file,
                dynamo=True,
                input_names=["images"],
                output_names=["probabilities"],
                dynamic_shapes=({0: batch, 2: unit * rows, 3: unit * columns},),
                external_data=False,
                verbose=False,
            )
        except RuntimeError as error:  # base class of the exporter's errors
            text = str(error).strip().splitlines()[0][:120]
            raise TrainingError(f"this network cannot be exported to ONNX ({text}); train another network") from error
    return file.read_bytes()


def _describe(model: Model, unit: int) -> dict[str, Any]:
    return {
        "classes": table_to_json(model.table),
        "white": model.white,
        "tile": model.tile,
        "overlap": OVERLAP,
        "multiple": unit,
        "unlabelled": model.unlabelled,
        "step": model.step,
    }


def _measure_difference(net: nn.Module, session: Any, model: Model, unit: int) -> float:
    rng, largest = np.random.default_rng(0), 0.0
    for batch, rows, columns in ((1, 2 * unit, 2 * unit), (2, 3 * unit, 2 * unit)):
        images_BCHW = rng.random((batch, model.architecture.in_channels, rows, columns), dtype=np.float32)
        (found,) = session.run(None, {"images": images_BCHW})
        with torch.inference_mode():
            expected = net(torch.from_numpy(images_BCHW)).numpy()
        largest = max(largest, float(np.abs(found - expected).max()))
    return largest
