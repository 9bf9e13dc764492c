"""ISAT's JSON: one file an image; polygons in layers, and `__background__` polygons that cut holes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import BACKGROUND_NAME, ClassTable
from segstudio.core.shape import POLYGON, Shape
from segstudio.errors import FileError, FormatError, ObjectError
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import ImageFinder, images_of
from segstudio.formats.images import image_size
from segstudio.formats.json_file import read_json
from segstudio.formats.labelme.labelme_json import points_of
from segstudio.formats.labelme.reader import entry_name, json_files, reason_of_first

_HOLE: Final = "__background__"


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` holds none of its files, or None if it does."""
    return reason_of_first(root, _parsed)


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """Classes come from `isat.yaml` where there is one; images from the folder or `images` beside it."""
    base = root.parent if root.is_file() else root
    images = ImageFinder(options.images) if options.images else images_of(base)
    listed = base / "isat.yaml"
    table = _classes(listed) if listed.is_file() else None
    entries = [DatasetEntry(entry_name(path, base), partial(_read, path, images)) for path in json_files(root)]
    return DatasetReader(table, "background", entries)


def _classes(path: Path) -> ClassTable:
    """The names of `label:`, a list of `name:` and `color:`; read line by line, which is all that ISAT writes."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"cannot be read ({error})", "save it as UTF-8 text") from error
    names = [line.partition("name:")[2].strip().strip("'\"") for line in lines if line.strip(" -").startswith("name:")]
    try:
        return ClassTable.from_names([BACKGROUND_NAME, *(n for n in names if n not in (_HOLE, BACKGROUND_NAME))])
    except ValueError as error:
        raise FormatError(path, str(error), "list each class once") from error


def _parsed(path: Path) -> dict[str, Any]:
    raw = read_json(path)
    if not isinstance(raw, dict) or not isinstance(raw.get("objects"), list) or not isinstance(raw.get("info"), dict):
        raise FormatError(path, "is not an ISAT file (it has no info and objects)", "choose the folder that ISAT wrote")
    return raw


def _read(path: Path, images: ImageFinder) -> ImportedImage:
    raw = _parsed(path)
    image, note = images.named(str(raw["info"].get("name") or path.stem), "", path)
    height, width = image_size(image)
    notes = [note] if note else []
    said = (raw["info"].get("height"), raw["info"].get("width"))
    if said != (height, width):
        notes.append(f"labels are for {said[1]}x{said[0]} but the image is {width}x{height}")
    layered: list[tuple[float, Shape]] = []
    for index, item in enumerate(raw["objects"]):
        try:
            layered.append(_shape(item))
        except ObjectError as fault:
            notes.append(f"object {index + 1} was left out ({fault})")
    shapes = tuple(shape for _, shape in sorted(layered, key=lambda pair: pair[0]))
    return ImportedImage(image, Annotation(height, width, shapes), tuple(notes))


def _shape(item: Any) -> tuple[float, Shape]:
    if not isinstance(item, dict) or not isinstance(item.get("category"), str):
        raise ObjectError("it has no category")
    points = points_of(item.get("segmentation"))
    if len(points) < 3:
        raise ObjectError(f"a polygon of {len(points)} points")
    layer = item.get("layer", 0)
    if isinstance(layer, bool) or not isinstance(layer, int | float) or not abs(layer) < 1e9:
        raise ObjectError(f"its layer is {layer!r}, not a number"[:120])
    group = item.get("group")
    label = BACKGROUND_NAME if item["category"] == _HOLE else item["category"]
    note = item.get("note") if isinstance(item.get("note"), str) else ""
    flags = {"iscrowd": True} if item.get("iscrowd") in (True, 1) else {}
    number = group if isinstance(group, int) and not isinstance(group, bool) and group > 0 else None
    return float(layer), Shape(label, POLYGON, points, group_id=number, description=note or "", flags=flags)
