"""COCO's PNGs: panoptic segments (an id in the three bytes of a colour) and stuff maps (a category id per pixel)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.shape import MASK, Shape
from segstudio.errors import FormatError
from segstudio.formats.coco.coco_json import KEPT, CocoFile, Record
from segstudio.formats.dataset import ImportedImage, unify_background
from segstudio.formats.image_finder import ImageFinder
from segstudio.formats.masks import codec

_SEGMENT_KEYS = ("category_id", "bbox", "area")


def is_panoptic(records: list[Record]) -> bool:
    return any("segments_info" in record for record in records)


def labels_every_pixel(file: CocoFile) -> bool:
    """True if the file comes with PNGs, which label the whole image."""
    return _stuff_folder(file).is_dir() or any(map(is_panoptic, file.records.values()))


def find_stuff_map(file: CocoFile, image: Path) -> Path | None:
    """The stuff PNG of an image, in COCO's folder beside the JSON."""
    found = _stuff_folder(file) / f"{image.stem}.png"
    return found if found.is_file() else None


def _stuff_folder(file: CocoFile) -> Path:
    return file.path.with_name(f"{file.path.stem}_pixelmaps")


def read_panoptic(file: CocoFile, records: list[Record], image: Path, size: tuple[int, int]) -> ImportedImage:
    """One mask shape per segment. Raises FormatError where pixels belong to a segment that is not declared."""
    record = records[0]
    name = record.get("file_name")
    if not isinstance(name, str) or not isinstance(record.get("segments_info"), list):
        raise FormatError(file.path, f"describes {image.name} without file_name or segments", "export it again")
    beside = file.path.with_name(file.path.stem)
    pngs = ImageFinder(beside if beside.is_dir() else file.path.parent)
    png, found_notes = pngs.find(name, file.path.stem, file.path)
    mask, fit_notes = codec.fit_to_image(codec.read_mask(png), image)
    plane = mask.plane
    if mask.coloured:  # red is the lowest byte
        plane = (plane >> 16) | (plane & 0xFF00) | ((plane & 0xFF) << 16)
    declared = (each for each in record["segments_info"] if isinstance(each, dict))
    segments = {each["id"]: each for each in declared if isinstance(each.get("id"), int)}
    shapes, undeclared = [], 0
    for number, box in codec.find_object_boxes(plane):
        segment = segments.pop(number, None)
        here = plane[box.slices] == number
        category = segment.get("category_id") if segment else None
        label = file.categories.get(category) if isinstance(category, int) else None
        if segment is None or label is None:
            undeclared += int(here.sum())
            continue
        extra = {KEPT: {key: value for key, value in segment.items() if key not in _SEGMENT_KEYS}}
        bitmap = Bitmap.from_array(here, box.y0, box.x0)
        shapes.append(Shape(unify_background(label), MASK, bitmap=bitmap, extra=extra))
    if undeclared:
        fault = f"has {undeclared} pixels of segments that {file.path.name} does not declare"
        raise FormatError(png, fault, "declare them in segments_info")
    unused = [f"segment {number} was left out (it has no pixel)" for number in segments]
    return ImportedImage(image, Annotation(*size, tuple(shapes)), (*fit_notes, *found_notes, *unused))


def read_stuff_map(file: CocoFile, png: Path, image: Path, size: tuple[int, int]) -> ImportedImage:
    """One mask shape per category; pixels of value 0 are unlabelled. Raises FormatError for undeclared categories."""
    mask, notes = codec.fit_to_image(codec.read_mask(png), image)
    if mask.coloured:
        raise FormatError(png, "is a colour image, not a map of category numbers", "use COCO's pixelmaps")
    values, counts = codec.count_values(mask.plane)
    undeclared = [int(value) for value in values if value and int(value) not in file.categories]
    if undeclared:
        count = int(counts[np.isin(values, undeclared)].sum())
        shown = ", ".join(map(str, undeclared[:8]))
        raise FormatError(png, f"has {count} pixels of undeclared categories {shown}", f"add them to {file.path.name}")
    names = {int(value): file.categories[int(value)] for value in values if value}
    shapes = tuple(
        Shape(unify_background(name), MASK, bitmap=Bitmap.from_array(mask.plane == value))
        for value, name in names.items()
    )
    return ImportedImage(image, Annotation(*size, shapes), notes)
