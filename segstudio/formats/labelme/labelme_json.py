"""labelme JSON, versions 3 to 7 and its relatives: read leniently, written as labelme 7.1 demands.

Format: labelme's `_label_file.py` and `_shape.py`. Unknown keys are kept at both levels. A shape that
cannot be understood is named in a note and written back as it was.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PureWindowsPath
from typing import Any, Final

import numpy as np
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap, Mask
from segstudio.core.geometry import Point
from segstudio.core.shape import MASK, NUM_POINTS, POLYGON, RECTANGLE, Shape
from segstudio.errors import FormatError, ObjectError
from segstudio.formats.images import FORMATS
from segstudio.formats.json_file import encode_json, read_json

NEW_VERSION: Final = "5.10.1"
UNREAD: Final = "segstudio.unread_shapes"  # in Annotation.extra: shapes kept as they were

_TOP_KEYS: Final = frozenset({"flags", "shapes", "imagePath", "imageHeight", "imageWidth"})
_SHAPE_KEYS: Final = frozenset({"label", "points", "group_id", "shape_type", "flags", "description", "mask"})
_SLACK: Final = 4096  # pixels that a mask may be larger than twice its image
_FURTHEST: Final = 1e7  # no image that can be opened is wider
_RELATIVES: Final = {"rotation": POLYGON, "quadrilateral": POLYGON}  # X-AnyLabeling's words


@dataclass(frozen=True)
class LabelmeFile:
    """`image` is the path as written, with forward slashes; `notes` say what was altered or not understood."""

    annotation: Annotation
    image: str
    notes: tuple[str, ...]


def read(path: Path, size: tuple[int, int] | None = None, pixels: bool = True) -> LabelmeFile:
    """`size` is the (height, width) of the real image, which wins over what the file says.

    Without `pixels` mask shapes come out empty: enough to know labels and image, at a fraction of the cost.

    Raises FormatError when the file is not labelme's at all, FileError when it cannot be read.
    """
    raw = _parsed(path)
    notes: list[str] = []
    height, width = _size(path, raw, size, notes)
    shapes, unread = [], []
    for index, item in enumerate(raw["shapes"]):
        try:
            shapes.append(_shape(item, notes, (height, width) if pixels else None))
        except ObjectError as fault:
            notes.append(f"shape {index + 1} is shown in no way ({fault}); it is kept as it was")
            unread.append(item)
    extra = {str(key): value for key, value in raw.items() if key not in _TOP_KEYS}
    if unread:
        extra[UNREAD] = unread
    annotation = Annotation(height, width, tuple(shapes), _flags(raw.get("flags"), notes), extra)
    image = PureWindowsPath(str(raw.get("imagePath") or "")).as_posix()
    return LabelmeFile(annotation, image, tuple(notes))


def read_size(path: Path) -> tuple[int, int] | None:
    """(height, width) as the file has it, None where it says none. Raises FileError or FormatError."""
    raw = _parsed(path)
    height, width = raw.get("imageHeight"), raw.get("imageWidth")
    if (
        isinstance(height, int)
        and isinstance(width, int)
        and 0 <= min(height, width) <= max(height, width) <= _FURTHEST
    ):
        return height, width
    return None


def encode(annotation: Annotation, image: str) -> bytes:
    """The file's bytes; `image` is relative to the JSON's folder, with forward slashes."""
    extra = dict(annotation.extra)
    unread = extra.pop(UNREAD, [])
    plain = {
        "version": extra.pop("version", None) or NEW_VERSION,
        "flags": dict(annotation.flags),
        "shapes": [_plain(shape) for shape in annotation.shapes] + list(unread),
        "imagePath": image,
        "imageData": extra.pop("imageData", None),
        "imageHeight": annotation.height,
        "imageWidth": annotation.width,
        **extra,
    }
    return encode_json(plain)


def _parsed(path: Path) -> dict[str, Any]:
    raw = read_json(path)
    if not isinstance(raw, dict) or not isinstance(raw.get("shapes"), list):
        raise FormatError(
            path,
            "is not a labelme file (it has no list of shapes)",
            "mend the file or take it away; segstudio leaves it as it is",
        )
    return raw


def _size(path: Path, raw: Mapping[str, Any], size: tuple[int, int] | None, notes: list[str]) -> tuple[int, int]:
    said = (raw.get("imageHeight"), raw.get("imageWidth"))
    if size is None:
        if all(isinstance(value, int) and 0 < value <= _FURTHEST for value in said):
            return said  # type: ignore[return-value]
        raise FormatError(path, "does not say how large its image is", "put the image beside it")
    if None not in said and said != size:
        notes.append(
            f"labels are for {said[1]}x{said[0]} but the image is {size[1]}x{size[0]}; "
            "they are shown on the image as it is"
        )
    return size


def _shape(item: Any, notes: list[str], size: tuple[int, int] | None) -> Shape:
    if not isinstance(item, dict):
        raise ObjectError("it is no object")
    label = item.get("label")
    if not isinstance(label, str):
        raise ObjectError(f"its label is {label!r}, not text")
    kind = item.get("shape_type") or POLYGON
    if not isinstance(kind, str):
        raise ObjectError(f"its type is {kind!r}, not text"[:120])
    points = points_of(item.get("points"))
    bitmap = None
    if kind == MASK:
        bitmap, points = (Bitmap() if size is None else _bitmap(item.get("mask"), points, size)), ()
    was = kind
    kind, points = _known_kind(kind, points)
    if was in _RELATIVES or (was == RECTANGLE and kind == POLYGON):
        notes.append(f"{label}: a {was} of four corners became a polygon")
    extra = {str(key): value for key, value in item.items() if key not in _SHAPE_KEYS}
    group = item.get("group_id")
    if isinstance(group, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", group):
        group = int(group)
    if group is not None and (isinstance(group, bool) or not isinstance(group, int)):
        notes.append(f"{label}: group {group!r} is no number; kept aside as group_id_was")
        extra["group_id_was"], group = group, None
    description = item.get("description")
    text = description if isinstance(description, str) else ""
    if description is not None and not isinstance(description, str):
        notes.append(f"{label}: description {description!r} is no text; kept aside as description_was"[:160])
        extra["description_was"] = description
    return Shape(label, kind, points, bitmap, group, text, _flags(item.get("flags"), notes), extra)


def check_coordinate(value: Any) -> None:
    """Raises ObjectError for what is no finite number of a size that an image can have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ObjectError(f"a coordinate is {value!r}, not a number"[:120])
    if not abs(value) <= _FURTHEST:  # so written for NaN, and before any integer becomes a float
        raise ObjectError(f"a coordinate is {value}, which lies in no image"[:120])


