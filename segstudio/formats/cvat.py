"""CVAT's XML for images: polygons, boxes, ellipses, lines, points and row-major run-length masks, in z order.

Format: docs.cvat.ai, XML annotation format 1.1.
"""

from __future__ import annotations

import math
import re
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import ClassTable, is_background
from segstudio.core.geometry import Point
from segstudio.core.shape import LINESTRIP, MASK, ORIENTED_RECTANGLE, POINTS, POLYGON, RECTANGLE, Shape
from segstudio.errors import FormatError, ObjectError, SegstudioError
from segstudio.formats.coordinates import MAX_COORDINATE_PX, parse_number
from segstudio.formats.dataset import (
    HELD_OUT,
    DatasetEntry,
    DatasetReader,
    ImportedImage,
    ReadOptions,
    split_or_none,
    unify_background,
    wrong_size,
)
from segstudio.formats.image_finder import ImageFinder, safe_stem
from segstudio.formats.images import MAX_PIXELS, image_size
from segstudio.formats.rle import decode_runs
from segstudio.formats.xml_file import read_child_text, read_xml

_ELLIPSE_POINTS: Final = 72
_POINT_KINDS: Final = {"polygon": POLYGON, "polyline": LINESTRIP, "points": POINTS}
_MIN_POINTS: Final = {"polygon": 3, "polyline": 2, "points": 1}


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not CVAT XML, or None if it is."""
    path = _find_file(root)
    if path is None:
        return "it has no annotations.xml"
    try:
        found = read_xml(path)
    except SegstudioError as error:
        return str(error)
    if found.tag != "annotations":
        return f"{path.name} is not CVAT's (its root is <{found.tag[:40]}>)"
    if found.find("image") is None and found.find("track") is not None:
        return f"{path.name} is of a video; export it from CVAT as “for images”"
    return None


def _find_file(root: Path) -> Path | None:
    if root.is_file():
        return root if root.suffix.lower() == ".xml" else None
    return root / "annotations.xml" if (root / "annotations.xml").is_file() else None


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """One entry per <image>. Raises FileError or FormatError."""
    path = _find_file(root)
    assert path is not None, "reason_not was not called"
    xml = read_xml(path)
    images = ImageFinder(options.images or path.parent)
    entries, notes, held_out = [], [], set()
    taken: set[str] = set()
    for index, image in enumerate(xml.iter("image")):
        name, subset = image.get("name") or "", image.get("subset") or ""
        stem = safe_stem(name)
        if not stem:
            notes.append(f"image {index + 1} has no name and was left out")
            continue
        if name in taken and subset:  # Train/a.jpg and Validation/a.jpg
            stem = f"{safe_stem(subset + '.x')}/{stem}"
        taken.add(name)
        entries.append(DatasetEntry(stem, partial(_read, path, image, images)))
        if subset.casefold() in HELD_OUT:
            held_out.add(stem)
    split = split_or_none(held_out, entries)
    return DatasetReader(_read_class_table(path, xml), "background", entries, split, tuple(notes))


def _read_class_table(path: Path, xml: Any) -> ClassTable | None:
    """From <labels>, with their colours; the background comes first, wherever it is listed."""
    table = ClassTable()
    try:
        for label in xml.iter("label"):
            name = read_child_text(label, "name")
            if name and not is_background(name) and table.id_of(name) is None:
                table = table.with_added(name, _parse_colour(read_child_text(label, "color")))
    except ValueError as error:
        raise FormatError(path, str(error), "merge labels in CVAT and export again") from error
    return table if len(table) > 1 else None


def _parse_colour(text: str) -> tuple[int, int, int] | None:
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}", text):
        return None
    value = int(text.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def _read(path: Path, image_record: Any, images: ImageFinder) -> ImportedImage:
    name = image_record.get("name")
    image, notes = images.find(name, image_record.get("subset") or "", path)
    size = image_size(image)
    stated = image_record.get("height"), image_record.get("width")
    if stated not in ((None, None), (str(size[0]), str(size[1]))):
        raise wrong_size(path, name, stated, size)
    found: list[tuple[int, Shape]] = []
    for number, item in enumerate(image_record, 1):
        try:
            if item.tag != "tag":
                found.append((_read_z_order(item), _convert(item, size, notes)))
            else:
                notes.append(f"tag {item.get('label')} of the whole image was left out")
        except ObjectError as fault:
            notes.append(f"<{item.tag}> {number} was left out ({fault})")
    shapes = tuple(shape for _, shape in sorted(found, key=lambda pair: pair[0]))
    return ImportedImage(image, Annotation(*size, shapes), tuple(notes))


def _read_z_order(item: Any) -> int:
    try:
        return int(item.get("z_order") or 0)
    except ValueError:
        raise ObjectError(f"its z_order is {item.get('z_order')!r}"[:120]) from None


def _convert(item: Any, size: tuple[int, int], notes: list[str]) -> Shape:
    label = item.get("label")
    if not label:
        raise ObjectError("it has no label")
    bitmap = _read_bitmap(item, size) if item.tag == "mask" else None
    kind, points = (MASK, ()) if bitmap is not None else _read_outline(item, notes)
    group = item.get("group_id") or ""
    return Shape(
        unify_background(label),
        kind,
        points,
        bitmap,
        group_id=int(group) if re.fullmatch(r"[1-9][0-9]{0,8}", group) else None,
        flags={"occluded": True} if item.get("occluded") == "1" else {},
        extra=_read_attributes(item),
    )


def _read_attributes(item: Any) -> dict[str, Any]:
    """CVAT's attributes, under the key that X-AnyLabeling and COCO use for them."""
    found = {each.get("name") or "": (each.text or "").strip() for each in item.iter("attribute")}
    return {"attributes": found} if found else {}


