"""COCO's PNGs: panoptic segments (an id in three bytes of colour) and stuff pixel maps (a category id a pixel)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import BACKGROUND_NAME, is_background
from segstudio.core.shape import MASK, Shape
from segstudio.errors import FormatError
from segstudio.formats.coco.coco_json import KEPT, CocoFile, Record
from segstudio.formats.dataset import ImportedImage
from segstudio.formats.image_finder import ImageFinder
from segstudio.formats.masks import codec as masks


def is_panoptic(records: list[Record]) -> bool:
    return any("segments_info" in record for record in records)


def says_all(path: Path, file: CocoFile) -> bool:
    """Whether PNGs come with the file, that speak of every pixel."""
    return path.with_name(f"{path.stem}_pixelmaps").is_dir() or any(map(is_panoptic, file.records.values()))


def pixel_map_of(path: Path, image: Path) -> Path | None:
    """The stuff PNG of an image, in the folder that COCO gives it beside the JSON."""
    found = path.with_name(f"{path.stem}_pixelmaps") / f"{image.stem}.png"
    return found if found.is_file() else None


def read_panoptic(file: CocoFile, records: list[Record], image: Path, size: tuple[int, int]) -> ImportedImage:
    """One mask shape a segment. Raises FormatError where pixels belong to a segment that is not declared."""
    record = records[0]
    named = record.get("file_name")
    if not isinstance(named, str) or not isinstance(record.get("segments_info"), list):
        raise FormatError(file.path, f"describes {image.name} without file_name or segments", "export it again")
    home = file.path.with_name(file.path.stem)
    png, note = ImageFinder(home if home.is_dir() else file.path.parent).named(named, file.path.stem, file.path)
    mask, turned = masks.fitted(masks.read_mask(png), image)
    plane = mask.plane
    if mask.coloured:  # red is the lowest byte
        plane = (plane >> 16) | (plane & 0xFF00) | ((plane & 0xFF) << 16)
    found = (each for each in record["segments_info"] if isinstance(each, dict))
    segments = {each["id"]: each for each in found if isinstance(each.get("id"), int)}
    shapes, strange = [], 0
    notes = [*turned, *([note] if note else [])]
    boxes = masks.object_boxes(plane)
    masks.check_objects(len(boxes), sum(box.height * box.width for _, box in boxes), plane.size)
    for number, box in boxes:
        segment = segments.pop(number, None)
        here = plane[box.slices] == number
        category = segment.get("category_id") if segment else None
        name = file.categories.get(category) if isinstance(category, int) else None
        if segment is None or name is None:
            strange += int(here.sum())
            continue
        label = BACKGROUND_NAME if is_background(name) else name
        kept = {key: value for key, value in segment.items() if key not in ("category_id", "bbox", "area")}
        shapes.append(Shape(label, MASK, bitmap=Bitmap.from_array(here, box.y0, box.x0), extra={KEPT: kept}))
    if strange:
        raise FormatError(png, f"holds {strange} pixels of segments that {file.path.name} does not declare", "add them")
    notes += [f"segment {number} was left out (it has no pixel)" for number in segments]
    return ImportedImage(image, Annotation(*size, tuple(shapes)), tuple(notes))


def read_stuff(file: CocoFile, png: Path, image: Path, size: tuple[int, int]) -> ImportedImage:
    """One mask shape a category; 0 says nothing of a pixel."""
    mask, notes = masks.fitted(masks.read_mask(png), image)
    if mask.coloured:
        raise FormatError(png, "is a colour image, not a map of category numbers", "use COCO's pixelmaps")
    values, counts = masks.tally(mask.plane)
    strange = [int(value) for value in values if value and int(value) not in file.categories]
    if strange:
        count = int(counts[np.isin(values, strange)].sum())
        shown = ", ".join(map(str, strange[:8]))
        raise FormatError(
            png, f"holds {count} pixels of undeclared categories {shown}", f"add them to {file.path.name}"
        )
    names = {int(value): file.categories[int(value)] for value in values if value}
    shapes = tuple(
        Shape(BACKGROUND_NAME if is_background(name) else name, MASK, bitmap=Bitmap.from_array(mask.plane == value))
        for value, name in names.items()
    )
    return ImportedImage(image, Annotation(*size, shapes), notes)
