"""Beginning from weights learnt elsewhere: classes move by name, channels are fitted, and everything is told."""

from __future__ import annotations

import json
import pickle
import re
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from segstudio.core.classes import ClassTable
from segstudio.errors import FileError
from segstudio.run_layout import BEST_WEIGHTS, LAST_STATE
from segstudio.training.checkpoint import can_be
from segstudio.training.choices import ADD, BATCH, BILINEAR, CONCAT, GROUP, SIGMOID, SOFTMAX, TRANSPOSED
from segstudio.training.model import Architecture

_NESTED = ("ema", "net", "model_state_dict", "state_dict", "model", "network_weights", "weights")
_HEAD = re.compile(r"^(head|heads\.\d+|segmentation_head\.0)\.(weight|bias)$")
_STEM = "stem.0.weight"
_LOADED, _FITTED, _FRESH = "loaded", "fitted", "re-initialised"
_NAMED, _DEEPEST = 8, 8
_UNREADABLE = (
    *(SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError, struct.error),
    *(KeyError, TypeError, IndexError, AttributeError, AssertionError),  # of spoilt or hostile files
)


@dataclass(frozen=True)
class Pretrained:
    """Weights by name, in our names where another's are known; `classes` and `head` where the file says them."""

    path: Path
    tensors: dict[str, Tensor]
    classes: tuple[str, ...] = ()
    head: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    @property
    def architecture(self) -> Architecture | None:
        """As far as it can be told from the shapes; None where they are not those of a U-Net of ours."""
        stem, downs = self.tensors.get(_STEM), {k.split(".")[1] for k in self.tensors if k.startswith("downs.")}
        head = self.tensors.get("head.weight")
        if stem is None or head is None or stem.dim() != 4 or head.dim() != 4 or not 0 < len(downs) <= _DEEPEST:
            return None
        width, first = stem.shape[0], self.tensors.get("ups.0.conv.0.weight")
        up = TRANSPOSED if "ups.0.up.weight" in self.tensors else str(self.about.get("up", BILINEAR))
        beside = width * 2 ** (len(downs) - 1)
        found = Architecture(
            in_channels=stem.shape[1],
            num_classes=max(2, head.shape[0]),
            width=width,
            depth=len(downs),
            up=up,
            skips=ADD if first is not None and first.shape[1] == beside else CONCAT,
            norm=BATCH if "stem.1.running_mean" in self.tensors else GROUP,
            head=self.head or (SIGMOID if head.shape[0] == 1 else SOFTMAX),
        )
        return found if can_be(found) else None


@dataclass(frozen=True)
class PretrainedReport:
    """What became of each weight. Names are ours for the network's, the donor's for what was not wanted.

    `loaded` as it was; `fitted` loaded after classes were matched by name or input channels inflated or trimmed;
    `missing` and `mismatched` stay as initialised; `unexpected` were left; `reinitialised` are class rows that got
    the mean of the others.
    """

    loaded: tuple[str, ...]
    fitted: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]
    reinitialised: tuple[str, ...]
    dropped_classes: tuple[str, ...]
    parameters: int
    parameters_loaded: int

    @property
    def percent(self) -> float:
        return 100 * self.parameters_loaded / max(1, self.parameters)

    def lines(self) -> list[str]:
        """A line each kind, with counts and the first few names."""
        out = [f"{self.percent:.1f} % of {self.parameters:,} parameters loaded"]
        for word in ("loaded", "fitted", "missing", "unexpected", "mismatched"):
            names = getattr(self, word)
            named = "" if word == "loaded" or not names else f": {_some(names)}"
            out.append(f"{word} {len(names)}{named}")
        if self.reinitialised:
            out.append(f"new classes, begun from the mean of the others: {', '.join(self.reinitialised)}")
        if self.dropped_classes:
            out.append(f"classes dropped: {', '.join(self.dropped_classes)}")
        return out


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def load_donor(path: Path) -> Pretrained:
    """A run folder, our weights or state, any safetensors, or a plain state dict. Raises FileError."""
    if path.is_dir():
        path = path / BEST_WEIGHTS if (path / BEST_WEIGHTS).is_file() else path / LAST_STATE
    try:
        tensors, about = _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)
        return _donor(path, tensors, about)
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "name a run, a .safetensors or a state dict") from error
    except (
        SafetensorError,
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        struct.error,
    ) as error:
        text = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise FileError(path, f"holds no weights ({text})", "name a run, a .safetensors or a state dict") from error


