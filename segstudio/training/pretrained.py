"""Initialise a network from pretrained weights: classes are matched by name, input channels are converted.

Tensors of convolutions are (out, in, rows, columns); the first axis of a head is the class.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import safe_open
from torch import Tensor, nn

from segstudio.core.classes import ClassTable
from segstudio.errors import FileError
from segstudio.run_layout import BEST_WEIGHTS, LAST_STATE
from segstudio.training.checkpoint import MALFORMED_FILE_ERRORS, first_line, is_plausible
from segstudio.training.config import ADD, BATCH, BILINEAR, CONCAT, GROUP, SIGMOID, SOFTMAX, TRANSPOSED, rename_old_keys
from segstudio.training.model import Architecture

_NESTED: Final = ("ema", "net", "model_state_dict", "state_dict", "model", "network_weights", "weights")
_HEAD: Final = re.compile(r"^(head|heads\.\d+|segmentation_head\.0)\.(weight|bias)$")
_STEM: Final = "stem.0.weight"
_MAX_NAMES, _MAX_DEPTH = 8, 8
_REMEDY: Final = "name a run, a .safetensors or a state dict"


@dataclass(frozen=True)
class Pretrained:
    """Weights of a file, renamed to our names where it is a known U-Net.

    `classes`, `head` and `metadata` (fields of an Architecture) are empty where the file does not contain them.
    """

    path: Path
    tensors: dict[str, Tensor]
    classes: tuple[str, ...] = ()
    head: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    @property
    def architecture(self) -> Architecture | None:
        """Derived from the shapes of the weights; None where they are not those of our U-Net."""
        stem, downs = self.tensors.get(_STEM), {k.split(".")[1] for k in self.tensors if k.startswith("downs.")}
        head = self.tensors.get("head.weight")
        if stem is None or head is None or stem.dim() != 4 or head.dim() != 4 or not 0 < len(downs) <= _MAX_DEPTH:
            return None
        width, first = stem.shape[0], self.tensors.get("ups.0.conv.0.weight")
        parameter_free = str(self.metadata.get("upsampling", BILINEAR))
        skip_channels = width * 2 ** (len(downs) - 1)
        found = Architecture(
            in_channels=stem.shape[1],
            num_classes=max(2, head.shape[0]),
            width=width,
            depth=len(downs),
            upsampling=TRANSPOSED if "ups.0.up.weight" in self.tensors else parameter_free,
            skips=ADD if first is not None and first.shape[1] == skip_channels else CONCAT,
            norm=BATCH if "stem.1.running_mean" in self.tensors else GROUP,
            head=self.head or (SIGMOID if head.shape[0] == 1 else SOFTMAX),
        )
        return found if is_plausible(found) else None


@dataclass(frozen=True)
class PretrainedReport:
    """What happened to each weight, by name; names are the network's, those of `unexpected` the file's.

    `loaded` unchanged; `converted` by matching classes or input channels; `missing` and `mismatched` keep their
    initialisation; `unexpected` are not used. The head's rows of `new_classes` got the mean of the other rows.
    """

    loaded: tuple[str, ...]
    converted: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]
    new_classes: tuple[str, ...]
    dropped_classes: tuple[str, ...]
    parameters: int
    parameters_loaded: int

    @property
    def percent(self) -> float:
        return 100 * self.parameters_loaded / max(1, self.parameters)

    def lines(self) -> list[str]:
        """One line per kind, with the count and the first names."""
        out = [f"{self.percent:.1f} % of {self.parameters:,} parameters loaded"]
        for kind in ("loaded", "converted", "missing", "unexpected", "mismatched"):
            names = getattr(self, kind)
            listed = "" if kind == "loaded" or not names else f": {_list_names(names)}"
            out.append(f"{kind} {len(names)}{listed}")
        if self.new_classes:
            out.append(f"new classes, initialised with the mean of the others: {', '.join(self.new_classes)}")
        if self.dropped_classes:
            out.append(f"classes dropped: {', '.join(self.dropped_classes)}")
        return out


def _list_names(names: tuple[str, ...]) -> str:
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def read_pretrained(path: Path) -> Pretrained:
    """Read a run folder, our weights or state, any safetensors file, or a plain state dict. Raises FileError."""
    if path.is_dir():
        path = path / BEST_WEIGHTS if (path / BEST_WEIGHTS).is_file() else path / LAST_STATE
    try:
        tensors, metadata = _read_safetensors(path) if path.suffix == ".safetensors" else _read_state_dict(path)
        return _make_pretrained(path, tensors, metadata)
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", _REMEDY) from error
    except (OSError, *MALFORMED_FILE_ERRORS) as error:
        raise FileError(path, f"contains no weights ({first_line(error)})", _REMEDY) from error


def _make_pretrained(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> Pretrained:
    if not tensors:
        raise ValueError("it contains no tensor")
    rows = metadata.get("classes", ())
    classes = tuple(str(row["name"] if isinstance(row, Mapping) else row) for row in rows)
    architecture = rename_old_keys(metadata.get("architecture") or {})
    return Pretrained(path, rename_weights(tensors), classes, str(architecture.get("head", "")), architecture)


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    with safe_open(path, framework="pt") as file:
        metadata = (file.metadata() or {}).get("segstudio", "{}")
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata)  # noqa: SIM118


def _read_state_dict(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Only tensors and plain types are loaded; torch refuses a file that contains code."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    metadata = {key: state[key] for key in ("classes", "architecture") if isinstance(state, Mapping) and key in state}
    for key in _NESTED:
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
            break
    if not isinstance(state, Mapping):
        raise ValueError("it is not a mapping of names to tensors")
    return {str(k): v for k, v in state.items() if isinstance(v, Tensor)}, metadata


def rename_weights(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Remove prefixes of wrappers, and rename the weights of the common PyTorch U-Net (inc, down1, up1, outc)."""
    out = {}
    depth = len({found[1] for key in tensors if (found := re.search(r"(?:^|\.)down(\d+)\.", key))})
    for key, tensor in tensors.items():
        name = re.sub(r"^(?:module\.|_orig_mod\.|net\.|model\.)+", "", key)
        name = re.sub(r"^inc\.(?:double_conv\.|conv\.)+", "stem.", name)
        name = re.sub(
            r"^down(\d+)\.(?:maxpool_conv|mpconv)\.1\.(?:double_conv\.|conv\.)+",
            lambda found: f"downs.{int(found[1]) - 1}.",
            name,
        )
        name = re.sub(
            r"^up(\d+)\.conv\.(?:double_conv\.|conv\.)+", lambda found: f"ups.{int(found[1]) - 1}.conv.", name
        )
        name = re.sub(r"^up(\d+)\.up\.", lambda found: f"ups.{int(found[1]) - 1}.up.", name)
        out[re.sub(r"^outc\.(?:conv\.)?", "head.", name) if depth else name] = tensor
    return out


