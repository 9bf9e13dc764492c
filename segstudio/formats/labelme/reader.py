"""Opens labelme files with their images: one file, or a folder with its subfolders."""

from __future__ import annotations

import base64
import binascii
import os
from functools import partial
from pathlib import Path
from typing import Final

from segstudio.errors import FormatError, SegstudioError
from segstudio.formats import class_list
from segstudio.formats.atomic import write_bytes
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import ImageFinder, describe_unlabelled, find_images_near, relative_stem
from segstudio.formats.images import image_size
from segstudio.formats.json_folder import find_json_files, reason_none_readable
from segstudio.formats.labelme import labelme_json
from segstudio.formats.temporary_folder import TemporaryFolder

_SUFFIX_BY_MAGIC: Final = {b"\xff\xd8": ".jpg", b"\x89PNG": ".png", b"BM": ".bmp", b"II": ".tif", b"MM": ".tif"}


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not a labelme folder or file, or None if it is."""
    return reason_none_readable(root, lambda path: labelme_json.read(path, size=(1, 1), pixels=False))


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """Images come from the folder or `images` beside it; those stored inside the JSON are unpacked when read."""
    base = root.parent if root.is_file() else root
    labels = options.labels or find_class_list(base)
    images = ImageFinder(options.images) if options.images else find_images_near(base)
    unpacked = TemporaryFolder()
    paths = find_json_files(root)
    entries = [DatasetEntry(relative_stem(path, base), partial(_read, path, images, unpacked)) for path in paths]
    table = class_list.read_labels(labels) if labels else None
    notes: tuple[str, ...] = ()
    if root.is_dir():
        labelled = {_last_part(entry.name) for entry in entries}
        unlabelled = [name for name in images.by_path() if _last_part(name) not in labelled]
        notes = (describe_unlabelled(unlabelled),) if unlabelled else ()
    return DatasetReader(table, "background", entries, None, notes)


def _last_part(name: str) -> str:
    return name.rpartition("/")[2].casefold()


def find_class_list(folder: Path) -> Path | None:
    """`labels.txt` in the folder, or beside it if it begins as labelme's do (labelme's examples are laid out so)."""
    if (folder / "labels.txt").is_file():
        return folder / "labels.txt"
    beside = folder.parent / "labels.txt"
    return beside if beside.is_file() and class_list.is_labelme_list(beside) else None


def _read(path: Path, images: ImageFinder, unpacked: TemporaryFolder) -> ImportedImage:
    header = labelme_json.read(path, size=(1, 1), pixels=False)
    try:
        image, notes = _find_image(path, header.image, images)
    except SegstudioError:
        if not isinstance(header.annotation.extra.get("imageData"), str):
            raise
        image, notes = _unpack_image(path, header, unpacked), ["its image was unpacked from the labels file"]
    found = labelme_json.read(path, image_size(image))
    return ImportedImage(image, found.annotation, (*found.notes, *notes), complete=False)


def _unpack_image(path: Path, header: labelme_json.LabelmeFile, unpacked: TemporaryFolder) -> Path:
    """Write the image in `imageData` to a file."""
    try:
        data = base64.b64decode(header.annotation.extra["imageData"], validate=False)
    except (ValueError, binascii.Error) as error:
        fault = f"has an image in it that cannot be decoded ({error})"
        raise FormatError(path, fault, "put the image beside it") from error
    suffix = next((suffix for magic, suffix in _SUFFIX_BY_MAGIC.items() if data.startswith(magic)), ".png")
    number = len(list(unpacked.folder.iterdir()))
    target = unpacked.folder / f"{number}" / f"{path.stem}{suffix}"
    write_bytes(target, data, durable=False)
    return target


def _find_image(path: Path, name: str, images: ImageFinder) -> tuple[Path, list[str]]:
    """The image that the file names, relative to its own folder, if it is one of the images; else by its stem."""
    beside = os.path.normpath(path.parent / name) if name and "\0" not in name else ""
    if beside and Path(beside).is_relative_to(images.root):
        try:
            return images.find(Path(beside).relative_to(images.root).as_posix(), path.parent.name, path)
        except SegstudioError:
            pass
    try:
        image = images.find_stem(path.stem, path.parent.name, path)
    except SegstudioError:
        return images.find(name or path.stem, path.parent.name, path)
    differs = name and Path(name).name != image.name
    return image, [f"names {name[:120]} as its image; {image.name} was taken"] if differs else []
