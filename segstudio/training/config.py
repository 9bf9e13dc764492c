"""Every choice of a training run, as one value that can be written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from segstudio.core.classes import Class, ClassTable
from segstudio.errors import TrainingError
from segstudio.formats.atomic import write_text


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """0 means: chosen from device and data. A run ends at `minutes` or `steps`, whichever comes first."""

    run_dir: Path
    table: ClassTable = field(default_factory=ClassTable)
    unlabelled: str = "background"
    minutes: float = 2.0
    steps: int = 0
    width: int = 0
    depth: int = 0
    up: str = "transposed"
    patch: int = 0
    batch: int = 0
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    augment: bool = True
    vertical_flip: str = "auto"
    device: str = "auto"
    seed: int = 0
    resume: bool = False

    def __post_init__(self) -> None:
        if self.steps <= 0 and self.minutes <= 0:
            raise TrainingError("a run needs an end: set minutes or steps above 0")
        if self.unlabelled not in ("background", "ignore"):
            raise TrainingError(f"unlabelled is {self.unlabelled!r}; it is 'background' or 'ignore'")
        if self.vertical_flip not in ("auto", "yes", "no"):
            raise TrainingError(f"vertical_flip is {self.vertical_flip!r}; it is 'auto', 'yes' or 'no'")
        if self.up not in ("transposed", "bilinear"):
            raise TrainingError(f"up is {self.up!r}; it is 'transposed' or 'bilinear'")
        if self.seed < 0 or not 0 < self.learning_rate < 10 or not 0 <= self.weight_decay < 10:
            raise TrainingError("seed must be 0 or more, learning_rate and weight_decay numbers between 0 and 10")
        if min(self.depth, self.width, self.batch, self.patch) < 0 or self.depth > 8:
            raise TrainingError("width, depth, patch and batch are 0 (automatic) or more, depth at most 8")

    def with_texts(self, texts: Mapping[str, str]) -> TrainConfig:
        """A copy with fields set from what a user typed, all at once; names the fields when a key is none."""
        known = [f.name for f in fields(self) if f.name not in ("run_dir", "table")]
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


def _truth(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


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
    write_text(config.run_dir / "config.json", json.dumps(plain, indent=2, ensure_ascii=False) + "\n")


def read_choices(path: Path) -> dict[str, str]:
    """Choices of an earlier `config.json`, as text for `with_texts`."""
    try:
        plain = json.loads(path.read_text("utf-8"))
        return {key: str(value) for key, value in plain.items() if key not in ("run_dir", "table", "resume")}
    except (OSError, ValueError, AttributeError) as error:
        raise TrainingError(f"{path}: cannot be read as a configuration ({error}); name a config.json") from error
