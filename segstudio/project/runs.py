"""Where runs lie, and how they are named."""

from __future__ import annotations

from pathlib import Path

from segstudio.errors import ProjectError
from segstudio.project.project import Project

_WEIGHTS = "best.safetensors"
_STATES = ("last.ckpt", "previous.ckpt")


def run_folder(project: Project, name: str) -> Path:
    """Raises ProjectError for a name that would lead elsewhere."""
    if not name or name in (".", "..") or set(name) & set('/\\:*?"<>|'):
        raise ProjectError(f"{name!r} cannot be the name of a run; use letters, digits, - and _")
    return project.runs_folder / name


def run_names(project: Project) -> list[str]:
    """Runs that have weights, the oldest first."""
    if not project.runs_folder.is_dir():
        return []
    folders = [path for path in project.runs_folder.iterdir() if (path / _WEIGHTS).is_file()]
    return [path.name for path in sorted(folders, key=lambda path: (path / _WEIGHTS).stat().st_mtime)]


def newest_run(project: Project, launch: str = "") -> str:
    """The run that was written to last and can be gone on with, or ""; only of that start of torchrun, if named."""
    folders = {path.parent for name in _STATES for path in project.runs_folder.glob(f"*/{name}")}
    if launch:
        folders = {folder for folder in folders if _text(folder / "launch.txt") == launch}
    return max(folders, key=_changed).name if folders else ""


def _changed(folder: Path) -> float:
    return max((folder / name).stat().st_mtime for name in _STATES if (folder / name).is_file())


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


def taken_names(project: Project) -> set[str]:
    """Names that a new run cannot have."""
    return {path.name for path in project.runs_folder.iterdir()} if project.runs_folder.is_dir() else set()


def new_run_name(project: Project) -> str:
    """run-1, run-2 …"""
    taken, number = taken_names(project), 1
    while f"run-{number}" in taken:
        number += 1
    return f"run-{number}"


def weights_file(project: Project, weights: str) -> Path:
    """The weights of a run by its name, or the file or run folder named. Raises ProjectError."""
    named = Path(weights)
    if named.is_file():
        return named
    folder = named if named.is_dir() else project.runs_folder / named.name
    if (folder / _WEIGHTS).is_file():
        return folder / _WEIGHTS
    there = ", ".join(run_names(project)) or "none yet"
    raise ProjectError(f"{weights}: is no run of this project and no weights file; its runs are: {there}")
