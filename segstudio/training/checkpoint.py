"""Weights to share (safetensors) and the full state to resume from (torch, weights only)."""

from __future__ import annotations

import io
import json
import pickle
import struct
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from segstudio.core.classes import MAX_CLASSES
from segstudio.errors import FileError
from segstudio.formats.atomic import write_bytes
from segstudio.training.config import table_from_plain, table_to_plain
from segstudio.training.device import Device
from segstudio.training.model import Architecture, Model

BEST = "best.safetensors"
LAST = "last.ckpt"
_KEY = "segstudio"
_VERSION = 1
_REMEDY = "name a best.safetensors that segstudio wrote, or train again"
_MOST_PARAMETERS = 2_000_000_000


def save_weights(model: Model, path: Path) -> None:
    """Weights with everything that `load_weights` needs, in one safetensors file."""
    about = {
        "version": _VERSION,
        "architecture": asdict(model.architecture),
        "classes": table_to_plain(model.table),
        "unlabelled": model.unlabelled,
        "mean": model.mean,
        "deviation": model.deviation,
        "tile": model.tile,
        "white": model.white,
        "step": model.step,
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.net.state_dict().items()}
    write_bytes(path, save(tensors, metadata={_KEY: json.dumps(about, ensure_ascii=False)}))


def load_weights(path: Path, device: Device) -> Model:
    """Raises FileError when the file is missing, is not ours or does not fit what it says of itself."""
    if path.is_dir():
        path = path / BEST
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})[_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        model = _described(about)
        model.net.load_state_dict(tensors)
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "train first, or name a run or a weights file") from error
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError, OSError, struct.error) as error:
        raise FileError(path, f"is not a model of segstudio ({_short(error)})", _REMEDY) from error
    model.net.to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.net.eval()
    return model


def _described(about: dict[str, Any]) -> Model:
    architecture = Architecture(**about["architecture"])
    table = table_from_plain(about["classes"])
    _check_architecture(architecture, len(table))
    return Model(
        net=architecture.build(),
        architecture=architecture,
        table=table,
        unlabelled=str(about["unlabelled"]),
        mean=[float(value) for value in about["mean"]],
        deviation=[float(value) for value in about["deviation"]],
        tile=max(32, min(4096, int(about["tile"]))),
        white=max(1, min(65535, int(about["white"]))),
        step=int(about["step"]),
    )


def _check_architecture(architecture: Architecture, num_names: int) -> None:
    """A file may not make us build a network that the memory cannot hold."""
    fits = (
        1 <= architecture.in_channels <= 256
        and 1 <= architecture.num_classes <= MAX_CLASSES
        and 1 <= architecture.depth <= 8
        and 1 <= architecture.width <= 512
        and 30 * architecture.width**2 * 4**architecture.depth < _MOST_PARAMETERS
    )
    if not fits or architecture.num_classes != num_names:
        raise ValueError(f"it describes a network that cannot be: {architecture}, {num_names} class names")


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Everything a run needs to go on: tensors and plain types only."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_bytes(path, buffer.getvalue())


def load_state(path: Path) -> dict[str, Any]:
    """Raises FileError. Only tensors and plain types are loaded; a file cannot run code."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "start the run without resuming") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise FileError(path, f"cannot be resumed from ({_short(error)})", "start a new run") from error
    if not isinstance(state, dict):
        raise FileError(path, "cannot be resumed from (it holds no state)", "start a new run")
    return state


def _short(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
