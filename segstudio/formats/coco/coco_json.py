"""COCO JSON: instances, stuff and results, from records to shapes and back.

Format: cocodataset.org/#format-data. Polygons keep COCO's own fill rule, run lengths become masks, and the
other keys of a record (id, iscrowd, score, attributes) are kept with the shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from segstudio.core.bitmap import Bitmap, Mask
from segstudio.core.box import Box, full_box
from segstudio.core.classes import BACKGROUND_NAME, ClassTable, is_background
from segstudio.core.coco_polygon import rasterise_coco_polygon
from segstudio.core.geometry import Point
from segstudio.core.instances import Instance, union_patches
from segstudio.core.shape import COCO, FILL_RULE, MASK, ORIENTED_RECTANGLE, POLYGON, RECTANGLE, Shape
from segstudio.errors import FormatError, ObjectError
from segstudio.formats.coco.coco_rle import decode_rle, encode_rle
from segstudio.formats.coordinates import check_coordinate
from segstudio.formats.dataset import unify_background
from segstudio.formats.json_file import read_json

KEPT: Final = "coco"  # key of a shape's extra: the keys of its record besides the outline

_OUTLINE_KEYS: Final = frozenset({"segmentation", "image_id", "category_id", "bbox", "area"})

Record = dict[str, Any]


@dataclass(frozen=True)
class CocoFile:
    """Images and annotation records by image id, and names by category id. No mask is decoded yet."""

    path: Path
    images: dict[int, Record] = field(default_factory=dict)
    records: dict[int, list[Record]] = field(default_factory=dict)
    categories: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    results: bool = False  # a list of results, which names neither images nor categories

    __hash__ = None  # type: ignore[assignment]


def reason_not(raw: Any) -> str | None:
    """Why a parsed file is not COCO, or None if it is."""
    if isinstance(raw, list):
        fits = bool(raw) and all(isinstance(each, dict) and "image_id" in each for each in raw[:20])
        return None if fits else "it is a list, but not of results with image_id"
    if not isinstance(raw, dict):
        return "it is not a JSON object"
    return _describe_missing([key for key in ("images", "annotations") if not isinstance(raw.get(key), list)])


def reason_not_bytes(data: bytes) -> str | None:
    """Why a file does not look like COCO, or None if it does; without parsing it, as it may be very large."""
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"["):
        return None if b'"image_id"' in data[:100_000] else "it is a list, but not of results with image_id"
    if not start.startswith(b"{"):
        return "it is not a JSON object"
    return _describe_missing([key for key in ("images", "annotations") if f'"{key}"'.encode() not in data])


def _describe_missing(keys: list[str]) -> str | None:
    return f"it has no list of {' and no list of '.join(keys)}" if keys else None


def load(path: Path) -> CocoFile:
    """Parse a file; invalid records are noted. Raises FileError, or FormatError where the file is not COCO."""
    raw = read_json(path, exact=False)
    reason = reason_not(raw)
    if reason is not None:
        raise FormatError(path, f"is not a COCO file ({reason})", "choose an instances, stuff or results file")
    notes: list[str] = []
    if isinstance(raw, list):
        records = _group_by_image(raw, None, notes)
        return CocoFile(path, {}, records, _name_by_number(records), tuple(notes), results=True)
    images = _index_by_id(raw["images"], "image", notes)
    records = _group_by_image(raw["annotations"], images, notes)
    return CocoFile(path, images, records, _read_categories(raw.get("categories"), notes), tuple(notes))


def build_class_table(categories: Mapping[int, str]) -> ClassTable:
    """`_background_`, then the categories in order of id; a background category is not listed twice.

    Raises ValueError beyond 254 classes.
    """
    names = [name for _, name in sorted(categories.items()) if not is_background(name)]
    return ClassTable.from_names([BACKGROUND_NAME, *dict.fromkeys(names)])


def _index_by_id(raw: Iterable[Any], what: str, notes: list[str]) -> dict[int, Record]:
    found: dict[int, Record] = {}
    for index, item in enumerate(raw):
        number = item.get("id") if isinstance(item, dict) else None
        if not isinstance(number, int):
            notes.append(f"{what} {index + 1} was left out (it has no integer id)")
        elif number in found:
            notes.append(f"{what} id {number} is used twice; the first was taken")
        else:
            found[number] = item
    return found


def _group_by_image(
    raw: Iterable[Any], images: Mapping[int, Record] | None, notes: list[str]
) -> dict[int, list[Record]]:
    """Records by image id, in the file's order; those of images that the file does not list are counted in a note."""
    groups: dict[int, list[Record]] = {}
    ids: set[Any] = set()
    no_id = no_image = repeated = 0
    for item in raw:
        image = item.get("image_id") if isinstance(item, dict) else None
        if not isinstance(image, int):
            no_id += 1
        elif images is not None and image not in images:
            no_image += 1
        else:
            number = item.get("id")
            if isinstance(number, int):
                repeated += number in ids
                ids.add(number)
            groups.setdefault(image, []).append(item)
    for count, text in (
        (no_id, "annotations were left out (they have no integer image_id)"),
        (no_image, "annotations were left out (no image has their image_id)"),
        (repeated, "annotation ids are used twice; all were taken"),
    ):
        if count:
            notes.append(f"{count} {text}")
    return groups


def _read_categories(raw: Any, notes: list[str]) -> dict[int, str]:
    names: dict[int, str] = {}
    for number, item in _index_by_id(raw if isinstance(raw, list) else [], "category", notes).items():
        name = item.get("name")
        if not isinstance(name, str) or not name.strip():
            name = f"category_{number}"
            notes.append(f"category {number} has no name; it is called {name}")
        if name.strip() in names.values():
            notes.append(f"category {number} has the name of another, {name}; they become one class")
        names[number] = name.strip()
    return names


