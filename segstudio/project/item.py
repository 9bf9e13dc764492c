"""One picture of a project, with the place of its annotation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from segstudio.formats.images import SUFFIXES

HIDDEN = ".segstudio"

TODO, DONE = "todo", "done"


@dataclass(frozen=True)
class Item:
    """`name` is the picture's path inside the project, with forward slashes; it identifies the item."""

    name: str
    picture: Path
    annotation_path: Path


@dataclass(frozen=True)
class ItemState:
    """What the index knows: `labels` in the file, its `status`, and why it cannot be read, if so."""

    name: str
    labelled: bool = False
    status: str = TODO
    labels: tuple[str, ...] = ()
    problem: str = ""


def natural_key(text: str) -> list[tuple[int, int | str]]:
    """Sorts a2 before a10."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", text.casefold()) if part]


def find_items(folder: Path, annotation_folder: Path | None) -> Iterator[Item]:
    """Every picture below `folder`, in natural order, folder by folder; hidden folders are passed over."""
    pending = [folder]
    while pending:
        here = pending.pop(0)
        files, below = [], []
        for entry in here.iterdir():
            if entry.name.startswith("."):
                continue
            if entry.is_dir() and not entry.is_symlink():
                below.append(entry)
            elif entry.suffix.lower() in SUFFIXES:
                files.append(entry)
        pending[:0] = sorted(below, key=lambda path: natural_key(path.name))
        yield from _items_of(folder, files, annotation_folder)


def _items_of(folder: Path, pictures: Iterable[Path], annotation_folder: Path | None) -> Iterator[Item]:
    """Of two pictures with one stem the second has its suffix in the name of its annotation too."""
    taken: set[str] = set()
    for picture in sorted(pictures, key=lambda path: natural_key(path.name)):
        stem = picture.stem if picture.stem not in taken else picture.name
        taken.add(stem)
        name = picture.relative_to(folder)
        home = picture.parent if annotation_folder is None else annotation_folder / name.parent
        yield Item(name.as_posix(), picture, home / f"{stem}.json")
