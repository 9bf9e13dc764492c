"""EISeg's JSON: one file an image, a list of polygons with name, number and colour."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from segstudio.core.annotation import Annotation
from segstudio.core.shape import POLYGON, Shape
from segstudio.errors import FormatError, ObjectError
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import ImageFinder
from segstudio.formats.images import IMAGE_SUFFIXES, image_size
from segstudio.formats.json_file import read_json
from segstudio.formats.labelme.labelme_json import points_of
from segstudio.formats.labelme.reader import entry_name, json_files, reason_of_first


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` holds none of its files, or None if it does."""
    return reason_of_first(root, _with_objects)


def _with_objects(path: Path) -> None:
    """An empty list may be anybody's."""
    if not _parsed(path):
        raise FormatError(path, "lists no objects", "choose EISeg's label folder")


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """EISeg puts its files into `label/` beside or below the images; COCO's file beside them is passed over."""
    base = root.parent if root.is_file() else root
    beside = base.parent if base.name == "label" else base
    images = ImageFinder(options.images or beside)
    files = [path for path in json_files(root) if path.name != "annotations.json" or root.is_file()]
    return DatasetReader(
        None, "background", [DatasetEntry(entry_name(path, base), partial(_read, path, images)) for path in files]
    )


def _parsed(path: Path) -> list[dict[str, Any]]:
    raw = read_json(path)
    fits = isinstance(raw, list) and all(isinstance(each, dict) and "labelIdx" in each for each in raw)
    if not fits:
        raise FormatError(path, "is not an EISeg file (a list of objects with labelIdx)", "choose EISeg's label folder")
    return raw


def _read(path: Path, images: ImageFinder) -> ImportedImage:
    raw = _parsed(path)
    stem = path.stem if Path(path.stem).suffix.lower() not in IMAGE_SUFFIXES else Path(path.stem).stem
    image = images.of_stem(stem, "", path)
    height, width = image_size(image)
    shapes, notes = [], []
    for index, item in enumerate(raw):
        try:
            points = points_of(item.get("points"))
            if len(points) < 3 or not isinstance(item.get("name"), str):
                raise ObjectError(f"a polygon of {len(points)} points named {item.get('name')!r}"[:120])
            shapes.append(Shape(item["name"], POLYGON, points))
        except ObjectError as fault:
            notes.append(f"object {index + 1} was left out ({fault})")
    return ImportedImage(image, Annotation(height, width, tuple(shapes)), tuple(notes))
