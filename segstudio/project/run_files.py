"""Runs as they lie on disk: what a list of them shows, and renaming and deleting them."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segstudio.errors import FileError, ProjectError
from segstudio.project.index import Index
from segstudio.project.project import Project
from segstudio.project.runs import run_folder

_SHOWN_FILES = ("config.json", "metrics.jsonl", "best.safetensors", "last.ckpt")


@dataclass(frozen=True)
class RunInfo:
    """One run. `rows` are its judgements (step, time_s, loss, miou, iou by class …); `choices` its configuration.

    `has_weights` says that it can predict, `resumable` that it can be gone on with.
    """

    name: str
    folder: Path
    changed_s: float
    rows: tuple[dict[str, Any], ...] = ()
    choices: dict[str, Any] = field(default_factory=dict)
    has_weights: bool = False
    resumable: bool = False

    __hash__ = None  # type: ignore[assignment]

    @property
    def best_miou(self) -> float:
        values = [row.get("miou") for row in self.rows]
        known = [float(value) for value in values if isinstance(value, int | float)]
        return max(known, default=math.nan)

    @property
    def steps(self) -> int:
        return max((int(row.get("step", 0)) for row in self.rows), default=0)

    @property
    def seconds(self) -> float:
        return max((float(row.get("time_s", 0)) for row in self.rows), default=0.0)


def read_runs(project: Project) -> list[RunInfo]:
    """The newest first. A file that cannot be read leaves its part of the figures empty."""
    if not project.runs_folder.is_dir():
        return []
    folders = [path for path in project.runs_folder.iterdir() if any((path / name).is_file() for name in _SHOWN_FILES)]
    return sorted((read_run(folder) for folder in folders), key=lambda run: -run.changed_s)


def read_run(folder: Path) -> RunInfo:
    times = [(folder / name).stat().st_mtime for name in _SHOWN_FILES if (folder / name).is_file()]
    return RunInfo(
        folder.name,
        folder,
        max(times, default=0.0),
        tuple(_rows(folder / "metrics.jsonl")),
        _plain(folder / "config.json"),
        (folder / "best.safetensors").is_file(),
        (folder / "last.ckpt").is_file() or (folder / "previous.ckpt").is_file(),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    try:
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if isinstance(row, dict):
                rows.append(row)
    except (OSError, ValueError):
        return rows
    return rows


def _plain(path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return plain if isinstance(plain, dict) else {}


def split_of(folder: Path) -> dict[str, bool]:
    """For each image of a run whether it was held out; empty where the run does not say."""
    plain = _plain(folder / "split.json")
    sides = {"train": False, "val": True}
    return {str(name): held for key, held in sides.items() for name in _list(plain.get(key))}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def rename_run(project: Project, name: str, new_name: str) -> None:
    """Raises ProjectError or FileError."""
    target = run_folder(project, new_name)
    if target.exists():
        raise ProjectError(f"{new_name}: there is a run of this name; choose another")
    try:
        run_folder(project, name).rename(target)
    except OSError as error:
        raise FileError(target, f"could not be renamed ({error.strerror})", "check the folder's rights") from error
    with Index(project.index_file) as index:
        index.rename_run(name, new_name)


def delete_run(project: Project, name: str) -> None:
    """All its files. Raises ProjectError or FileError."""
    folder = run_folder(project, name)
    if folder.is_symlink() or not folder.is_dir():
        raise ProjectError(f"{name}: is no run of this project")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise FileError(folder, f"could not be deleted ({error.strerror})", "check the folder's rights") from error
    with Index(project.index_file) as index:
        index.forget_run(name)


def differing_choices(runs: list[RunInfo]) -> list[tuple[str, list[str]]]:
    """Choices that are not the same in all of these runs, with the value in each."""
    keys = sorted({key for run in runs for key in run.choices} - {"run_dir", "table", "resume"})
    rows = [(key, [str(run.choices.get(key, "")) for run in runs]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]
