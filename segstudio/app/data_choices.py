"""What the user chose for an import or an export, and the folders that are proposed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from segstudio.formats.dataset import ReadOptions
from segstudio.formats.writer import ExportOptions, Writer


@dataclass(frozen=True)
class ImportChoices:
    """A dataset, how to read it, and the project folder that receives it."""

    source: Path
    format_name: str
    options: ReadOptions
    folder: Path


@dataclass(frozen=True)
class ExportChoices:
    """A format with its options, and a new folder."""

    writer: Writer
    options: ExportOptions
    folder: Path


def propose_project_folder(source: Path) -> Path:
    """Beside the dataset, not inside it."""
    home = source.parent if source.is_file() else source
    return home.with_name(f"{home.name}-project")


def propose_export_folder(project: Path, format_name: str) -> Path:
    """Beside the project: named after it and the format, with the first number that is free."""
    folder = free = project.with_name(f"{project.name}-{format_name}")
    number = 2
    while free.exists():
        free, number = folder.with_name(f"{folder.name}-{number}"), number + 1
    return free
