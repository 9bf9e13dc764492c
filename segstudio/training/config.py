"""Configuration of a training run: keys, allowed values, defaults and `config.json`. Imports no torch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from segstudio.core.classes import Class, ClassTable
from segstudio.errors import TrainingError
from segstudio.formats.atomic import write_text
from segstudio.run_layout import CONFIG_FILE

AUTO: Final = "auto"

TRANSPOSED, BILINEAR, UNPOOL = "transposed", "bilinear", "unpool"
CONCAT, ADD = "concat", "add"
BATCH, GROUP = "batch", "group"
SOFTMAX, SIGMOID, ONE_VS_REST = "softmax", "sigmoid", "one-vs-rest"
ONE_CYCLE, COSINE, POLY, CONSTANT = "one-cycle", "cosine", "poly", "constant"
ADAMW, SGD = "adamw", "sgd"
NONE, MEDIAN, INVERSE = "none", "median", "inverse"

UPSAMPLINGS: Final = (TRANSPOSED, BILINEAR, UNPOOL)
SKIPS: Final = (CONCAT, ADD)
NORMS: Final = (BATCH, GROUP)
HEADS: Final = (SOFTMAX, SIGMOID, ONE_VS_REST)
SCHEDULES: Final = (ONE_CYCLE, COSINE, POLY, CONSTANT)
OPTIMISERS: Final = (ADAMW, SGD)
LOSS_TERMS: Final = ("ce", "bce", "dice", "jaccard", "focal", "lovasz", "tversky")

PRESETS: Final[dict[str, dict[str, Any]]] = {
    AUTO: {},
    "classic": {"width": 64, "depth": 4, "upsampling": TRANSPOSED, "skips": CONCAT, "norm": BATCH},
    "shallow": {"width": 64, "depth": 2, "upsampling": TRANSPOSED, "skips": CONCAT, "norm": BATCH},
    "add": {"width": 64, "depth": 4, "upsampling": TRANSPOSED, "skips": ADD, "norm": BATCH},
    "unpool": {"width": 64, "depth": 4, "upsampling": UNPOOL, "skips": CONCAT, "norm": BATCH},
}

ALLOWED_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "preset": tuple(PRESETS),
    "upsampling": (AUTO, *UPSAMPLINGS),
    "skips": (AUTO, *SKIPS),
    "norm": (AUTO, *NORMS),
    "head": (AUTO, *HEADS),
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "precision": (AUTO, "float32", "bfloat16", "float16"),
    "compile": (AUTO, "yes", "no"),
    "vertical_flip": (AUTO, "yes", "no"),
    "unlabelled": ("background", "ignore"),
}

# Old key -> key. Old keys are still read from --set, config.json and checkpoints; only new ones are written.
RENAMED_KEYS: Final[dict[str, str]] = {
    "batch": "batch_size",
    "deviation": "std",
    "ema": "ema_decay",
    "patch": "patch_size",
    "rare": "rare_class_fraction",
    "up": "upsampling",
}

_NOT_SETTABLE: Final = ("run_dir", "table")  # set by the program, never from text

_RANGES: Final[tuple[tuple[str, float, float], ...]] = (
    ("minutes", 0, 100_000),
    ("steps", 0, 1e9),
    ("width", 0, 512),
    ("depth", 0, 8),
    ("patch_size", 0, 8192),
    ("batch_size", 0, 4096),
    ("accumulate", 1, 4096),
    ("learning_rate", 1e-9, 10),
    ("weight_decay", 0, 10),
    ("ema_decay", 0, 0.99999),
    ("patience", 0, 1e6),
    ("rare_class_fraction", 0, 1),
    ("cache_gb", 0, 4096),
    ("seed", 0, 2**31 - 1),
)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """All settings of one run. 0, "" and "auto" mean: decided from device and data, and reported with the reason.

    A run ends after `minutes` or `steps`, whichever comes first. `patch_size` is in pixels; `batch_size` counts
    patches per step and process, processed in `accumulate` parts whose gradients are added. `init` names weights
    to initialise from. `class_weights` is none, median, inverse, or name=weight,… . `ema_decay` is the decay of the
    averaged weights, 0 for no averaging. `patience` is the number of validations without improvement before the
    run stops early, 0 for never. `rare_class_fraction` is the fraction of patches that are cut around a class drawn
    with equal probability, so that small classes are sampled (nnU-Net: oversample_foreground_percent).
    """

    run_dir: Path
    table: ClassTable = field(default_factory=ClassTable)
    unlabelled: str = "background"
    minutes: float = 2.0
    steps: int = 0
    preset: str = AUTO
    width: int = 0
    depth: int = 0
    upsampling: str = AUTO
    skips: str = AUTO
    norm: str = AUTO
    encoder: str = ""
    head: str = AUTO
    loss: str = AUTO
    class_weights: str = NONE
    deep_supervision: bool = False
    patch_size: int = 0
    batch_size: int = 0
    accumulate: int = 1
    optimiser: str = ADAMW
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    schedule: str = ONE_CYCLE
    ema_decay: float = 0.98
    patience: int = 0
    rare_class_fraction: float = 0.33
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
        for key, allowed in ALLOWED_VALUES.items():
            if getattr(self, key) not in allowed:
                raise TrainingError(f"{key} is {getattr(self, key)!r}; it must be one of {', '.join(allowed)}")
        if not (self.steps > 0 or self.minutes > 0):
            raise TrainingError("the run has no end; set minutes or steps above 0")
        for key, low, high in _RANGES:
            value = getattr(self, key)
            if not low <= value <= high:
                raise TrainingError(f"{key} is {value}; it must be between {low} and {high}")

    def with_texts(self, texts: Mapping[str, str]) -> TrainConfig:
        """A copy with fields parsed from text; of an old and a new name of one key the later entry counts.

        Raises TrainingError for an unknown key or a value that does not parse.
        """
        keys = [f.name for f in fields(self) if f.name not in _NOT_SETTABLE]
        values: dict[str, Any] = {}
        for name, text in texts.items():
            key = RENAMED_KEYS.get(name, name)
            if key not in keys:
                raise TrainingError(f"{name}: unknown setting; the settings are {', '.join(keys)}")
            kind = type(getattr(self, key))
            try:
                values[key] = _parse_bool(text) if kind is bool else kind(text)
            except ValueError as error:
                raise TrainingError(f"{name}={text}: must be of type {kind.__name__}") from error
        return replace(self, **values)

    def network_setting(self, key: str) -> Any:
        """The user's value, else the preset's; 0 or "auto" where neither sets it."""
        own = getattr(self, key)
        return own if own not in (0, AUTO) else PRESETS[self.preset].get(key, own)


def rename_old_keys(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which every old key of a configuration or checkpoint has its present name."""
    return {RENAMED_KEYS.get(key, key): value for key, value in mapping.items()}


