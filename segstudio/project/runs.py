"""Runs on disk: names, folders and weights, what a list of runs shows, renaming and deleting."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from segstudio.errors import FileError, ProjectError
from segstudio.project.free_names import find_free_name
from segstudio.project.index import Index
from segstudio.project.project import Project
from segstudio.run_layout import (
    BEST_WEIGHTS,
    CONFIG_FILE,
    LAST_STATE,
    LAUNCH_FILE,
    METRICS_FILE,
    PREVIOUS_STATE,
    SPLIT_FILE,
)

_STATES: Final = (LAST_STATE, PREVIOUS_STATE)
_SHOWN_FILES: Final = (CONFIG_FILE, METRICS_FILE, BEST_WEIGHTS, LAST_STATE)
_NEARLY: Final = 0.99  # of its minutes: a run by time ends a little before them
_NOT_COMPARED: Final = frozenset({"run_dir", "table", "resume"})


@dataclass(frozen=True)
class RunInfo:
    """One run. `rows` are its validations (step, time_s, loss, miou, iou by class …); `config` its configuration.

    `has_weights` is True if it can predict, `resumable` if its training can go on.
    """

    name: str
    folder: Path
    changed_s: float
    rows: tuple[dict[str, Any], ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    has_weights: bool = False
    resumable: bool = False

    __hash__ = None  # type: ignore[assignment]

    @property
    def best_miou(self) -> float:
        """The best of its validations; NaN where there is none."""
        values = [row.get("miou") for row in self.rows]
        known = [float(value) for value in values if isinstance(value, int | float) and math.isfinite(value)]
        return max(known, default=math.nan)

    @property
    def steps(self) -> int:
        return max((int(row.get("step", 0)) for row in self.rows), default=0)

    @property
    def seconds(self) -> float:
        return max((float(row.get("time_s", 0)) for row in self.rows), default=0.0)


def is_run_name(name: str) -> bool:
    """True for a name that is one folder inside the project's runs, on every system."""
    return bool(name) and name not in (".", "..") and not set(name) & set('/\\:*?"<>|')


def run_folder(project: Project, name: str) -> Path:
    """Where the run is or would be. Raises ProjectError for a name that would lead elsewhere."""
    if not is_run_name(name):
        raise ProjectError(f"{name!r} cannot be the name of a run; use letters, digits, - and _")
    return project.runs_folder / name


def list_run_names(project: Project) -> set[str]:
    """Names that a new run cannot have."""
    return {path.name for path in project.runs_folder.iterdir()} if project.runs_folder.is_dir() else set()


def find_free_run_name(project: Project) -> str:
    """run-1, or the next number that is free."""
    return find_free_name("run", list_run_names(project), first=1)


def list_trained_runs(project: Project) -> list[str]:
    """Names of the runs that have weights, the oldest first."""
    if not project.runs_folder.is_dir():
        return []
    folders = [path for path in project.runs_folder.iterdir() if (path / BEST_WEIGHTS).is_file()]
    return [path.name for path in sorted(folders, key=lambda path: (path / BEST_WEIGHTS).stat().st_mtime)]


def find_resumable_run(project: Project, launch: str = "") -> str:
    """Name of the run that was written to last and can be resumed, or "".

    Only of the start of torchrun with the id `launch`, where that is given.
    """
    folders = {path.parent for name in _STATES for path in project.runs_folder.glob(f"*/{name}")}
    if launch:
        folders = {folder for folder in folders if _read_text(folder / LAUNCH_FILE) == launch}
    return max(folders, key=lambda folder: _changed_s(folder, _STATES)).name if folders else ""


def find_weights(project: Project, weights: str) -> Path:
    """The weights of a run by its name, or else of a file or folder of a run. Raises ProjectError."""
    named = Path(weights)
    run = project.runs_folder / named if is_run_name(weights) else named
    candidates = (run / BEST_WEIGHTS, named, named / BEST_WEIGHTS)
    found = next((path for path in candidates if path.is_file()), None)
    if found is not None:
        return found
    there = ", ".join(list_trained_runs(project)) or "none yet"
    raise ProjectError(f"{weights}: is neither a run of this project nor a weights file; its runs are: {there}")


def read_runs(project: Project) -> list[RunInfo]:
    """All runs, the newest first. Of a file that cannot be read the values stay empty."""
    if not project.runs_folder.is_dir():
        return []
    folders = [path for path in project.runs_folder.iterdir() if any((path / name).is_file() for name in _SHOWN_FILES)]
    return sorted((read_run(folder) for folder in folders), key=lambda run: -run.changed_s)


def read_run(folder: Path) -> RunInfo:
    return RunInfo(
        name=folder.name,
        folder=folder,
        changed_s=_changed_s(folder, _SHOWN_FILES),
        rows=tuple(_read_rows(folder / METRICS_FILE)),
        config=_read_object(folder / CONFIG_FILE),
        has_weights=(folder / BEST_WEIGHTS).is_file(),
        resumable=any((folder / name).is_file() for name in _STATES),
    )


def read_split(folder: Path) -> dict[str, bool]:
    """For each image of a run whether it was held out from training; empty where the run's split cannot be read."""
    split = _read_object(folder / SPLIT_FILE)
    names = {key: split[key] if isinstance(split.get(key), list) else [] for key in ("train", "val")}
    return {str(name): key == "val" for key in names for name in names[key]}


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
    """Delete all its files. Raises ProjectError or FileError."""
    folder = run_folder(project, name)
    if folder.is_symlink() or not folder.is_dir():
        raise ProjectError(f"{name}: is not a run of this project")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise FileError(folder, f"could not be deleted ({error.strerror})", "check the folder's rights") from error
    with Index(project.index_file) as index:
        index.delete_run(name)


def compare_configs(runs: list[RunInfo]) -> list[tuple[str, list[str]]]:
    """The keys whose values differ between these runs, with the value of each run."""
    keys = sorted({key for run in runs for key in run.config} - _NOT_COMPARED)
    rows = [(key, [str(run.config.get(key, "")) for run in runs]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]


def _changed_s(folder: Path, names: tuple[str, ...]) -> float:
    """When one of these files was written last; 0 where there is none."""
    return max(((folder / name).stat().st_mtime for name in names if (folder / name).is_file()), default=0.0)


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""


def _read_rows(path: Path) -> list[dict[str, Any]]:
    """Up to the first line that cannot be read: a run that was killed may have written half of one."""
    rows = []
    for line in _read_text(path).splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            break
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _read_object(path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(_read_text(path))
    except ValueError:
        return {}
    return plain if isinstance(plain, dict) else {}


def is_finished(run: RunInfo) -> bool:
    """True if a run has done the steps or the minutes of its configuration, or cannot be resumed."""
    steps, minutes = float(run.config.get("steps") or 0), float(run.config.get("minutes") or 0)
    done = (steps and run.steps >= steps) or (minutes and run.seconds >= _NEARLY * 60 * minutes)
    return bool(done) or not run.resumable
