"""labelme files with their pictures: a folder of them, folders in it too, or one file."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from segstudio.errors import FormatError, SegstudioError
from segstudio.formats import class_list, labelme
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import picture_size
from segstudio.formats.pictures import Pictures, pictures_left, pictures_of
from segstudio.formats.scratch import Scratch
from segstudio.formats.source import Entry, Reading, Source, SourceOptions

_MAGIC: Final = {b"\xff\xd8": ".jpg", b"\x89PNG": ".png", b"BM": ".bmp", b"II": ".tif", b"MM": ".tif"}
_MOST_ASKED: Final = 20  # files that are looked into before a folder is declined
_LARGEST: Final = 256 << 20  # no file of one picture's labels is larger


def reason_not(root: Path, options: SourceOptions) -> str | None:
    """Why `root` is not such a folder or file, or None if it is."""
    return reason_of_first(root, lambda path: labelme.read(path, size=(1, 1), pixels=False))


def reason_of_first(root: Path, read: Callable[[Path], object]) -> str | None:
    """None if any of the first .json files can be read; else why the last of them cannot."""
    reason = "it has no .json files"
    for path in islice(json_files(root), _MOST_ASKED):
        try:
            if path.stat().st_size > _LARGEST:
                reason = f"{path.name} is too large for the labels of one picture"
                continue
            read(path)
        except (SegstudioError, OSError) as error:
            reason = str(error)
        else:
            return None
    return reason


def open_source(root: Path, options: SourceOptions) -> Source:
    base = root.parent if root.is_file() else root
    labels = options.labels or class_list_near(base)
    pictures = Pictures(options.images) if options.images else pictures_of(base)
    scratch = Scratch()
    entries = [Entry(entry_name(path, base), partial(_read, path, pictures, scratch)) for path in json_files(root)]
    table = class_list.read_labels(labels) if labels else None
    known = {entry.name.rpartition("/")[2].casefold() for entry in entries}
    lone = [] if root.is_file() else [n for n in pictures.by_name() if n.rpartition("/")[2].casefold() not in known]
    return Source(table, "background", entries, None, (pictures_left(lone),) if lone else ())


def json_files(root: Path) -> list[Path]:
    """The file itself, or every .json below a folder, hidden folders left out."""
    if root.is_file():
        return [root] if root.suffix.lower() == ".json" else []
    found = (path for path in root.rglob("*.json") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))


def entry_name(path: Path, base: Path) -> str:
    """A file's place in its folder, without suffix: the name of its picture in a project."""
    return path.relative_to(base).with_suffix("").as_posix()


def class_list_near(folder: Path) -> Path | None:
    """`labels.txt` in the folder, or labelme's own beside it, as labelme's examples have it."""
    if (folder / "labels.txt").is_file():
        return folder / "labels.txt"
    beside = folder.parent / "labels.txt"
    return beside if beside.is_file() and class_list.is_labelmes(beside) else None


def _read(path: Path, pictures: Pictures, scratch: Scratch) -> Reading:
    glance = labelme.read(path, size=(1, 1), pixels=False)
    try:
        picture, note = _picture_of(path, glance.picture, pictures)
    except SegstudioError:
        if not isinstance(glance.annotation.extra.get("imageData"), str):
            raise
        picture, note = _embedded(path, glance, scratch), "its picture was taken out of the labels file"
    found = labelme.read(path, picture_size(picture))
    return Reading(picture, found.annotation, (*found.notes, *([note] if note else [])), complete=False)


def _embedded(path: Path, glance: labelme.LabelmeFile, scratch: Scratch) -> Path:
    """The picture in `imageData`, as a file."""
    try:
        data = base64.b64decode(glance.annotation.extra["imageData"], validate=False)
    except (ValueError, binascii.Error) as error:
        raise FormatError(path, f"holds a picture that cannot be decoded ({error})", "put the picture there") from error
    kind = next((suffix for start, suffix in _MAGIC.items() if data.startswith(start)), ".png")
    target = scratch.folder / f"{len(list(scratch.folder.iterdir()))}" / f"{path.stem}{kind}"
    write_bytes(target, data, durable=False)
    return target


def _picture_of(path: Path, named: str, pictures: Pictures) -> tuple[Path, str]:
    """The picture that the file names, seen from its own folder, if it lies among the pictures; else by its stem."""
    beside = os.path.normpath(path.parent / named) if named and "\0" not in named else ""
    if beside and Path(beside).is_relative_to(pictures.root):
        try:
            return pictures.named(Path(beside).relative_to(pictures.root).as_posix(), path.parent.name, path)
        except SegstudioError:
            pass
    try:
        picture = pictures.of_stem(path.stem, path.parent.name, path)
    except SegstudioError:
        return pictures.named(named or path.stem, path.parent.name, path)
    return picture, _said_otherwise(named, picture.name)


def _said_otherwise(named: str, taken: str) -> str:
    return f"names {named[:120]} as its picture; {taken} was taken" if named and Path(named).name != taken else ""