def points_of(raw: Any) -> tuple[Point, ...]:
    """Finite (x, y) of a list of pairs. Raises ObjectError."""
    if not isinstance(raw, list):
        raise ObjectError("it has no list of points")
    if all(type(pair) is list and len(pair) == 2 for pair in raw):
        flat = list(chain.from_iterable(raw))
        if not _all_in_reach(flat):
            for value in flat:
                check_coordinate(value)
        return tuple(zip(map(float, flat[::2]), map(float, flat[1::2]), strict=True))
    strange = next(pair for pair in raw if not (isinstance(pair, list) and len(pair) == 2))
    raise ObjectError(f"a point is {strange!r}, not two numbers"[:120])


def _all_in_reach(flat: list[Any]) -> bool:
    """Whether all are plain numbers that an image can have, without a step of Python for each."""
    plain = set(map(type, flat)) <= {int, float}
    return plain and bool(flat) and max(flat) <= _FURTHEST and min(flat) >= -_FURTHEST and sum(flat) == sum(flat)


def _known_kind(kind: str, points: tuple[Point, ...]) -> tuple[str, tuple[Point, ...]]:
    kind = _RELATIVES.get(kind, kind)
    if kind not in NUM_POINTS:
        raise ObjectError(f"its type {kind!r} is unknown")
    if kind == RECTANGLE and len(points) == 4:  # X-AnyLabeling writes all corners
        xs, ys = sorted({x for x, _ in points}), sorted({y for _, y in points})
        if len(xs) == len(ys) == 2:
            return kind, ((xs[0], ys[0]), (xs[1], ys[1]))
        kind = POLYGON
    fewest, most = NUM_POINTS[kind]
    if len(points) < fewest or (most is not None and len(points) > most):
        raise ObjectError(f"a {kind} of {len(points)} points")
    return kind, points


def _bitmap(encoded: Any, points: tuple[Point, ...], size: tuple[int, int]) -> Bitmap:
    """A mask's pixels: the PNG patch lies with its first pixel at the first point."""
    if not isinstance(encoded, str) or not points:
        raise ObjectError("it is a mask without pixels or place")
    try:
        with Image.open(io.BytesIO(base64.b64decode(encoded, validate=False)), formats=FORMATS) as image:
            if image.mode not in ("1", "L", "P", "I", "I;16"):
                raise ObjectError(f"its mask is a {image.mode} image, not one plane")
            if image.width > 2 * size[1] + _SLACK or image.height > 2 * size[0] + _SLACK:
                raise ObjectError(f"its mask says it is {image.width} x {image.height} pixels")
            mask: Mask = np.asarray(image) != 0
    except (OSError, ValueError, SyntaxError, binascii.Error, Image.DecompressionBombError) as error:
        raise ObjectError(f"its mask cannot be decoded ({error})"[:160]) from error
    x, y = (int(value) for value in points[0])
    bitmap = Bitmap.from_array(mask, y, x)
    if not bitmap:
        raise ObjectError("its mask has no pixel inside an image")
    return bitmap


def _flags(raw: Any, notes: list[str]) -> dict[str, bool]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        notes.append(f"flags are {raw!r}, not names with true or false; read as none"[:120])
        return {}
    strange = [key for key, value in raw.items() if not isinstance(value, bool)]
    if strange:
        notes.append(f"flags {', '.join(map(str, strange))} are neither true nor false; read as what they seem"[:160])
    return {str(key): bool(value) for key, value in raw.items()}


def _plain(shape: Shape) -> dict[str, Any]:
    points: list[list[float]] = [[x, y] for x, y in shape.points]
    mask = None
    if shape.bitmap is not None:
        box = shape.bitmap.box
        points = [[float(box.x0), float(box.y0)], [float(box.x1 - 1), float(box.y1 - 1)]]
        mask = _png_text(shape.bitmap.to_array(box))
    return {
        "label": shape.label,
        "points": points,
        "group_id": shape.group_id,
        "description": shape.description,
        "shape_type": shape.kind,
        "flags": dict(shape.flags),
        "mask": mask,
        **{key: value for key, value in shape.extra.items() if key not in _SHAPE_KEYS},
    }


def _png_text(mask: Mask) -> str:
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8)).save(buffer, "PNG", compress_level=3)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
