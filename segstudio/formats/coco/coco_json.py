"""COCO JSON: instances, stuff and results, from records to shapes and back.

Format: cocodataset.org/#format-data. Polygons keep COCO's own filling rule, run lengths become masks, and the
other keys of a record (id, iscrowd, score, attributes) are kept with the shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from segstudio.core.bitmap import Bitmap, Mask
from segstudio.core.box import Box, whole
from segstudio.core.classes import BACKGROUND_NAME, ClassTable, is_background
from segstudio.core.coco_rule import coco_patch
from segstudio.core.geometry import Point, Points
from segstudio.core.instances import Instance, united
from segstudio.core.shape import COCO, MASK, ORIENTED_RECTANGLE, POLYGON, RECTANGLE, RULE, Shape
from segstudio.errors import FormatError, ObjectError
from segstudio.formats.json_file import read_json
from segstudio.formats.labelme.labelme_json import check_coordinate
from segstudio.formats.rle import unrolled

KEPT: Final = "coco"  # key of a shape's extra: what the record said besides its outline
_REMEDY: Final = "export it again, or take the record away"

Record = dict[str, Any]


@dataclass(frozen=True)
class CocoFile:
    """Images and records by image id; `categories` lead from id to name. No mask is decoded yet."""

    path: Path
    images: dict[int, Record] = field(default_factory=dict)
    records: dict[int, list[Record]] = field(default_factory=dict)
    categories: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    results: bool = False  # a list of results, which names neither images nor categories

    __hash__ = None  # type: ignore[assignment]


def reason_not(raw: Any) -> str | None:
    """Why a parsed file is not COCO's, or None."""
    if isinstance(raw, list):
        fits = bool(raw) and all(isinstance(each, dict) and "image_id" in each for each in raw[:20])
        return None if fits else "it is a list, but not of results with image_id"
    if not isinstance(raw, dict):
        return "it is no object"
    missing = [key for key in ("images", "annotations") if not isinstance(raw.get(key), list)]
    return f"it has no list of {' and no list of '.join(missing)}" if missing else None


def glance(data: bytes) -> str | None:
    """Why a file does not look like COCO's, or None; without parsing it, as it may be very large."""
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"["):
        return None if b'"image_id"' in data[:100_000] else "it is a list, but not of results with image_id"
    missing = [key for key in ("images", "annotations") if f'"{key}"'.encode() not in data]
    if not start.startswith(b"{"):
        return "it is no object"
    return f"it has no list of {' and no list of '.join(missing)}" if missing else None


def load(path: Path) -> CocoFile:
    """Raises FileError, or FormatError where the file is not COCO's. Records that fit nothing are noted."""
    raw = read_json(path, exact=False)
    reason = reason_not(raw)
    if reason is not None:
        raise FormatError(path, f"is not a COCO file ({reason})", "choose an instances, stuff or results file")
    notes: list[str] = []
    if isinstance(raw, list):
        records = _grouped(raw, None, notes)
        return CocoFile(path, {}, records, _named_by_number(records), tuple(notes), results=True)
    images = _by_id(raw["images"], "image", notes)
    records = _grouped(raw["annotations"], images, notes)
    return CocoFile(path, images, records, _categories(raw.get("categories"), notes), tuple(notes))


def table_of(categories: Mapping[int, str]) -> ClassTable:
    """`_background_`, then the categories in order of id; a category that is the background is not listed twice.

    Raises ValueError beyond 254 classes.
    """
    names = [name for _, name in sorted(categories.items()) if not is_background(name)]
    return ClassTable.from_names([BACKGROUND_NAME, *dict.fromkeys(names)])


def _by_id(raw: Iterable[Any], what: str, notes: list[str]) -> dict[int, Record]:
    found: dict[int, Record] = {}
    for index, item in enumerate(raw):
        number = item.get("id") if isinstance(item, dict) else None
        if not isinstance(number, int):
            notes.append(f"{what} {index + 1} was left out (it has no id that is a number)")
        elif number in found:
            notes.append(f"{what} id {number} is used twice; the first was taken")
        else:
            found[number] = item
    return found


def _grouped(raw: Iterable[Any], images: Mapping[int, Record] | None, notes: list[str]) -> dict[int, list[Record]]:
    """Records by image, in the file's order; those of images that are not there are counted."""
    groups: dict[int, list[Record]] = {}
    ids: set[Any] = set()
    homeless = broken = twice = 0
    for item in raw:
        image = item.get("image_id") if isinstance(item, dict) else None
        if not isinstance(image, int):
            broken += 1
        elif images is not None and image not in images:
            homeless += 1
        else:
            number = item.get("id")
            if isinstance(number, int):
                twice += number in ids
                ids.add(number)
            groups.setdefault(image, []).append(item)
    for count, text in (
        (broken, "annotations were left out (no image_id that is a number)"),
        (homeless, "annotations were left out (their image_id is of no image)"),
        (twice, "annotation ids are used twice; all were taken"),
    ):
        if count:
            notes.append(f"{count} {text}")
    return groups