def _read_outline(item: Any, notes: list[str]) -> tuple[str, tuple[Point, ...]]:
    """Kind and points of a shape. Raises ObjectError."""
    if item.tag in _POINT_KINDS:
        points = _parse_points(item.get("points"))
        if len(points) < _MIN_POINTS[item.tag]:
            raise ObjectError(f"it has {len(points)} points")
        return _POINT_KINDS[item.tag], points
    if item.tag == "box":
        x0, y0, x1, y1 = (parse_number(item.get(key), key) for key in ("xtl", "ytl", "xbr", "ybr"))
        degrees = parse_number(item.get("rotation") or "0", "rotation")
        # CVAT's corners are between pixels, labelme's on the first and the last pixel.
        last = (max(x0, x1 - 1), max(y0, y1 - 1))
        if not degrees:
            return RECTANGLE, ((x0, y0), last)
        corners = ((x0, y0), (last[0], y0), last, (x0, last[1]))
        return ORIENTED_RECTANGLE, _rotate(corners, ((x0 + last[0]) / 2, (y0 + last[1]) / 2), degrees)
    if item.tag == "ellipse":
        cx, cy, rx, ry = (parse_number(item.get(key), key) for key in ("cx", "cy", "rx", "ry"))
        angles = [2 * math.pi * step / _ELLIPSE_POINTS for step in range(_ELLIPSE_POINTS)]
        ring = tuple((cx + rx * math.cos(angle), cy + ry * math.sin(angle)) for angle in angles)
        notes.append(f"an ellipse of {item.get('label')} became a polygon of {_ELLIPSE_POINTS} points")
        return POLYGON, _rotate(ring, (cx, cy), parse_number(item.get("rotation") or "0", "rotation"))
    raise ObjectError(f"a {item.tag} has no pixels")


def _rotate(points: tuple[Point, ...], centre: Point, degrees: float) -> tuple[Point, ...]:
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    cx, cy = centre
    return tuple(
        (cx + (x - cx) * cosine - (y - cy) * sine, cy + (x - cx) * sine + (y - cy) * cosine) for x, y in points
    )


def _parse_points(text: str | None) -> tuple[Point, ...]:
    pairs = [pair.split(",") for pair in (text or "").split(";") if pair.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise ObjectError("a point is not two numbers")
    return tuple((parse_number(x, "x"), parse_number(y, "y")) for x, y in pairs)


def _read_bitmap(item: Any, size: tuple[int, int]) -> Bitmap:
    """Runs go row by row through the mask's own box, outside first; COCO's go column by column."""
    try:
        left, top, width, height = (int(float(item.get(key) or "")) for key in ("left", "top", "width", "height"))
        runs = np.array([int(part) for part in (item.get("rle") or "").split(",") if part.strip()], np.int64)
    except (ValueError, OverflowError):
        raise ObjectError("its mask has no numbers for left, top, width, height and rle") from None
    too_far = max(abs(left), abs(top)) > MAX_COORDINATE_PX
    if width < 1 or height < 1 or width * height > MAX_PIXELS or too_far:
        raise ObjectError(f"its mask is {width} x {height}")
    if top + height > size[0] or left + width > size[1] or min(left, top) < 0:
        raise ObjectError(f"its mask at {left},{top} of {width} x {height} leaves the image")
    bitmap = Bitmap.from_array(decode_runs(runs, width * height).reshape(height, width), top, left)
    if not bitmap:
        raise ObjectError("its mask has no pixels")
    return bitmap
