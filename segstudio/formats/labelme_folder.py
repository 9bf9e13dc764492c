"""A folder of labelme files with their pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.errors import FileError, SegstudioError
from segstudio.formats import class_list, labelme
from segstudio.formats.images import SUFFIXES, picture_size
from segstudio.formats.source import Entry, Source, SourceOptions


def reason_not(root: Path, options: SourceOptions) -> str | None:
    """Why `root` is not such a folder, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    first = next(iter(sorted(root.glob("*.json"))), None)
    if first is None:
        return "it has no .json files"
    try:
        labelme.read(first, size=(1, 1))
    except SegstudioError as error:
        return str(error)
    return None


def open_source(root: Path, options: SourceOptions) -> Source:
    labels = options.labels or class_list_near(root)
    entries = [
        Entry(path.stem, _picture_of(path, options.images or root), partial(_read, path, options.images or root))
        for path in sorted(root.glob("*.json"))
    ]
    return Source(class_list.read(labels) if labels else None, "background", entries)


def class_list_near(folder: Path) -> Path | None:
    """`labels.txt` in the folder, or labelme's own beside it, as labelme's examples have it."""
    if (folder / "labels.txt").is_file():
        return folder / "labels.txt"
    beside = folder.parent / "labels.txt"
    return beside if beside.is_file() and class_list.is_labelmes(beside) else None


def _read(path: Path, images: Path) -> tuple[Annotation, tuple[str, ...]]:
    found = labelme.read(path, picture_size(_picture_of(path, images)))
    return found.annotation, found.notes


def _picture_of(path: Path, images: Path) -> Path:
    """The picture with the JSON's stem; the path inside the file may lead anywhere and is not followed."""
    for suffix in sorted(SUFFIXES):
        for variant in (suffix, suffix.upper()):
            if (images / f"{path.stem}{variant}").is_file():
                return images / f"{path.stem}{variant}"
    raise FileError(path, f"has no picture named {path.stem}.* in {images}", "put the picture there")
