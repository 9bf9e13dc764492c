"""labelme files with their images: a folder of them, folders in it too, or one file."""

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
from segstudio.formats import class_list
from segstudio.formats.atomic import write_bytes
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import ImageFinder, images_left, images_of
from segstudio.formats.images import image_size
from segstudio.formats.labelme import labelme_json
from segstudio.formats.temporary_folder import Scratch

_MAGIC: Final = {b"\xff\xd8": ".jpg", b"\x89PNG": ".png", b"BM": ".bmp", b"II": ".tif", b"MM": ".tif"}
_MOST_ASKED: Final = 20  # files that are looked into before a folder is declined
_LARGEST: Final = 256 << 20  # no file of one image's labels is larger


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not such a folder or file, or None if it is."""
    return reason_of_first(root, lambda path: labelme_json.read(path, size=(1, 1), pixels=False))


def reason_of_first(root: Path, read: Callable[[Path], object]) -> str | None:
    """None if any of the first .json files can be read; else why the last of them cannot."""
    reason = "it has no .json files"
    for path in islice(json_files(root), _MOST_ASKED):
        try:
            if path.stat().st_size > _LARGEST:
                reason = f"{path.name} is too large for the labels of one image"
                continue
            read(path)
        except (SegstudioError, OSError) as error:
            reason = str(error)
        else:
            return None
    return reason


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    base = root.parent if root.is_file() else root
    labels = options.labels or find_class_list(base)
    images = ImageFinder(options.images) if options.images else images_of(base)
    scratch = Scratch()
    entries = [DatasetEntry(entry_name(path, base), partial(_read, path, images, scratch)) for path in json_files(root)]
    table = class_list.read_labels(labels) if labels else None
    known = {entry.name.rpartition("/")[2].casefold() for entry in entries}
    lone = [] if root.is_file() else [n for n in images.by_name() if n.rpartition("/")[2].casefold() not in known]
    return DatasetReader(table, "background", entries, None, (images_left(lone),) if lone else ())


def json_files(root: Path) -> list[Path]:
    """The file itself, or every .json below a folder, hidden folders left out."""
    if root.is_file():
        return [root] if root.suffix.lower() == ".json" else []
    found = (path for path in root.rglob("*.json") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))


def entry_name(path: Path, base: Path) -> str:
    """A file's place in its folder, without suffix: the name of its image in a project."""
    return path.relative_to(base).with_suffix("").as_posix()


def find_class_list(folder: Path) -> Path | None:
    """`labels.txt` in the folder, or labelme's own beside it, as labelme's examples have it."""
    if (folder / "labels.txt").is_file():
        return folder / "labels.txt"
    beside = folder.parent / "labels.txt"
    return beside if beside.is_file() and class_list.is_labelmes(beside) else None


def _read(path: Path, images: ImageFinder, scratch: Scratch) -> ImportedImage:
    glance = labelme_json.read(path, size=(1, 1), pixels=False)
    try:
        image, note = _image_of(path, glance.image, images)
    except SegstudioError:
        if not isinstance(glance.annotation.extra.get("imageData"), str):
            raise
        image, note = _embedded(path, glance, scratch), "its image was taken out of the labels file"
    found = labelme_json.read(path, image_size(image))
    return ImportedImage(image, found.annotation, (*found.notes, *([note] if note else [])), complete=False)


def _embedded(path: Path, glance: labelme_json.LabelmeFile, scratch: Scratch) -> Path:
    """The image in `imageData`, as a file."""
    try:
        data = base64.b64decode(glance.annotation.extra["imageData"], validate=False)
    except (ValueError, binascii.Error) as error:
        raise FormatError(path, f"holds an image that cannot be decoded ({error})", "put the image there") from error
    kind = next((suffix for start, suffix in _MAGIC.items() if data.startswith(start)), ".png")
    target = scratch.folder / f"{len(list(scratch.folder.iterdir()))}" / f"{path.stem}{kind}"
    write_bytes(target, data, durable=False)
    return target


def _image_of(path: Path, named: str, images: ImageFinder) -> tuple[Path, str]:
    """The image that the file names, seen from its own folder, if it lies among the images; else by its stem."""
    beside = os.path.normpath(path.parent / named) if named and "\0" not in named else ""
    if beside and Path(beside).is_relative_to(images.root):
        try:
            return images.named(Path(beside).relative_to(images.root).as_posix(), path.parent.name, path)
        except SegstudioError:
            pass
    try:
        image = images.of_stem(path.stem, path.parent.name, path)
    except SegstudioError:
        return images.named(named or path.stem, path.parent.name, path)
    return image, _said_otherwise(named, image.name)


def _said_otherwise(named: str, taken: str) -> str:
    return f"names {named[:120]} as its image; {taken} was taken" if named and Path(named).name != taken else ""