def _name_by_number(records: Mapping[int, list[Record]]) -> dict[int, str]:
    """Names for the categories of a results file, which has only their numbers."""
    found = (each.get("category_id") for group in records.values() for each in group)
    return {number: f"category_{number}" for number in sorted({n for n in found if isinstance(n, int)})}


def convert_record(record: Record, categories: Mapping[int, str], size: tuple[int, int], group: int) -> list[Shape]:
    """The shapes of one record: one per polygon part, or one mask; several parts share the group id `group`.

    `size` is the image's (height, width). Raises ObjectError.
    """
    number = record.get("category_id")
    if not isinstance(number, int) or number not in categories:
        raise ObjectError(f"its category {number!r} is not declared"[:120])
    name = unify_background(categories[number])
    kept = _keep_other_keys(record)
    segmentation = record.get("segmentation")
    if isinstance(segmentation, dict):
        return [Shape(name, MASK, bitmap=_build_bitmap(decode_rle(segmentation, size)), extra={KEPT: kept})]
    if not segmentation:
        return [Shape(name, RECTANGLE, _parse_box(record.get("bbox")), extra={KEPT: kept})]
    parts = [_parse_polygon(part) for part in segmentation] if isinstance(segmentation, list) else []
    if not parts:
        raise ObjectError(f"its segmentation is {type(segmentation).__name__}")
    if min(map(len, parts)) < 3:  # pycocotools reads four numbers as a box
        return [Shape(name, MASK, bitmap=_build_bitmap(_fill_boxes(parts, size)), extra={KEPT: kept})]
    shared = group if len(parts) > 1 else None
    extra = {KEPT: kept, FILL_RULE: COCO}
    return [Shape(name, POLYGON, part, group_id=shared, extra=extra) for part in parts]


def _keep_other_keys(record: Record) -> Record:
    """The keys besides the outline; what could not be written again is dropped."""
    kept = {key: value for key, value in record.items() if key not in _OUTLINE_KEYS}
    try:
        orjson.dumps(kept)
    except (TypeError, RecursionError):  # nested too deeply, or a string that is not valid Unicode
        return {key: value for key, value in kept.items() if isinstance(value, int | float)}
    return kept


def _parse_polygon(raw: Any) -> tuple[Point, ...]:
    if not isinstance(raw, list) or len(raw) < 4 or len(raw) % 2:
        raise ObjectError(f"a polygon of {len(raw) if isinstance(raw, list) else type(raw).__name__} numbers")
    for value in raw:
        check_coordinate(value)
    return tuple((float(x), float(y)) for x, y in zip(raw[::2], raw[1::2], strict=True))


def _parse_box(raw: Any) -> tuple[Point, Point]:
    """COCO's (x, y, width, height) as the first and last pixel."""
    if not isinstance(raw, list) or len(raw) != 4:
        raise ObjectError("it has neither segmentation nor bbox")
    (x, y), (width, height) = _parse_polygon(raw)
    if width <= 0 or height <= 0:
        raise ObjectError(f"its box is {width} x {height}")
    return (x, y), (x + max(width - 1, 0.0), y + max(height - 1, 0.0))


def _fill_boxes(parts: list[tuple[Point, ...]], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Fill parts of four numbers as pycocotools does: all as boxes if the first is one, else as two-point polygons."""
    boxes = len(parts[0]) == 2
    if boxes and max(map(len, parts)) > 2:
        raise ObjectError("its first polygon has four numbers and others have more")
    if boxes:
        parts = [((x, y), (x, y + h), (x + w, y + h), (x + w, y)) for (x, y), (w, h) in parts]
    box, mask = _rasterise(parts, size)
    out = np.zeros(size, np.bool_)
    out[box.slices] = mask
    return out


def _rasterise(polygons: Iterable[Sequence[Point]], size: tuple[int, int]) -> tuple[Box, Mask]:
    """The pixels of several polygons by COCO's rule; pycocotools' own code walks distant edges pixel by pixel."""
    image = full_box(*size)
    return union_patches([rasterise_coco_polygon(np.asarray(points, np.float64), image) for points in polygons])


def _build_bitmap(mask: NDArray[np.bool_]) -> Bitmap:
    bitmap = Bitmap.from_array(mask)
    if not bitmap:
        raise ObjectError("its mask has no pixels")
    return bitmap


def build_record(each: Instance, size: tuple[int, int], exact: bool) -> Record:
    """`segmentation`, `area` and `bbox` of an object: polygons where its shapes are polygons, else run lengths.

    `exact` writes run lengths for everything, as COCO fills polygons by its own rule. Area and box are pycocotools'.
    """
    drawn = [shape for shape in each.shapes if shape.kind in (POLYGON, ORIENTED_RECTANGLE, RECTANGLE)]
    if len(drawn) == len(each.shapes) and not each.cut_by_background and not exact:
        outlines = [list_corners(shape) for shape in drawn]
        rle = encode_rle(*_rasterise(outlines, size), size)
        segmentation: Any = [[value for point in outline for value in point] for outline in outlines]
    else:
        rle = encode_rle(each.box, each.mask, size)
        segmentation = {"size": list(size), "counts": rle["counts"].decode("ascii")}
    return {
        "segmentation": segmentation,
        "area": float(coco_mask.area(rle)),
        "bbox": [float(value) for value in coco_mask.toBbox(rle)],
    }


def list_corners(shape: Shape) -> list[Point]:
    """COCO's corners: labelme's rectangle ends on its last pixel, COCO's after it."""
    if shape.kind != RECTANGLE:
        return list(shape.points)
    (ax, ay), (bx, by) = shape.points
    x0, x1, y0, y1 = min(ax, bx), max(ax, bx) + 1, min(ay, by), max(ay, by) + 1
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
