"""labelme JSON, versions 3 to 7, and files of related programs: read leniently, written as labelme 7.1 requires.

Format: labelme's `_label_file.py` and `_shape.py`. Unknown keys are kept at both levels. A shape that
cannot be read is named in a note and written back unchanged.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any, Final

import numpy as np
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap, Mask
from segstudio.core.geometry import Point
from segstudio.core.shape import MASK, NUM_POINTS, POLYGON, RECTANGLE, Shape
from segstudio.errors import FormatError, ObjectError
from segstudio.formats.coordinates import MAX_COORDINATE_PX, read_points
from segstudio.formats.images import FORMATS
from segstudio.formats.json_file import REMEDY, encode_json, read_json

NEW_VERSION: Final = "5.10.1"
UNREAD: Final = "segstudio.unread_shapes"  # in Annotation.extra: shapes that are kept as they were

_TOP_KEYS: Final = frozenset({"flags", "shapes", "imagePath", "imageHeight", "imageWidth"})
_SHAPE_KEYS: Final = frozenset({"label", "points", "group_id", "shape_type", "flags", "description", "mask"})
_MASK_MARGIN_PX: Final = 4096  # a mask may be larger than twice its image by this
_X_ANYLABELING_KINDS: Final = {"rotation": POLYGON, "quadrilateral": POLYGON}


@dataclass(frozen=True)
class LabelmeFile:
    """A parsed file. `image` is the path in it, with forward slashes; `notes` list what was altered or not read."""

    annotation: Annotation
    image: str
    notes: tuple[str, ...]


def read(path: Path, size: tuple[int, int] | None = None, pixels: bool = True) -> LabelmeFile:
    """`size` is the (height, width) of the real image, which overrides the size in the file.

    Without `pixels` mask shapes are empty: enough for labels and image path, at a fraction of the time.
    Raises FormatError when the file is not labelme's at all, FileError when it cannot be read.
    """
    raw = _parse(path)
    notes: list[str] = []
    height, width = _choose_size(path, raw, size, notes)
    shapes, unread = [], []
    for number, item in enumerate(raw["shapes"], 1):
        try:
            shapes.append(_convert(item, notes, (height, width) if pixels else None))
        except ObjectError as fault:
            notes.append(f"shape {number} cannot be shown ({fault}); it is kept unchanged in the file")
            unread.append(item)
    extra = {str(key): value for key, value in raw.items() if key not in _TOP_KEYS}
    if unread:
        extra[UNREAD] = unread
    annotation = Annotation(height, width, tuple(shapes), _read_flags(raw.get("flags"), notes), extra)
    image = PureWindowsPath(str(raw.get("imagePath") or "")).as_posix()
    return LabelmeFile(annotation, image, tuple(notes))


def read_size(path: Path) -> tuple[int, int] | None:
    """(height, width) as the file states it, None where it does not. Raises FileError or FormatError."""
    raw = _parse(path)
    height, width = raw.get("imageHeight"), raw.get("imageWidth")
    if not isinstance(height, int) or not isinstance(width, int):
        return None
    return (height, width) if min(height, width) >= 0 and max(height, width) <= MAX_COORDINATE_PX else None


def encode(annotation: Annotation, image: str) -> bytes:
    """The file's bytes; `image` is relative to the JSON's folder, with forward slashes."""
    extra = dict(annotation.extra)
    unread = extra.pop(UNREAD, [])
    plain = {
        "version": extra.pop("version", None) or NEW_VERSION,
        "flags": dict(annotation.flags),
        "shapes": [_to_plain(shape) for shape in annotation.shapes] + list(unread),
        "imagePath": image,
        "imageData": extra.pop("imageData", None),
        "imageHeight": annotation.height,
        "imageWidth": annotation.width,
        **extra,
    }
    return encode_json(plain)


def _parse(path: Path) -> dict[str, Any]:
    raw = read_json(path)
    if not isinstance(raw, dict) or not isinstance(raw.get("shapes"), list):
        raise FormatError(path, "is not a labelme file (it has no list of shapes)", REMEDY)
    return raw


def _choose_size(path: Path, raw: Mapping[str, Any], size: tuple[int, int] | None, notes: list[str]) -> tuple[int, int]:
    """The given size, with a note where the file states another; else the stated one. Raises FormatError."""
    height, width = raw.get("imageHeight"), raw.get("imageWidth")
    if size is None:
        if all(isinstance(value, int) and 0 < value <= MAX_COORDINATE_PX for value in (height, width)):
            return height, width  # type: ignore[return-value]
        raise FormatError(path, "does not state the size of its image", "put the image beside it")
    if height is not None and width is not None and (height, width) != size:
        notes.append(
            f"labels are for {width}x{height} but the image is {size[1]}x{size[0]}; "
            "they are shown on the image as it is"
        )
    return size


def _convert(item: Any, notes: list[str], size: tuple[int, int] | None) -> Shape:
    """A shape; without `size` a mask shape has no pixels. Raises ObjectError."""
    if not isinstance(item, dict):
        raise ObjectError("it is not a JSON object")
    label = item.get("label")
    if not isinstance(label, str):
        raise ObjectError(f"its label is {label!r}, not text")
    stated_kind = item.get("shape_type") or POLYGON
    if not isinstance(stated_kind, str):
        raise ObjectError(f"its type is {stated_kind!r}, not text"[:120])
    points = read_points(item.get("points"))
    bitmap = None
    if stated_kind == MASK:
        bitmap, points = (Bitmap() if size is None else _decode_mask(item.get("mask"), points, size)), ()
    kind, points = _choose_kind(stated_kind, points)
    if stated_kind in _X_ANYLABELING_KINDS or (stated_kind == RECTANGLE and kind == POLYGON):
        notes.append(f"{label}: a {stated_kind} of four corners became a polygon")
    extra = {str(key): value for key, value in item.items() if key not in _SHAPE_KEYS}
    group = item.get("group_id")
    if isinstance(group, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", group):
        group = int(group)
    if group is not None and (isinstance(group, bool) or not isinstance(group, int)):
        notes.append(f"{label}: group {group!r} is not an integer; it is kept as group_id_was")
        extra["group_id_was"], group = group, None
    description = item.get("description")
    text = description if isinstance(description, str) else ""
    if description is not None and not isinstance(description, str):
        notes.append(f"{label}: description {description!r} is not text; it is kept as description_was"[:160])
        extra["description_was"] = description
    return Shape(label, kind, points, bitmap, group, text, _read_flags(item.get("flags"), notes), extra)


def _choose_kind(kind: str, points: tuple[Point, ...]) -> tuple[str, tuple[Point, ...]]:
    """The kind as labelme names it, with the points that it needs. Raises ObjectError."""
    kind = _X_ANYLABELING_KINDS.get(kind, kind)
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


def _decode_mask(encoded: Any, points: tuple[Point, ...], size: tuple[int, int]) -> Bitmap:
    """The PNG patch of a mask shape, with its first pixel at the first point. Raises ObjectError."""
    if not isinstance(encoded, str) or not points:
        raise ObjectError("it is a mask without pixels or position")
    try:
        with Image.open(io.BytesIO(base64.b64decode(encoded, validate=False)), formats=FORMATS) as image:
            if image.mode not in ("1", "L", "P", "I", "I;16"):
                raise ObjectError(f"its mask is a {image.mode} image, not one plane")
            if image.width > 2 * size[1] + _MASK_MARGIN_PX or image.height > 2 * size[0] + _MASK_MARGIN_PX:
                raise ObjectError(f"its mask has a header for {image.width} x {image.height} pixels")
            mask: Mask = np.asarray(image) != 0
    except (OSError, ValueError, SyntaxError, binascii.Error, Image.DecompressionBombError) as error:
        raise ObjectError(f"its mask cannot be decoded ({error})"[:160]) from error
    x, y = (int(value) for value in points[0])
    bitmap = Bitmap.from_array(mask, y, x)
    if not bitmap:
        raise ObjectError("its mask has no pixel inside an image")
    return bitmap


def _read_flags(raw: Any, notes: list[str]) -> dict[str, bool]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        notes.append(f"flags are {raw!r}, not names with true or false; they were ignored"[:120])
        return {}
    not_bool = [key for key, value in raw.items() if not isinstance(value, bool)]
    if not_bool:
        names = ", ".join(map(str, not_bool))
        notes.append(f"flags {names} are neither true nor false; they were converted"[:160])
    return {str(key): bool(value) for key, value in raw.items()}


def _to_plain(shape: Shape) -> dict[str, Any]:
    """The shape as labelme's JSON object."""
    points: list[list[float]] = [[x, y] for x, y in shape.points]
    mask = None
    if shape.bitmap is not None:
        box = shape.bitmap.box
        points = [[float(box.x0), float(box.y0)], [float(box.x1 - 1), float(box.y1 - 1)]]
        mask = _encode_mask(shape.bitmap.to_array(box))
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


def _encode_mask(mask: Mask) -> str:
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8)).save(buffer, "PNG", compress_level=3)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
