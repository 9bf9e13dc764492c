"""A folder of labelme files with their pictures."""

from __future__ import annotations

from functools import partial
from itertools import islice
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.errors import FileError, SegstudioError
from segstudio.formats import class_list, labelme
from segstudio.formats.images import SUFFIXES, picture_size
from segstudio.formats.source import Entry, Source, SourceOptions

_MOST_ASKED = 20  # files that are looked into before a folder is declined


def reason_not(root: Path, options: SourceOptions) -> str | None:
    """Why `root` is not such a folder, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    reason = "it has no .json files"
    for path in islice(sorted(root.glob("*.json")), _MOST_ASKED):
        try:
            labelme.read(path, size=(1, 1))
        except SegstudioError as error:
            reason = str(error)
        else:
            return None
    return reason


def open_source(root: Path, options: SourceOptions) -> Source:
    labels = options.labels or class_list_near(root)
    entries = [
        Entry(path.stem, partial(_read, path, root, options.images or root)) for path in sorted(root.glob("*.json"))
    ]
    return Source(class_list.read_labels(labels) if labels else None, "background", entries)


def class_list_near(folder: Path) -> Path | None:
    """`labels.txt` in the folder, or labelme's own beside it, as labelme's examples have it."""
    if (folder / "labels.txt").is_file():
        return folder / "labels.txt"
    beside = folder.parent / "labels.txt"
    return beside if beside.is_file() and class_list.is_labelmes(beside) else None


def _read(path: Path, root: Path, images: Path) -> tuple[Path, Annotation, tuple[str, ...]]:
    picture = _picture_of(path, root, images)
    found = labelme.read(path, picture_size(picture))
    return picture, found.annotation, found.notes


def _picture_of(path: Path, root: Path, images: Path) -> Path:
    """The picture that the file names, if it lies beside the folder or in it; else the one with the JSON's stem."""
    named = (path.parent / labelme.read(path, size=(1, 1)).picture).resolve()
    if named.is_file() and named.suffix.lower() in SUFFIXES and named.is_relative_to(root.resolve().parent):
        return named
    for suffix in sorted(SUFFIXES):
        for variant in (suffix, suffix.upper()):
            if (images / f"{path.stem}{variant}").is_file():
                return images / f"{path.stem}{variant}"
    raise FileError(path, f"has no picture named {path.stem}.* in {images}", "put the picture there")
