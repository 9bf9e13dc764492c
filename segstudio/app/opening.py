"""Opening paths: what a path is, which project and image it means, and reading a project's items in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from segstudio.core.metrics import ConfusionMatrix
from segstudio.errors import ProjectError
from segstudio.formats.dataset import ReadOptions
from segstudio.formats.images import IMAGE_SUFFIXES
from segstudio.formats.registry import detect
from segstudio.project.index import Index, scan
from segstudio.project.item import Item, ItemState
from segstudio.project.project import Project
from segstudio.project.runs import list_trained_runs

_BATCH = 500


@dataclass(frozen=True)
class Target:
    """The folder to open as a project, and the image to show first: `select` is its path, that of its labels, or ""."""

    folder: Path
    select: str = ""

    def means(self, item: Item) -> bool:
        """True if `select` is the path of the item's image or of its labels."""
        return bool(self.select) and self.select in (item.image_file, item.annotation_file)


@dataclass(frozen=True)
class Detected:
    """`format_name` is "" for a path that is opened rather than imported."""

    path: Path
    format_name: str = ""


@dataclass(frozen=True)
class RunScores:
    """What the index has of a run: confusion matrices and mean uncertainties, by image."""

    run: str
    matrices: dict[str, ConfusionMatrix]
    uncertainties: dict[str, float]

    __hash__ = None  # type: ignore[assignment]


def resolve(path: Path, project: Path | None = None) -> Target:
    """A folder, an image, or a labelme file beside its image; an image of `project` where that is given.

    Raises ProjectError for any other path.
    """
    if not path.exists():
        raise ProjectError(f"{path}: there is no such file or folder; open a folder of images")
    if project is not None and path != project:
        return Target(project, str(path))
    if path.is_dir():
        return Target(path)
    if path.suffix.lower() in IMAGE_SUFFIXES or path.suffix.lower() == ".json":
        return Target(path.parent, str(path))
    raise ProjectError(f"{path}: is neither a folder nor an image; open a folder of images")


def detect_path(path: Path) -> Iterator[Detected]:
    """Decide whether a path is opened or imported. Reads files: run it in a job."""
    if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
        yield Detected(path)
        return
    found = detect(path, ReadOptions())
    name = found.reader.name if found.reader else ""
    images_here = path.is_dir() and any(each.suffix.lower() in IMAGE_SUFFIXES for each in path.iterdir())
    opened = name == "labelme" or (not name and images_here) or (path / ".segstudio").is_dir()
    yield Detected(path, "" if opened else name or "auto")


def list_items(project: Project) -> Iterator[list[Item]]:
    """In growing batches, because the list is rebuilt for each."""
    items, size = project.items(), _BATCH
    while batch := list(islice(items, size)):
        yield batch
        size *= 4


def read_states(project: Project, items: list[Item]) -> Iterator[list[ItemState] | RunScores]:
    """States in growing batches, then the scores of the newest run."""
    held: list[ItemState] = []
    size = _BATCH
    for event in scan(project, items):
        if isinstance(event, ItemState):
            held.append(event)
        elif len(held) >= size:  # the window counts the whole list for each batch
            yield held
            held, size = [], size * 4
    yield held
    runs = list_trained_runs(project)
    if runs:
        yield read_scores(project, runs[-1])


def read_scores(project: Project, run: str) -> RunScores:
    """From the index."""
    with Index(project.index_file) as index:
        return RunScores(run, index.read_matrices(run, project.table.names), index.read_uncertainties(run))
