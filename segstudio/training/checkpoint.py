"""Checkpoints: weights to predict with (safetensors), and the full state of a run to resume from (torch)."""

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
from typing import Any, BinaryIO, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from segstudio.core.classes import MAX_CLASSES
from segstudio.errors import FileError, TrainingError
from segstudio.formats.atomic import write_bytes, write_with
from segstudio.run_layout import BEST_WEIGHTS, LAST_STATE, PREVIOUS_STATE
from segstudio.training.config import rename_old_keys, table_from_json, table_to_json
from segstudio.training.device import Device
from segstudio.training.model import Architecture, Model

MALFORMED_FILE_ERRORS: Final = (  # what safetensors, torch.load and our own code raise for damaged or hostile files
    SafetensorError,
    pickle.UnpicklingError,
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
_METADATA: Final = "segstudio"
_HASH: Final = "sha256"
_VERSION: Final = 2
_REMEDY: Final = "name a best.safetensors that segstudio wrote, or train again"
_MAX_PARAMETERS: Final = 2_000_000_000
_WITH_CONFIG_KEYS: Final = ("architecture", "plan", "chosen", "input")  # parts of a state


def save_weights(model: Model, path: Path, miou: float = math.nan) -> None:
    """Write weights and everything that `load_weights` needs; `miou` is their validation mIoU. Raises FileError."""
    metadata = {
        "version": _VERSION,
        "architecture": asdict(model.architecture),
        "classes": table_to_json(model.table),
        "unlabelled": model.unlabelled,
        "mean": model.mean,
        "std": model.std,
        "tile": model.tile,
        "white": model.white,
        "step": model.step,
        "miou": None if math.isnan(miou) else miou,
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.net.state_dict().items()}
    write_bytes(path, save(tensors, metadata={_METADATA: json.dumps(metadata, ensure_ascii=False)}))


def find_best_miou(miou: float, path: Path) -> float:
    """The larger of `miou` and the validation mIoU of the weights at `path`; NaN where there is neither."""
    try:
        with safe_open(path, framework="pt") as file:
            value = json.loads((file.metadata() or {})[_METADATA])["miou"]
            saved = math.nan if value is None else float(value)
    except (OSError, *MALFORMED_FILE_ERRORS):
        return miou
    return saved if math.isnan(miou) or saved > miou else miou


def load_weights(path: Path, device: Device) -> Model:
    """The model of a weights file or run folder. Raises FileError when it is missing, malformed or inconsistent."""
    if path.is_dir():
        path = path / BEST_WEIGHTS
    try:
        with safe_open(path, framework="pt") as file:
            metadata = rename_old_keys(json.loads((file.metadata() or {})[_METADATA]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        model = _build_model(metadata)
        model.net.load_state_dict(tensors)
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "train first, or name a run or a weights file") from error
    except TrainingError as error:  # the extra for its encoder is not installed
        raise FileError(path, "cannot be used here", str(error)) from error
    except (OSError, *MALFORMED_FILE_ERRORS) as error:
        raise FileError(path, f"is not a model of segstudio ({first_line(error)})", _REMEDY) from error
    model.net.to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.net.eval()
    return model


def _build_model(metadata: dict[str, Any]) -> Model:
    architecture = Architecture(**rename_old_keys(metadata["architecture"]))
    table = table_from_json(metadata["classes"])
    _check_architecture(architecture, len(table))
    return Model(
        net=architecture.build().requires_grad_(False),
        architecture=architecture,
        table=table,
        unlabelled=str(metadata["unlabelled"]),
        mean=[float(value) for value in metadata["mean"]],
        std=[float(value) for value in metadata["std"]],
        tile=max(32, min(4096, int(metadata["tile"]))),
        white=max(1, min(65535, int(metadata["white"]))),
        step=int(metadata["step"]),
    )


def is_plausible(architecture: Architecture) -> bool:
    """False for a network that does not fit into memory: a file must not make the program build it."""
    return (
        1 <= architecture.in_channels <= 256
        and 1 <= architecture.num_classes <= MAX_CLASSES
        and 0 <= architecture.depth <= 8
        and 1 <= architecture.width <= 512
        and 30 * architecture.width**2 * 4**architecture.depth < _MAX_PARAMETERS
    )


def _check_architecture(architecture: Architecture, num_names: int) -> None:
    if not is_plausible(architecture) or architecture.num_classes != num_names:
        raise ValueError(f"it describes an impossible network: {architecture}, {num_names} class names")


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors and plain types with its hash; the state before it is kept. Raises FileError."""
    hashed = {_HASH: compute_digest(state), **state}

    def fill(file: BinaryIO) -> None:
        try:
            torch.save(hashed, file)
        except RuntimeError as error:  # torch reports a full disk as a RuntimeError
            raise OSError(errno.ENOSPC, first_line(error)) from error

    write_with(path, fill, keep_as=path.with_name(PREVIOUS_STATE))


def load_state(path: Path) -> dict[str, Any]:
    """Raises FileError for a missing or damaged file. Only tensors and plain types are loaded, so no code is run."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "start the run without resuming") from error
    except (OSError, *MALFORMED_FILE_ERRORS) as error:
        raise FileError(path, f"cannot be resumed from ({first_line(error)})", "start a new run") from error
    if not isinstance(state, dict) or _HASH not in state:
        raise FileError(path, "cannot be resumed from (it contains no state)", "start a new run")
    if state.pop(_HASH) != compute_digest(state):
        raise FileError(path, "cannot be resumed from (it is damaged: its hash differs)", "start a new run")
    return {key: rename_old_keys(value) if key in _WITH_CONFIG_KEYS else value for key, value in state.items()}


def load_newest_state(folder: Path) -> tuple[dict[str, Any], str]:
    """The last state and ""; if it is missing or damaged, the one before it and a warning. Raises FileError."""
    try:
        return load_state(folder / LAST_STATE), ""
    except FileError as error:
        if not (folder / PREVIOUS_STATE).is_file():
            raise
        return load_state(folder / PREVIOUS_STATE), f"{error}; the state before it is used"


def compute_digest(value: Any) -> str:
    """SHA-256 of tensors and plain types, independent of how a file stores them."""
    out = hashlib.sha256()
    _update_hash(out, value)
    return out.hexdigest()


def _update_hash(out: Any, value: Any) -> None:
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu().contiguous()
        out.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
        out.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, Mapping):
        for key in value:
            out.update(repr(key).encode())
            _update_hash(out, value[key])
    elif isinstance(value, list | tuple):
        out.update(f"[{len(value)}]".encode())
        for item in value:
            _update_hash(out, item)
    else:
        out.update(repr(value).encode())


def first_line(error: BaseException) -> str:
    """The first line of a library's message, at most 160 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