def load_pretrained(net: nn.Module, pretrained: Pretrained, table: ClassTable, head: str) -> PretrainedReport:
    """Copy the weights that fit into `net`, in place, and report what was done with each."""
    own = net.state_dict()
    loaded: list[str] = []
    converted: list[str] = []
    matching = _ClassMatching(pretrained.classes, tuple(table.names), head)
    for name, tensor in own.items():
        source = given = pretrained.tensors.get(name)
        if given is None:
            continue
        if _HEAD.match(name):
            without_weight = name.endswith("bias") and name.replace("bias", "weight") not in (*loaded, *converted)
            given = None if without_weight else matching.convert(given, tensor)
        elif name == _STEM and given.shape != tensor.shape:
            given = _convert_input_channels(given, tensor)
        if given is None or given.shape != tensor.shape:
            continue
        tensor.copy_(given)
        (loaded if given is source else converted).append(name)
    net.load_state_dict(own)
    sizes = {name: p.numel() for name, p in net.named_parameters()}
    copied = {*loaded, *converted}
    return PretrainedReport(
        loaded=tuple(loaded),
        converted=tuple(converted),
        missing=tuple(n for n in own if n not in pretrained.tensors),
        unexpected=tuple(n for n in pretrained.tensors if n not in own),
        mismatched=tuple(n for n in own if n in pretrained.tensors and n not in copied),
        new_classes=tuple(n for n in table.names if n in matching.new),
        dropped_classes=tuple(sorted(matching.dropped)),
        parameters=sum(sizes.values()),
        parameters_loaded=sum(size for name, size in sizes.items() if name in copied),
    )


class _ClassMatching:
    """Converts the rows of a head from the classes of a file to those of a table, and collects which differ.

    Without class names in the file, its rows are the table's classes in order if there are as many.
    """

    def __init__(self, given: tuple[str, ...], wanted: tuple[str, ...], head: str) -> None:
        self._given = given
        self._wanted = wanted
        self._head = head
        self.new: set[str] = set()
        self.dropped: set[str] = set()

    def convert(self, given: Tensor, wanted: Tensor) -> Tensor | None:
        """The rows in the table's order, the mean of all rows for new classes; None for other input channels.

        A single sigmoid row w equals the rows (0, w) of a softmax, and the other way round.
        """
        if given.shape[1:] != wanted.shape[1:]:
            return None
        rows = torch.cat([torch.zeros_like(given), given]) if len(given) == 1 else given
        names = self._given or (self._wanted if len(rows) == len(self._wanted) else ())
        if len(names) != len(rows):
            self.new |= set(self._wanted)
            return rows.mean(dim=0, keepdim=True).expand_as(wanted).clone()
        self.new |= set(self._wanted) - set(names)
        self.dropped |= set(names) - set(self._wanted)
        if names == self._wanted and (self._head == SIGMOID) == (len(given) == 1):
            return given
        mean = rows.mean(dim=0)
        by_name = torch.stack([rows[names.index(n)] if n in names else mean for n in self._wanted])
        return by_name[1:] - by_name[:1] if self._head == SIGMOID else by_name


def _convert_input_channels(given: Tensor, wanted: Tensor) -> Tensor | None:
    """The first convolution for another number of input channels, scaled to keep the size of its outputs.

    Summed for one channel; else the first channels are kept and missing ones are the mean. None for other sizes.
    """
    if given.shape[0] != wanted.shape[0] or given.shape[2:] != wanted.shape[2:]:
        return None
    have, want = given.shape[1], wanted.shape[1]
    if want == 1:
        return given.sum(dim=1, keepdim=True)
    kept = given[:, :want]
    filled = torch.cat([kept, given.mean(dim=1, keepdim=True).expand(-1, max(0, want - have), -1, -1)], dim=1)
    return filled * (have / want)
