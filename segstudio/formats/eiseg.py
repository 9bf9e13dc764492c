"""EISeg's JSON: one file per image, a list of polygons with name, number and colour."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from segstudio.core.annotation import Annotation
from segstudio.core.shape import POLYGON, Shape
from segstudio.errors import FormatError, ObjectError
from segstudio.formats.coordinates import read_points
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage, ReadOptions, convert_each
from segstudio.formats.image_finder import ImageFinder, relative_stem
from segstudio.formats.images import IMAGE_SUFFIXES, image_size
from segstudio.formats.json_file import read_json
from segstudio.formats.json_folder import find_json_files, reason_none_readable


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` has no EISeg files, or None if it has."""
    return reason_none_readable(root, _check_has_objects)


def _check_has_objects(path: Path) -> None:
    """An empty list could be a file of any program."""
    if not _parse(path):
        raise FormatError(path, "lists no objects", "choose EISeg's label folder")


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """EISeg writes to `label/` beside or below the images; a COCO file `annotations.json` there is skipped."""
    base = root.parent if root.is_file() else root
    images = ImageFinder(options.images or (base.parent if base.name == "label" else base))
    paths = [path for path in find_json_files(root) if path.name != "annotations.json" or root.is_file()]
    entries = [DatasetEntry(relative_stem(path, base), partial(_read, path, images)) for path in paths]
    return DatasetReader(None, "background", entries)


def _parse(path: Path) -> list[dict[str, Any]]:
    raw = read_json(path)
    fits = isinstance(raw, list) and all(isinstance(each, dict) and "labelIdx" in each for each in raw)
    if not fits:
        raise FormatError(path, "is not an EISeg file (a list of objects with labelIdx)", "choose EISeg's label folder")
    return raw


def _read(path: Path, images: ImageFinder) -> ImportedImage:
    raw = _parse(path)
    stem = path.stem if Path(path.stem).suffix.lower() not in IMAGE_SUFFIXES else Path(path.stem).stem
    image = images.find_stem(stem, "", path)
    notes: list[str] = []
    shapes = convert_each(raw, _convert, "object", notes)
    return ImportedImage(image, Annotation(*image_size(image), tuple(shapes)), tuple(notes))


def _convert(item: dict[str, Any]) -> Shape:
    points = read_points(item.get("points"))
    if len(points) < 3 or not isinstance(item.get("name"), str):
        raise ObjectError(f"a polygon of {len(points)} points named {item.get('name')!r}"[:120])
    return Shape(item["name"], POLYGON, points)
