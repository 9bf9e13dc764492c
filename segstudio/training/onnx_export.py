"""A model as ONNX for other programs, with normalisation, head and tiling in the file, checked against torch."""

from __future__ import annotations

import importlib
import json
import logging
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from segstudio.errors import FileError, TrainingError
from segstudio.formats.atomic import write_bytes
from segstudio.training.config import table_to_plain
from segstudio.training.heads import class_probabilities
from segstudio.training.model import Model
from segstudio.training.predict import OVERLAP

_EXTRA = "ONNX needs the extra: pip install 'segstudio[export]'"
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class OnnxReport:
    """`largest_difference` of any probability between ONNX Runtime and torch, over images of two sizes."""

    path: Path
    largest_difference: float

    @property
    def line(self) -> str:
        return f"written; the largest difference to torch in any probability is {self.largest_difference:.1e}"


class _Whole(nn.Module):
    """(B, C, H, W) float32 images in 0..1 -> (B, K, H, W) probabilities; H and W multiples of `unit`."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._net = model.net
        self._head = model.architecture.head
        self._mean = torch.tensor(model.mean).view(1, -1, 1, 1)
        self._deviation = torch.tensor(model.deviation).view(1, -1, 1, 1)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        return class_probabilities(self._net((images_BCHW - self._mean) / self._deviation), self._head)


def export_onnx(model: Model, path: Path) -> OnnxReport:
    """Raises FileError when the file is there already or cannot be written, TrainingError without the extra.

    `metadata_props["segstudio"]` is JSON: classes with colours, the value that becomes 1 (`white`), side and
    overlap of the tiles to predict in, and the number that height and width must be a multiple of.
    """
    if path.exists():
        raise FileError(path, "is there already", "choose a new name")
    try:
        onnx, runtime = importlib.import_module("onnx"), importlib.import_module("onnxruntime")
        importlib.import_module("onnxscript")
    except ImportError as error:
        raise TrainingError(f"{_EXTRA} ({error})") from error
    whole = _Whole(model).cpu().float().eval()
    unit = max(32, 2**model.architecture.depth)
    with tempfile.TemporaryDirectory() as folder:
        data = _exported(whole, model, Path(folder) / "model.onnx", unit)
    proto = onnx.load_model_from_string(data)
    about = proto.metadata_props.add()
    about.key, about.value = "segstudio", json.dumps(_about(model, unit), ensure_ascii=False)
    data = proto.SerializeToString()
    difference = _difference(whole, runtime.InferenceSession(data, providers=["CPUExecutionProvider"]), model, unit)
    if not difference < _TOLERANCE:
        raise TrainingError(f"{path}: ONNX Runtime and torch differ by {difference:.3g}; nothing was written")
    write_bytes(path, data)
    return OnnxReport(path, difference)


def _exported(whole: nn.Module, model: Model, file: Path, unit: int) -> bytes:
    images_BCHW = torch.rand(2, model.architecture.in_channels, 2 * unit, 3 * unit)  # a batch of 1 would be fixed
    batch, rows, columns = (torch.export.Dim(name, min=1) for name in ("batch", "rows", "columns"))
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it says that torchvision is not there
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter's own making
        try:
            torch.onnx.export(
                whole,
                (images_BCHW,),
                file,
                dynamo=True,
                input_names=["images"],
                output_names=["probabilities"],
                dynamic_shapes=({0: batch, 2: unit * rows, 3: unit * columns},),
                external_data=False,
                verbose=False,
            )
        except RuntimeError as error:  # the exporter's errors are children of it
            text = str(error).strip().splitlines()[0][:120]
            raise TrainingError(
                f"this network cannot be written as ONNX ({text}); networks that unpool cannot"
            ) from error
    return file.read_bytes()


def _about(model: Model, unit: int) -> dict[str, Any]:
    return {
        "classes": table_to_plain(model.table),
        "white": model.white,
        "tile": model.tile,
        "overlap": OVERLAP,
        "multiple": unit,
        "unlabelled": model.unlabelled,
        "step": model.step,
    }


def _difference(whole: nn.Module, session: Any, model: Model, unit: int) -> float:
    rng, largest = np.random.default_rng(0), 0.0
    for shape in ((1, 2 * unit, 2 * unit), (2, 3 * unit, unit * 2)):
        images = rng.random((shape[0], model.architecture.in_channels, *shape[1:]), dtype=np.float32)
        (found,) = session.run(None, {"images": images})
        with torch.inference_mode():
            truth = whole(torch.from_numpy(images)).numpy()
        largest = max(largest, float(np.abs(found - truth).max()))
    return largest