def _parse_bool(text: str) -> bool:
    values = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in values:
        raise ValueError(text)
    return values[text.lower()]


def parse_class_weights(text: str, names: list[str]) -> list[float]:
    """'road=1,car=3' as one weight per class, 1 for classes that are not named. Raises TrainingError."""
    weights = [1.0] * len(names)
    for part in text.split(","):
        name, sign, number = part.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not sign or name.strip() not in names or not 0 <= value < 1e6:
            raise TrainingError(
                f"class_weights: {part.strip()!r} is not a weight; write none, median, inverse, or name=weight for "
                f"some of {', '.join(names)}"
            )
        weights[names.index(name.strip())] = value
    return weights


def table_to_json(table: ClassTable) -> list[dict[str, Any]]:
    return [{"name": item.name, "colour": list(item.colour)} for item in table]


def table_from_json(rows: list[dict[str, Any]]) -> ClassTable:
    """Raises ValueError, KeyError or TypeError for malformed rows."""
    classes = []
    for index, row in enumerate(rows):
        red, green, blue = (int(value) for value in row["colour"])
        classes.append(Class(index, str(row["name"]), (red, green, blue)))
    return ClassTable(tuple(classes))


def write_config(config: TrainConfig) -> None:
    """Write `config.json` into the run's folder. Raises FileError."""
    plain = asdict(config) | {"run_dir": config.run_dir.name, "table": table_to_json(config.table)}
    write_text(config.run_dir / CONFIG_FILE, json.dumps(plain, indent=2, ensure_ascii=False) + "\n")


def read_settings(path: Path) -> dict[str, str]:
    """Settings of an earlier `config.json` as text for `with_texts`, under their present keys. Raises TrainingError."""
    try:
        plain = json.loads(path.read_text("utf-8"))
        settings = {key: str(value) for key, value in plain.items() if key not in ("run_dir", "table", "resume")}
    except (OSError, ValueError, AttributeError) as error:
        raise TrainingError(f"{path}: cannot be read as a configuration ({error}); name a config.json") from error
    return rename_old_keys(settings)