def _donor(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> Pretrained:
    """Raises errors of _UNREADABLE for what is not as it should be."""
    if not tensors:
        raise ValueError("there is no tensor in it")
    classes = about.get("classes", ())
    names = tuple(str(row["name"] if isinstance(row, Mapping) else row) for row in classes)
    architecture = about.get("architecture") or {}
    return Pretrained(path, in_our_names(tensors), names, str(architecture.get("head", "")), dict(architecture))


def _safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    with safe_open(path, framework="pt") as file:
        about = (file.metadata() or {}).get("segstudio", "{}")
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(about)  # noqa: SIM118


def _pickled(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and plain types alone are read; a file that holds code is refused by torch."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    about = {key: state[key] for key in ("classes", "architecture") if isinstance(state, Mapping) and key in state}
    for key in _NESTED:
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
            break
    if not isinstance(state, Mapping):
        raise ValueError("it is no mapping of names to tensors")
    return {str(k): v for k, v in state.items() if isinstance(v, Tensor)}, about


def in_our_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Wrappers' prefixes taken off; the names of the widely copied U-Net (inc, down1, up1, outc) turned into ours."""
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


def transfer(net: nn.Module, donor: Pretrained, table: ClassTable, head: str) -> PretrainedReport:
    """Copy what fits into `net`, in place."""
    own = net.state_dict()
    fate: dict[str, str] = {}
    fresh: set[str] = set()
    dropped: set[str] = set()
    for name, tensor in own.items():
        given = donor.tensors.get(name)
        if given is None:
            continue
        if _HEAD.match(name):
            rows, new, gone = _class_rows(donor, given, tensor, table, head)
            if name.endswith("bias") and fate.get(name.replace("bias", "weight")) is None:
                rows = None  # of no use without its weights
            elif rows is not None:
                fresh, dropped = fresh | new, dropped | gone
            given = rows
        elif name == _STEM and given.shape != tensor.shape:
            given = _fitted_input(given, tensor)
        if given is None or given.shape != tensor.shape:
            continue
        changed = given is not donor.tensors[name]
        tensor.copy_(given)
        fate[name] = _FITTED if changed else _LOADED
    net.load_state_dict(own)
    return _report(net, own, donor, fate, (tuple(n for n in table.names if n in fresh), tuple(sorted(dropped))))


def _report(
    net: nn.Module, own: Mapping[str, Tensor], donor: Pretrained, fate: Mapping[str, str], classes: tuple[Any, Any]
) -> PretrainedReport:
    sizes = {name: p.numel() for name, p in net.named_parameters()}
    kinds = Counter(fate.values())
    assert sum(kinds.values()) == len(fate)
    return PretrainedReport(
        loaded=tuple(n for n in own if fate.get(n) == _LOADED),
        fitted=tuple(n for n in own if fate.get(n) == _FITTED),
        missing=tuple(n for n in own if n not in donor.tensors),
        unexpected=tuple(n for n in donor.tensors if n not in own),
        mismatched=tuple(n for n in own if n in donor.tensors and n not in fate),
        reinitialised=classes[0],
        dropped_classes=classes[1],
        parameters=sum(sizes.values()),
        parameters_loaded=sum(size for name, size in sizes.items() if name in fate),
    )


def _class_rows(
    donor: Pretrained, given: Tensor, wanted: Tensor, table: ClassTable, head: str
) -> tuple[Tensor | None, set[str], set[str]]:
    """The head's rows by class name, new ones the mean of those there are; names of new and of dropped classes.

    A single sigmoid row w is the same as rows (0, w) of a softmax, and the other way about. Without names in
    the file, rows stand for the classes in order.
    """
    if given.shape[1:] != wanted.shape[1:]:
        return None, set(), set()
    rows = torch.cat([torch.zeros_like(given), given]) if len(given) == 1 else given
    names = list(donor.classes) or (table.names if len(rows) == len(table) else [])
    if len(names) != len(rows):
        return rows.mean(dim=0, keepdim=True).expand_as(wanted).clone(), set(table.names), set()
    fresh = {name for name in table.names if name not in names}
    dropped = {name for name in names if name not in table.names}
    if head == SIGMOID and len(given) == 1 and not fresh and names == table.names:
        return given, fresh, dropped
    if head != SIGMOID and len(given) > 1 and names == table.names:
        return given, fresh, dropped
    mean = rows.mean(dim=0)
    by_name = torch.stack([rows[names.index(n)] if n in names else mean for n in table.names])
    return (by_name[1:] - by_name[:1] if head == SIGMOID else by_name), fresh, dropped


def _fitted_input(given: Tensor, wanted: Tensor) -> Tensor | None:
    """The first convolution for other input channels, scaled so that its answers keep their size.

    Inflated from one channel to many, summed from many to one, cut or filled up with the mean otherwise.
    """
    if given.shape[0] != wanted.shape[0] or given.shape[2:] != wanted.shape[2:]:
        return None
    have, want = given.shape[1], wanted.shape[1]
    if want == 1:
        return given.sum(dim=1, keepdim=True)
    kept = given[:, :want]
    filled = torch.cat([kept, given.mean(dim=1, keepdim=True).expand(-1, max(0, want - have), -1, -1)], dim=1)
    return filled * (have / want)