def _categories(raw: Any, notes: list[str]) -> dict[int, str]:
    names: dict[int, str] = {}
    for number, item in _by_id(raw if isinstance(raw, list) else [], "category", notes).items():
        name = item.get("name")
        if not isinstance(name, str) or not name.strip():
            name = f"category_{number}"
            notes.append(f"category {number} has no name; it is called {name}")
        if name.strip() in names.values():
            notes.append(f"category {number} is called {name} like another; they become one class")
        names[number] = name.strip()
    return names


def _named_by_number(records: Mapping[int, list[Record]]) -> dict[int, str]:
    """Results carry numbers only."""
    found = (each.get("category_id") for group in records.values() for each in group)
    return {number: f"category_{number}" for number in sorted({n for n in found if isinstance(n, int)})}


def shapes_of(record: Record, categories: Mapping[int, str], size: tuple[int, int], group: int) -> list[Shape]:
    """The shapes of one record: a polygon a part, or one mask; several parts share `group`. Raises ObjectError."""
    number = record.get("category_id")
    if not isinstance(number, int) or number not in categories:
        raise ObjectError(f"its category {number!r} is not declared"[:120])
    name = BACKGROUND_NAME if is_background(categories[number]) else categories[number]
    kept = _kept(record)
    segmentation = record.get("segmentation")
    if isinstance(segmentation, dict):
        return [Shape(name, MASK, bitmap=_bitmap(decoded(segmentation, size)), extra={KEPT: kept})]
    if not segmentation:
        return [Shape(name, RECTANGLE, _box_corners(record.get("bbox")), extra={KEPT: kept})]
    parts = [_part(part) for part in segmentation] if isinstance(segmentation, list) else []
    if not parts:
        raise ObjectError(f"its segmentation is {type(segmentation).__name__}")
    if min(map(len, parts)) < 3:  # pycocotools reads four numbers as a box
        mask = _filled(parts, size)
        return [Shape(name, MASK, bitmap=_bitmap(mask), extra={KEPT: kept})]
    shared = group if len(parts) > 1 else None
    extra = {KEPT: kept, RULE: COCO}
    return [Shape(name, POLYGON, part, group_id=shared, extra=extra) for part in parts]


def _kept(record: Record) -> Record:
    """What a record says besides its outline; what could not be written again is not kept."""
    kept = {key: value for key, value in record.items() if key not in _OUTLINE}
    try:
        orjson.dumps(kept)
    except (TypeError, RecursionError):  # nested without end, or text that is no Unicode
        return {key: value for key, value in kept.items() if isinstance(value, int | float)}
    return kept


_OUTLINE: Final = frozenset({"segmentation", "image_id", "category_id", "bbox", "area"})


def _part(raw: Any) -> tuple[Point, ...]:
    if not isinstance(raw, list) or len(raw) < 4 or len(raw) % 2:
        raise ObjectError(f"a polygon of {len(raw) if isinstance(raw, list) else type(raw).__name__} numbers")
    for value in raw:
        check_coordinate(value)
    return tuple((float(x), float(y)) for x, y in zip(raw[::2], raw[1::2], strict=True))


def _box_corners(raw: Any) -> tuple[Point, Point]:
    """COCO's (x, y, width, height) as the first and last pixel."""
    if not isinstance(raw, list) or len(raw) != 4:
        raise ObjectError("it has neither segmentation nor bbox")
    (x, y), (width, height) = _part(raw)
    if width <= 0 or height <= 0:
        raise ObjectError(f"its box is {width} x {height}")
    return (x, y), (x + max(width - 1, 0.0), y + max(height - 1, 0.0))


