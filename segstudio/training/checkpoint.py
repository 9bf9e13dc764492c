"""Weights to share (safetensors) and the full state to resume from (torch, weights only)."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import pickle
import struct
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from segstudio.core.classes import MAX_CLASSES
from segstudio.errors import FileError, TrainingError
from segstudio.formats.atomic import write_bytes, write_with
from segstudio.run_layout import BEST_WEIGHTS, LAST_STATE, PREVIOUS_STATE
from segstudio.training.config import table_from_plain, table_to_plain
from segstudio.training.device import Device
from segstudio.training.model import Architecture, Model

_KEY = "segstudio"
# what readers of spoilt files raise besides their own errors
_ODD = (
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    AssertionError,
    struct.error,
)
_HASH = "sha256"
_VERSION = 2
_REMEDY = "name a best.safetensors that segstudio wrote, or train again"
_MOST_PARAMETERS = 2_000_000_000


def save_weights(model: Model, path: Path, miou: float = math.nan) -> None:
    """Weights with everything that `load_weights` needs, in one safetensors file; `miou` is what they were judged."""
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
        "miou": None if math.isnan(miou) else miou,
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.net.state_dict().items()}
    write_bytes(path, save(tensors, metadata={_KEY: json.dumps(about, ensure_ascii=False)}))


def best_of(miou: float, path: Path) -> float:
    """The better of a figure and of that which the weights at `path` were judged; NaN where there is neither."""
    try:
        with safe_open(path, framework="pt") as file:
            judged = json.loads((file.metadata() or {})[_KEY])["miou"]
            kept = math.nan if judged is None else float(judged)
    except (SafetensorError, OSError, *_ODD):
        return miou
    return kept if math.isnan(miou) or kept > miou else miou


def load_weights(path: Path, device: Device) -> Model:
    """Raises FileError when the file is missing, is not ours or does not fit what it says of itself."""
    if path.is_dir():
        path = path / BEST_WEIGHTS
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})[_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        model = _described(about)
        model.net.load_state_dict(tensors)
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "train first, or name a run or a weights file") from error
    except TrainingError as error:  # its encoder is not installed here
        raise FileError(path, "cannot be used here", str(error)) from error
    except (SafetensorError, OSError, *_ODD) as error:
        raise FileError(path, f"is not a model of segstudio ({_short(error)})", _REMEDY) from error
    model.net.to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.net.eval()
    return model


def _described(about: dict[str, Any]) -> Model:
    architecture = Architecture(**about["architecture"])
    table = table_from_plain(about["classes"])
    _check_architecture(architecture, len(table))
    return Model(
        net=architecture.build().requires_grad_(False),
        architecture=architecture,
        table=table,
        unlabelled=str(about["unlabelled"]),
        mean=[float(value) for value in about["mean"]],
        deviation=[float(value) for value in about["deviation"]],
        tile=max(32, min(4096, int(about["tile"]))),
        white=max(1, min(65535, int(about["white"]))),
        step=int(about["step"]),
    )


def can_be(architecture: Architecture) -> bool:
    """A file may not make us build a network that the memory cannot hold."""
    return (
        1 <= architecture.in_channels <= 256
        and 1 <= architecture.num_classes <= MAX_CLASSES
        and 0 <= architecture.depth <= 8
        and 1 <= architecture.width <= 512
        and 30 * architecture.width**2 * 4**architecture.depth < _MOST_PARAMETERS
    )


def _check_architecture(architecture: Architecture, num_names: int) -> None:
    if not can_be(architecture) or architecture.num_classes != num_names:
        raise ValueError(f"it describes a network that cannot be: {architecture}, {num_names} class names")


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Everything a run needs to go on: tensors and plain types only, with a hash; the one before is kept."""
    hashed = {_HASH: digest(state), **state}

    def fill(file: BinaryIO) -> None:
        try:
            torch.save(hashed, file)
        except RuntimeError as error:  # torch's own words for a full disk
            raise OSError(errno.ENOSPC, _short(error)) from error

    write_with(path, fill, keep_as=path.with_name(PREVIOUS_STATE))


def load_state(path: Path) -> dict[str, Any]:
    """Raises FileError. Only tensors and plain types are loaded; a file cannot run code, nor lie about its hash."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "start the run without resuming") from error
    except (pickle.UnpicklingError, OSError, *_ODD) as error:
        raise FileError(path, f"cannot be resumed from ({_short(error)})", "start a new run") from error
    if not isinstance(state, dict) or _HASH not in state:
        raise FileError(path, "cannot be resumed from (it holds no state)", "start a new run")
    if state.pop(_HASH) != digest(state):
        raise FileError(path, "cannot be resumed from (it is damaged: its hash is another)", "start a new run")
    return state


def load_newest_state(folder: Path) -> tuple[dict[str, Any], str]:
    """The last state, or the one before where the last is missing or damaged, and a word about that."""
    try:
        return load_state(folder / LAST_STATE), ""
    except FileError as error:
        if not (folder / PREVIOUS_STATE).is_file():
            raise
        return load_state(folder / PREVIOUS_STATE), f"{error}; the state before it is used"


def digest(value: Any) -> str:
    """SHA-256 of tensors and plain types, whatever file they lie in."""
    out = hashlib.sha256()
    _feed(out, value)
    return out.hexdigest()


def _feed(out: Any, value: Any) -> None:
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu().contiguous()
        out.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
        out.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, Mapping):
        for key in value:
            out.update(repr(key).encode())
            _feed(out, value[key])
    elif isinstance(value, list | tuple):
        out.update(f"[{len(value)}]".encode())
        for item in value:
            _feed(out, item)
    else:
        out.update(repr(value).encode())


def _short(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
