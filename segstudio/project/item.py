"""One picture of a project, with the place of its annotation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from segstudio.errors import FileError
from segstudio.formats import labelme
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
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", text.casefold()) if part]


def find_items(folder: Path, annotation_folder: Path | None) -> Iterator[Item]:
    """Every picture below `folder`, in natural order, folder by folder; hidden folders are passed over."""
    pending = [folder]
    while pending:
        here = pending.pop(0)
        files, below = [], []
        for entry in _entries(here):
            if entry.name.startswith("."):
                continue
            if entry.is_dir() and not entry.is_symlink():
                below.append(entry)
            elif entry.suffix.lower() in SUFFIXES:
                files.append(entry)
        pending[:0] = sorted(below, key=lambda path: natural_key(path.name))
        home = here if annotation_folder is None else annotation_folder / here.relative_to(folder)
        yield from _items_of(folder, files, home)


def _entries(folder: Path) -> list[Path]:
    """What is in a folder; nothing where it may not be read or is an export of VOC's layout."""
    try:
        found = list(folder.iterdir())
    except OSError:
        return []
    names = {path.name for path in found}
    return [] if {"SegmentationClass", "labelmap.txt"} <= names else found


def _items_of(folder: Path, pictures: Iterable[Path], home: Path) -> Iterator[Item]:
    """Of several pictures with one stem, one owns STEM.json; the others have their suffix in the name too."""
    ordered = sorted(pictures, key=lambda path: natural_key(path.name))
    of_stem: dict[str, list[Path]] = {}
    for picture in ordered:
        of_stem.setdefault(picture.stem.casefold(), []).append(picture)
    for picture in ordered:
        labels = annotation_path(picture, of_stem[picture.stem.casefold()], home)
        yield Item(picture.relative_to(folder).as_posix(), picture, labels)


def annotation_path(picture: Path, rivals: list[Path], home: Path) -> Path:
    """Where the labels of a picture lie; `rivals` are all pictures of its stem there, itself too, in natural order."""
    own = len(rivals) == 1 or picture == _owner(home / f"{picture.stem}.json", rivals)
    return home / f"{picture.stem if own else picture.name}.json"


def _owner(annotation: Path, rivals: list[Path]) -> Path:
    """The picture that the annotation names; the first where it names none of them."""
    try:
        named = Path(labelme.read(annotation, (1, 1)).picture).name
    except FileError:
        named = ""
    return next((picture for picture in rivals if picture.name == named), rivals[0])
