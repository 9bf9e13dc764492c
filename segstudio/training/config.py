"""Every choice of a training run, as one value that can be written down."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from segstudio.core.classes import Class, ClassTable
from segstudio.errors import TrainingError
from segstudio.formats.atomic import write_text
from segstudio.run_layout import CONFIG_FILE
from segstudio.training.choices import ADAMW, AUTO, NONE, ONE_CYCLE, PRESETS, WORDS

_NOT_TYPED = ("run_dir", "table")  # set by the program, never by a user's text


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """0, "" and "auto" mean: chosen from device and data, with a reason that is told.

    A run ends at `minutes` or `steps`, whichever comes first. `batch` is patches a step of one process;
    `accumulate` is how many parts it is learnt in. `init` names weights to begin from; `class_weights` is
    none, median, inverse, or name=weight,… by hand; `ema` the decay of the averaged weights, 0 for none;
    `patience` the number of judgements without a rise before the run ends early, 0 for never; `rare` the share
    of patches cut around a class chosen at random, so that small classes are seen.
    """

    run_dir: Path
    table: ClassTable = field(default_factory=ClassTable)
    unlabelled: str = "background"
    minutes: float = 2.0
    steps: int = 0
    preset: str = AUTO
    width: int = 0
    depth: int = 0
    up: str = AUTO
    skips: str = AUTO
    norm: str = AUTO
    encoder: str = ""
    head: str = AUTO
    loss: str = AUTO
    class_weights: str = NONE
    deep_supervision: bool = False
    patch: int = 0
    batch: int = 0
    accumulate: int = 1
    optimiser: str = ADAMW
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    schedule: str = ONE_CYCLE
    ema: float = 0.98
    patience: int = 0
    rare: float = 0.33
    augment: bool = True
    vertical_flip: str = AUTO
    precision: str = AUTO
    compile: str = AUTO
    device: str = AUTO
    cache_gb: float = 0.0
    tensorboard: bool = False
    init: str = ""
    seed: int = 0
    resume: bool = False

    def __post_init__(self) -> None:
        for key, known in WORDS.items():
            if getattr(self, key) not in known:
                raise TrainingError(f"{key} is {getattr(self, key)!r}; it is one of {', '.join(known)}")
        if not (self.steps > 0 or self.minutes > 0):
            raise TrainingError("a run needs an end: set minutes or steps above 0")
        for key, low, high in _RANGES:
            value = getattr(self, key)
            if not low <= value <= high:
                raise TrainingError(f"{key} is {value}; it must be between {low} and {high}")

    def with_texts(self, texts: Mapping[str, str]) -> TrainConfig:
        """A copy with fields set from what a user typed, all at once; names the fields when a key is none."""
        known = [f.name for f in fields(self) if f.name not in _NOT_TYPED]
        values: dict[str, Any] = {}
        for key, text in texts.items():
            if key not in known:
                raise TrainingError(f"{key}: there is no such choice; there are {', '.join(known)}")
            kind = type(getattr(self, key))
            try:
                values[key] = _truth(text) if kind is bool else kind(text)
            except ValueError as error:
                raise TrainingError(f"{key}={text}: must be of type {kind.__name__}") from error
        return replace(self, **values)

    def of_network(self, key: str) -> Any:
        """What the user or else the preset says of the network; 0 or "auto" where neither does."""
        own = getattr(self, key)
        return own if own not in (0, AUTO) else PRESETS[self.preset].get(key, own)


_RANGES: tuple[tuple[str, float, float], ...] = (
    ("minutes", 0, 100_000),
    ("steps", 0, 1e9),
    ("width", 0, 512),
    ("depth", 0, 8),
    ("patch", 0, 8192),
    ("batch", 0, 4096),
    ("accumulate", 1, 4096),
    ("learning_rate", 1e-9, 10),
    ("weight_decay", 0, 10),
    ("ema", 0, 0.99999),
    ("patience", 0, 1e6),
    ("rare", 0, 1),
    ("cache_gb", 0, 4096),
    ("seed", 0, 2**31 - 1),
)


def _truth(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def weights_by_hand(text: str, names: list[str]) -> list[float]:
    """'road=1,car=3' as one weight a class, 1 where not named. Raises TrainingError."""
    out = [1.0] * len(names)
    for part in text.split(","):
        name, sign, number = part.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not sign or name.strip() not in names or not 0 <= value < 1e6:
            raise TrainingError(
                f"class_weights: {part.strip()!r} is no weight; write none, median, inverse, or name=weight for "
                f"some of {', '.join(names)}"
            )
        out[names.index(name.strip())] = value
    return out


def table_to_plain(table: ClassTable) -> list[dict[str, Any]]:
    return [{"name": item.name, "colour": list(item.colour)} for item in table]


def table_from_plain(rows: list[dict[str, Any]]) -> ClassTable:
    """Raises ValueError, KeyError or TypeError for rows that are none."""
    classes = []
    for index, row in enumerate(rows):
        red, green, blue = (int(value) for value in row["colour"])
        classes.append(Class(index, str(row["name"]), (red, green, blue)))
    return ClassTable(tuple(classes))


def write_config(config: TrainConfig) -> None:
    """`config.json` in the run's folder."""
    plain = asdict(config) | {"run_dir": config.run_dir.name, "table": table_to_plain(config.table)}
    write_text(config.run_dir / CONFIG_FILE, json.dumps(plain, indent=2, ensure_ascii=False) + "\n")


def read_choices(path: Path) -> dict[str, str]:
    """Choices of an earlier `config.json`, as text for `with_texts`."""
    try:
        plain = json.loads(path.read_text("utf-8"))
        return {key: str(value) for key, value in plain.items() if key not in ("run_dir", "table", "resume")}
    except (OSError, ValueError, AttributeError) as error:
        raise TrainingError(f"{path}: cannot be read as a configuration ({error}); name a config.json") from error
