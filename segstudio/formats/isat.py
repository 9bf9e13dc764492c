"""ISAT's JSON: one file per image; polygons in layers, and `__background__` polygons that cut holes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import BACKGROUND_NAME, ClassTable
from segstudio.core.shape import POLYGON, Shape
from segstudio.errors import FormatError, ObjectError
from segstudio.formats.coordinates import read_points
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage, ReadOptions, convert_each
from segstudio.formats.image_finder import ImageFinder, find_images_near, relative_stem
from segstudio.formats.images import image_size
from segstudio.formats.json_file import read_json
from segstudio.formats.json_folder import find_json_files, reason_none_readable
from segstudio.formats.text_file import read_text

_HOLE: Final = "__background__"


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` has no ISAT files, or None if it has."""
    return reason_none_readable(root, _parse)


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """Classes come from `isat.yaml` where there is one; images from the folder or `images` beside it."""
    base = root.parent if root.is_file() else root
    images = ImageFinder(options.images) if options.images else find_images_near(base)
    class_list = base / "isat.yaml"
    table = _read_classes(class_list) if class_list.is_file() else None
    paths = find_json_files(root)
    entries = [DatasetEntry(relative_stem(path, base), partial(_read, path, images)) for path in paths]
    return DatasetReader(table, "background", entries)


def _read_classes(path: Path) -> ClassTable:
    """The names under `label:`, a list of `name:` and `color:`, line by line; ISAT writes nothing more complicated."""
    lines = read_text(path).splitlines()
    names = [line.partition("name:")[2].strip().strip("'\"") for line in lines if line.strip(" -").startswith("name:")]
    try:
        return ClassTable.from_names([BACKGROUND_NAME, *(n for n in names if n not in (_HOLE, BACKGROUND_NAME))])
    except ValueError as error:
        raise FormatError(path, str(error), "list each class once") from error


def _parse(path: Path) -> dict[str, Any]:
    raw = read_json(path)
    if not isinstance(raw, dict) or not isinstance(raw.get("objects"), list) or not isinstance(raw.get("info"), dict):
        raise FormatError(path, "is not an ISAT file (it has no info and objects)", "choose the folder that ISAT wrote")
    return raw


def _read(path: Path, images: ImageFinder) -> ImportedImage:
    raw = _parse(path)
    image, notes = images.find(str(raw["info"].get("name") or path.stem), "", path)
    height, width = image_size(image)
    stated = (raw["info"].get("height"), raw["info"].get("width"))
    if stated != (height, width):
        notes.append(f"labels are for {stated[1]}x{stated[0]} but the image is {width}x{height}")
    layered = convert_each(raw["objects"], _convert, "object", notes)
    shapes = tuple(shape for _, shape in sorted(layered, key=lambda pair: pair[0]))
    return ImportedImage(image, Annotation(height, width, shapes), tuple(notes))


def _convert(item: Any) -> tuple[float, Shape]:
    """(layer, shape); higher layers cover lower ones. Raises ObjectError."""
    if not isinstance(item, dict) or not isinstance(item.get("category"), str):
        raise ObjectError("it has no category")
    points = read_points(item.get("segmentation"))
    if len(points) < 3:
        raise ObjectError(f"a polygon of {len(points)} points")
    layer = item.get("layer", 0)
    if isinstance(layer, bool) or not isinstance(layer, int | float) or not abs(layer) < 1e9:
        raise ObjectError(f"its layer is {layer!r}, not a number"[:120])
    group = item.get("group")
    note = item.get("note")
    return float(layer), Shape(
        BACKGROUND_NAME if item["category"] == _HOLE else item["category"],
        POLYGON,
        points,
        group_id=group if isinstance(group, int) and not isinstance(group, bool) and group > 0 else None,
        description=note if isinstance(note, str) else "",
        flags={"iscrowd": True} if item.get("iscrowd") in (True, 1) else {},
    )
