"""Items: the images of a project with the paths of their annotations, and how they are found."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segstudio.errors import FileError
from segstudio.formats.images import IMAGE_SUFFIXES
from segstudio.formats.labelme import labelme_json

HIDDEN: Final = ".segstudio"

TODO, DONE = "todo", "done"
_NUMBER: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, init=False)
class Item:
    """One image. `name` is its path inside the project, with forward slashes; it identifies the item.

    Paths are kept as text, which makes a hundred thousand of them quickly and keeps them small.
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
    """What lists show of an item: the `labels` in its file, its `status`, and why the file cannot be read, or ""."""

    name: str
    has_shapes: bool = False
    status: str = TODO
    labels: tuple[str, ...] = ()
    problem: str = ""

    @property
    def is_annotated(self) -> bool:
        """True if the image is trained on, evaluated and exported: it has shapes, or is done and has none."""
        return self.has_shapes or self.status == DONE


def natural_key(text: str) -> list[str | int]:
    """Sort key that puts a2 before a10."""
    parts: list[str | int] = list(_NUMBER.split(text.casefold()))
    parts[1::2] = map(int, parts[1::2])
    return parts


def find_items(folder: Path, annotation_folder: Path | None) -> Iterator[Item]:
    """Every image below `folder`, in natural order, folder by folder; hidden folders are left out."""
    pending = [folder]
    while pending:
        here = pending.pop(0)
        images, below = _list_folder(here)
        pending[:0] = [here / name for name in sorted(below, key=natural_key)]
        inside = "" if here == folder else f"{here.relative_to(folder).as_posix()}/"
        yield from _make_items(here, images, inside, annotation_folder)


def _list_folder(folder: Path) -> tuple[list[str], list[str]]:
    """Names of images and of folders; none where the folder cannot be read or is an export in VOC's layout."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return [], []
    if {"SegmentationClass", "labelmap.txt"} <= {entry.name for entry in found}:
        return [], []
    images = [e.name for e in found if _suffix(e.name) in IMAGE_SUFFIXES and not e.is_dir()]
    return images, [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]


def _make_items(here: Path, images: list[str], inside: str, annotation_folder: Path | None) -> Iterator[Item]:
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
            labels = find_annotation_path(here / name, [here / each for each in rivals], home)
        yield Item(f"{inside}{name}", f"{here}{os.sep}{name}", labels)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _suffix(name: str) -> str:
    """Suffix of a name that does not begin with a dot; Path.suffix takes ten times as long."""
    return f".{name.rpartition('.')[2].lower()}"


def find_annotation_path(image: Path, rivals: list[Path], home: Path) -> Path:
    """STEM.json or, where another image owns that file, NAME.json in `home`.

    `rivals` are all images of the stem in the image's folder, itself too, in natural order.
    """
    owned = len(rivals) == 1 or image == _find_owner(home / f"{image.stem}.json", rivals)
    return home / f"{image.stem if owned else image.name}.json"


def _find_owner(annotation: Path, rivals: list[Path]) -> Path:
    """The image that the annotation names; the first where it names none of them."""
    try:
        named = Path(labelme_json.read(annotation, (1, 1), pixels=False).image).name
    except FileError:
        named = ""
    return next((image for image in rivals if image.name == named), rivals[0])