def decoded(rle: Mapping[str, Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) of a run-length mask, compressed or not, checked against the image before anything is allocated."""
    counts, said = rle.get("counts"), rle.get("size")
    if said != list(size):
        raise ObjectError(f"its mask is for size {said!r} but the image has {list(size)} rows and columns"[:160])
    runs = _runs(counts)
    return unrolled(runs, size[0] * size[1]).reshape(size[1], size[0]).T


def _runs(counts: Any) -> NDArray[np.int64]:
    """Run lengths; the text form is base 32 with a sign, each run less the one two before it (maskApi.c)."""
    if isinstance(counts, list):
        if not all(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 for value in counts):
            raise ObjectError("its runs are not all whole numbers")
        return np.asarray(counts, np.int64)
    if not isinstance(counts, str) or not counts.isascii():
        raise ObjectError(f"its counts are {type(counts).__name__}, neither a list nor text")
    digits = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - 48
    if len(digits) and (digits.min() < 0 or digits.max() > 63 or digits[-1] & 32):
        raise ObjectError("its counts hold signs that run lengths never have")
    return _undelta(digits) if len(digits) else np.zeros(0, np.int64)


def _undelta(digits: NDArray[np.int64]) -> NDArray[np.int64]:
    ends = np.flatnonzero(digits < 32)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 8:
        raise ObjectError("one of its runs is longer than any image")
    place = np.arange(len(digits)) - np.repeat(starts, lengths)
    values = np.add.reduceat((digits & 31) << (5 * place), starts)
    negative = (digits[ends] & 16) != 0
    values = np.where(negative, values - (np.int64(1) << (5 * lengths)), values)
    # x[i] += x[i - 2] from the third run but one on
    out = values.copy()
    out[1::2] = np.cumsum(values[1::2])
    out[2::2] = np.cumsum(values[2::2])
    return out


def _filled(parts: list[tuple[Point, ...]], size: tuple[int, int]) -> NDArray[np.bool_]:
    """As pycocotools reads parts of four numbers: boxes where the first is one, else polygons of two points."""
    boxes = len(parts[0]) == 2
    if boxes and max(map(len, parts)) > 2:
        raise ObjectError("its first polygon has four numbers and others have more")
    if boxes:
        parts = [((x, y), (x, y + h), (x + w, y + h), (x + w, y)) for (x, y), (w, h) in parts]
    box, mask = _united([np.asarray(part, np.float64) for part in parts], size)
    out = np.zeros(size, np.bool_)
    out[box.slices] = mask
    return out


def _united(polygons: list[Points], size: tuple[int, int]) -> tuple[Box, Mask]:
    """The pixels of several polygons by COCO's rule; pycocotools' own walks far-away borders pixel by pixel."""
    return united([coco_patch(points, whole(*size)) for points in polygons])


def _bitmap(mask: NDArray[np.bool_]) -> Bitmap:
    bitmap = Bitmap.from_array(mask)
    if not bitmap:
        raise ObjectError("its mask has no pixels")
    return bitmap


def record_of(each: Instance, size: tuple[int, int], exact: bool) -> Record:
    """`segmentation`, `area` and `bbox` of an object: polygons where its shapes are, else run lengths.

    `exact` takes run lengths for everything: COCO fills polygons by its own rule. Area and box are pycocotools'.
    """
    plain = [shape for shape in each.shapes if shape.kind in (POLYGON, ORIENTED_RECTANGLE, RECTANGLE)]
    polygons = len(plain) == len(each.shapes) and not each.cut and not exact
    if polygons:
        outlines = [corners_of(shape) for shape in plain]
        parts = [[value for point in outline for value in point] for outline in outlines]
        runs = encoded(*_united([np.asarray(outline, np.float64) for outline in outlines], size), size)
    else:
        runs = encoded(each.box, each.mask, size)
    shown: Any = parts if polygons else {"size": list(size), "counts": runs["counts"].decode("ascii")}
    return {
        "segmentation": shown,
        "area": float(coco_mask.area(runs)),
        "bbox": [float(value) for value in coco_mask.toBbox(runs)],
    }


def encoded(box: Box, mask: Mask, size: tuple[int, int]) -> Record:
    """pycocotools' compressed run lengths of a mask that covers `box`; the cost follows the box, not the image."""
    height, width = size
    columns = np.pad(mask.T.astype(np.int8), ((0, 0), (1, 1)))
    x, y = np.nonzero(np.diff(columns, axis=1))
    at = (x + box.x0) * height + y + box.y0
    again = np.flatnonzero(at[1:] == at[:-1])  # a run that goes on in the next column neither ends nor begins there
    at = np.delete(at, np.concatenate([again, again + 1]))
    counts = np.diff(np.concatenate([[0], at, [height * width]]))
    if len(counts) > 1 and counts[-1] == 0:
        counts = counts[:-1]
    found: Record = coco_mask.frPyObjects({"size": [height, width], "counts": counts.tolist()}, height, width)
    return found


def corners_of(shape: Shape) -> list[Point]:
    """Corners; labelme's rectangle includes its last pixel, COCO's corner lies behind it."""
    if shape.kind != RECTANGLE:
        return list(shape.points)
    (ax, ay), (bx, by) = shape.points
    x0, x1, y0, y1 = min(ax, bx), max(ax, bx) + 1, min(ay, by), max(ay, by) + 1
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
