"""One image of a project, with the place of its annotation."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from segstudio.errors import FileError
from segstudio.formats.images import SUFFIXES
from segstudio.formats.labelme import json as labelme

HIDDEN = ".segstudio"

TODO, DONE = "todo", "done"
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, init=False)
class Item:
    """`name` is the image's path inside the project, with forward slashes; it identifies the item.

    Paths are kept as text: a hundred thousand of them are quickly made and small.
    """

    name: str
    image_file: str
    annotation_file: str

    def __init__(self, name: str, image: Path | str, annotation_path: Path | str) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "image_file", str(image))
        object.__setattr__(self, "annotation_file", str(annotation_path))

    @property
    def image(self) -> Path:
        return Path(self.image_file)

    @property
    def annotation_path(self) -> Path:
        return Path(self.annotation_file)


@dataclass(frozen=True)
class ItemState:
    """What the index knows: `labels` in the file, its `status`, and why it cannot be read, if so."""

    name: str
    labelled: bool = False
    status: str = TODO
    labels: tuple[str, ...] = ()
    problem: str = ""


def natural_key(text: str) -> list[str | int]:
    """Sorts a2 before a10: words and numbers in turn."""
    parts: list[str | int] = list(_NUMBER.split(text.casefold()))
    parts[1::2] = map(int, parts[1::2])
    return parts


def find_items(folder: Path, annotation_folder: Path | None) -> Iterator[Item]:
    """Every image below `folder`, in natural order, folder by folder; hidden folders are passed over."""
    pending = [folder]
    while pending:
        here = pending.pop(0)
        images, below = _contents(here)
        pending[:0] = [here / name for name in sorted(below, key=natural_key)]
        inside = "" if here == folder else f"{here.relative_to(folder).as_posix()}/"
        yield from _items_of(here, images, inside, annotation_folder)


def _contents(folder: Path) -> tuple[list[str], list[str]]:
    """Names of images and of folders; none where it may not be read or is an export of VOC's layout."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return [], []
    if {"SegmentationClass", "labelmap.txt"} <= {entry.name for entry in found}:
        return [], []
    images = [e.name for e in found if _suffix(e.name) in SUFFIXES and not e.is_dir()]
    return images, [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]


def _items_of(here: Path, images: list[str], inside: str, annotation_folder: Path | None) -> Iterator[Item]:
    """Of several images with one stem, one owns STEM.json; the others have their suffix in the name too."""
    home = here if annotation_folder is None else annotation_folder / inside
    of_stem: dict[str, list[str]] = {}
    ordered = sorted(images, key=natural_key)
    for name in ordered:
        of_stem.setdefault(_stem(name).casefold(), []).append(name)
    for name in ordered:
        stem = _stem(name)
        rivals = of_stem[stem.casefold()]
        labels: Path | str = f"{home}{os.sep}{stem}.json"
        if len(rivals) > 1:
            labels = annotation_path(here / name, [here / each for each in rivals], home)
        yield Item(f"{inside}{name}", f"{here}{os.sep}{name}", labels)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _suffix(name: str) -> str:
    """Of a name that does not begin with a dot; Path.suffix takes ten times as long."""
    return f".{name.rpartition('.')[2].lower()}"


def annotation_path(image: Path, rivals: list[Path], home: Path) -> Path:
    """Where the labels of an image lie; `rivals` are all images of its stem there, itself too, in natural order."""
    own = len(rivals) == 1 or image == _owner(home / f"{image.stem}.json", rivals)
    return home / f"{image.stem if own else image.name}.json"


def _owner(annotation: Path, rivals: list[Path]) -> Path:
    """The image that the annotation names; the first where it names none of them."""
    try:
        named = Path(labelme.read(annotation, (1, 1), pixels=False).image).name
    except FileError:
        named = ""
    return next((image for image in rivals if image.name == named), rivals[0])
