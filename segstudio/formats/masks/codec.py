"""Mask images: class numbers, object numbers (8 or 16 bits) or colours per pixel; lossy ones are refused or snapped."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.box import Box
from segstudio.core.classes import IGNORE, IGNORE_NAME, UNLABELLED, ClassTable
from segstudio.core.colours import VOC_PALETTE, Colour, voc_colour
from segstudio.core.orientation import SWAPPED, orient_pixels
from segstudio.core.raster import Labels
from segstudio.core.shape import INSTANCE, MASK, Shape
from segstudio.errors import FormatError, ObjectError
from segstudio.formats.images import FORMATS, image_orientation, image_size, translate_decoder_errors
from segstudio.formats.masks.label_map import LabelMap

LOSSY_SUFFIXES: Final = (".jpg", ".jpeg", ".webp")
ORIENTED: Final = "its labels were made on the image as it is stored; the EXIF orientation was applied to them"

_ONE_PLANE_MODES: Final = ("1", "L", "P", "I;16", "I;16B", "I;16L", "I")
_MAX_SCATTERED_OBJECTS: Final = 1000
_MAX_BOX_COVER: Final = 50  # total area of the boxes of all objects, in images
_MAX_TABLE_VALUES: Final = 1 << 16  # smaller values are counted and replaced by table lookup


@dataclass(frozen=True)
class MaskFile:
    """A decoded mask. `plane` is (H, W) int32 or, of a colour image, 0xRRGGBB. `palette` belongs to mode P."""

    path: Path
    plane: NDArray[np.int32]
    coloured: bool = False
    palette: tuple[Colour, ...] = ()
    gray_rgb: bool = False  # numbers that were stored as three equal bytes

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class MaskLabels:
    """Class ids of a mask in the size and orientation of its image; `snapped`: read by the nearest class."""

    labels: Labels
    notes: tuple[str, ...]
    snapped: bool = False

    __hash__ = None  # type: ignore[assignment]


def read_mask(path: Path, lossy: bool = False) -> MaskFile:
    """The values as stored: a palette is not applied. Raises FileError; FormatError for a lossy file unless `lossy`."""
    if is_lossy(path) and not lossy:
        raise FormatError(path, "is a lossy image; its class numbers are blurred", "export the masks as PNG")
    image_size(path)  # refuses what is missing, broken or too large before a pixel is decoded
    with translate_decoder_errors(path), Image.open(path, formats=FORMATS) as image:
        if image.mode in _ONE_PLANE_MODES:
            plane = np.asarray(image)
            values = (plane.astype(np.uint8) * 255 if image.mode == "1" else plane).astype(np.int32)
            return MaskFile(path, values, palette=_read_palette(image))
        rgb = np.asarray(image.convert("RGB")).astype(np.int32)
        if (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all():
            return MaskFile(path, np.ascontiguousarray(rgb[..., 0]), gray_rgb=True)
        return MaskFile(path, (rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2], coloured=True)


def is_lossy(path: Path) -> bool:
    return path.suffix.lower() in LOSSY_SUFFIXES


def _read_palette(image: Image.Image) -> tuple[Colour, ...]:
    flat = image.getpalette("RGB") if image.mode == "P" else None
    return tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=False)) if flat else ()


def read_labels(path: Path, image: Path, meaning: LabelMap, binary: bool = False, snap: bool = False) -> MaskLabels:
    """Class ids of a mask, checked against and oriented like its image; see `to_labels` for `binary`.

    Lossy masks, and binary ones where the user asked to `snap`, are read by the nearest class. Raises FileError.
    """
    if is_lossy(path) or (snap and binary):
        labels, note = snap_to_classes(path, meaning, binary, allowed=snap)
        check_size(path, labels.shape, image_size(image))
        return MaskLabels(labels, (note,), snapped=True)
    mask, notes = fit_to_image(read_mask(path), image)
    return MaskLabels(to_labels(mask, meaning, binary), notes)


def to_labels(mask: MaskFile, meaning: LabelMap, binary: bool = False) -> Labels:
    """Class ids of a mask; in a `binary` one 255 is class 1 instead of ignored.

    Raises FormatError with the number of pixels whose value or colour is not declared: none is guessed.
    """
    values, counts = count_values(mask.plane)
    if binary and not mask.coloured and set(values.tolist()) <= {0, 255}:
        return (mask.plane == 255).astype(np.uint8)
    declared = {0: 0, IGNORE: 1} if binary and not mask.coloured else _map_values(mask, meaning, values)
    undeclared = np.array([int(value) not in declared for value in values], np.bool_)
    if undeclared.any():
        remedy = "declare it in the label map, or correct the mask"
        if binary:
            remedy = "export it without smoothing, or snap it to the nearest class (--snap)"
        fault = _describe_undeclared(mask, values[undeclared], int(counts[undeclared].sum()))
        raise FormatError(mask.path, fault, remedy)
    return _replace_values(mask.plane, values, np.array([declared[int(value)] for value in values], np.uint8))


def count_values(plane: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The values of a plane in ascending order, and the number of pixels of each."""
    if plane.size and int(plane.min()) >= 0 and int(plane.max()) < _MAX_TABLE_VALUES:
        counts = np.bincount(plane.ravel())
        values = np.flatnonzero(counts)
        return values, counts[values]
    values, counts = np.unique(plane, return_counts=True)
    return values.astype(np.int64), counts


def _replace_values(plane: NDArray[np.int32], values: NDArray[np.int64], ids: NDArray[np.uint8]) -> Labels:
    """The plane with values[i] replaced by ids[i]; `values` are all its values, ascending."""
    if len(values) and int(values[0]) >= 0 and int(values[-1]) < _MAX_TABLE_VALUES:
        table = np.zeros(int(values[-1]) + 1, np.uint8)
        table[values] = ids
        return table[plane]
    return ids[np.searchsorted(values, plane)]


def _map_values(mask: MaskFile, meaning: LabelMap, values: NDArray[np.int64]) -> dict[int, int]:
    """From the file's values to class ids.

    Numbers are class numbers, also where a VOC palette colours them. Any other palette whose colours are all
    declared is read by its colours, as image editors assign its numbers.
    """
    by_colour = {(red << 16) | (green << 8) | blue: value for (red, green, blue), value in meaning.colours.items()}
    if mask.coloured:
        if not by_colour:
            fault = _describe_undeclared(mask, values, mask.plane.size)
            raise FormatError(mask.path, fault, "give a label map of the colours")
        return by_colour
    if mask.gray_rgb and by_colour:
        return {colour & 255: value for colour, value in by_colour.items() if colour == (colour & 255) * 0x010101}
    used = values.tolist() if mask.palette and meaning.colours else []
    if not used or used[-1] >= len(mask.palette) or all(mask.palette[v] == voc_colour(v) for v in used):
        return meaning.values
    by_palette = {value: meaning.colours.get(mask.palette[value]) for value in used}
    distinct = len({mask.palette[value] for value in used}) == len(used)
    if distinct and None not in by_palette.values():
        return {value: found for value, found in by_palette.items() if found is not None}
    return meaning.values


def _describe_undeclared(mask: MaskFile, values: NDArray[np.int64], count: int) -> str:
    more = " …" if len(values) > 8 else ""
    if mask.coloured:
        shown = ", ".join(f"({v >> 16},{v >> 8 & 255},{v & 255})" for v in values[:8].tolist())
        return f"has {count} pixels of {len(values)} undeclared colours: {shown}{more}"
    shown = ", ".join(str(value) for value in values[:8])
    return f"has {count} pixels of value {shown}{more}, which is not the number of a class"


def snap_to_classes(path: Path, meaning: LabelMap, binary: bool, *, allowed: bool) -> tuple[Labels, str]:
    """Labels of a lossy mask by the nearest declared value or colour, and a note with the number of changed pixels.

    Raises FormatError with that number unless `allowed`.
    """
    mask = read_mask(path, lossy=True)
    values, counts = count_values(mask.plane)
    declared = {0: 0, 255: 1} if binary and not mask.coloured else _map_values(mask, meaning, values)
    known = np.array(sorted(declared), np.int64)
    channels, known_channels = _split_channels(values, mask.coloured), _split_channels(known, mask.coloured)
    best = np.full(len(values), np.iinfo(np.int64).max)
    nearest = np.zeros(len(values), np.int64)
    for index in range(len(known)):  # one class at a time: a photograph has a million colours
        distances = ((channels - known_channels[index]) ** 2).sum(axis=1)
        closer = distances < best
        best[closer], nearest[closer] = distances[closer], known[index]
    changed = int(counts[nearest != values].sum())
    if not allowed:
        raise FormatError(
            path,
            f"is a lossy image; {changed} of its {mask.plane.size} pixels have a value that is not declared",
            "export the masks as PNG, or snap them to the nearest class (--snap)",
        )
    ids = np.array([declared[int(value)] for value in nearest], np.uint8)
    note = f"{changed} pixels of the lossy mask were snapped to the nearest class"
    return _replace_values(mask.plane, values, ids), note


def _split_channels(values: NDArray[Any], coloured: bool) -> NDArray[np.int64]:
    """(N, 3) red, green, blue of 0xRRGGBB, or (N, 1) numbers."""
    values = values.astype(np.int64)[:, None]
    return np.concatenate([values >> 16, values >> 8 & 255, values & 255], axis=1) if coloured else values


def build_annotation(labels: Labels, table: ClassTable, objects: NDArray[np.int32] | None = None) -> Annotation:
    """One mask shape per class, or per object where `objects` numbers them (0: none).

    Class 0 gets one too, unless it is the background, which needs none; an object of the background is kept.
    """
    without_shape = {UNLABELLED} | ({0} if table.has_background else set())
    shapes = [] if objects is None else _build_object_shapes(labels, table, objects)
    rest = labels if objects is None else np.where((objects > 0) & (labels != IGNORE), UNLABELLED, labels)
    for value in np.flatnonzero(np.bincount(rest.ravel(), minlength=256)).tolist():
        if value not in without_shape:
            shapes.append(Shape(_class_name(table, value), MASK, bitmap=Bitmap.from_array(rest == value)))
    return Annotation(labels.shape[0], labels.shape[1], tuple(shapes))


def _build_object_shapes(labels: Labels, table: ClassTable, objects: NDArray[np.int32]) -> list[Shape]:
    """Objects in order of number; one that covers several classes is one shape per class."""
    shapes = []
    for number, box in find_object_boxes(objects):
        here = objects[box.slices] == number
        for value in np.unique(labels[box.slices][here]).tolist():
            if value not in (UNLABELLED, IGNORE):
                bitmap = Bitmap.from_array(here & (labels[box.slices] == value), box.y0, box.x0)
                shapes.append(Shape(_class_name(table, value), MASK, bitmap=bitmap, extra={INSTANCE: number}))
    return shapes


def find_object_boxes(objects: NDArray[np.int32]) -> list[tuple[int, Box]]:
    """The box of each number above 0, ascending, in one pass over the plane.

    Raises ObjectError where the numbers are scattered so widely that they cannot be objects.
    """
    ys, xs = np.nonzero(objects)
    numbers = objects[ys, xs]
    order = np.argsort(numbers, kind="stable")
    values, first = np.unique(numbers[order], return_index=True)
    if not len(values):
        return []
    ys, xs = ys[order], xs[order]
    edges = [(f.reduceat(ys, first), f.reduceat(xs, first)) for f in (np.minimum, np.maximum)]
    (y0, x0), (y1, x1) = edges
    rows = zip(values.tolist(), y0.tolist(), x0.tolist(), y1.tolist(), x1.tolist(), strict=True)
    boxes = [(number, Box(a, b, c + 1, d + 1)) for number, a, b, c, d in rows]
    area = sum(box.height * box.width for _, box in boxes)
    if len(boxes) > _MAX_SCATTERED_OBJECTS and area > _MAX_BOX_COVER * objects.size:
        raise ObjectError(
            f"its {len(boxes)} numbers are scattered over the image; it looks like a photograph or a depth map"
        )
    return boxes


def _class_name(table: ClassTable, value: int) -> str:
    return IGNORE_NAME if value == IGNORE else table.name_of(value)


def fit_to_image(mask: MaskFile, image: Path) -> tuple[MaskFile, tuple[str, ...]]:
    """The mask in the image's EXIF orientation, and a note where that changed it: some tools label the stored rows.

    Raises FormatError where it has another size.
    """
    size, shape = image_size(image), mask.plane.shape
    if shape != size and shape == size[::-1] and image_orientation(image) in SWAPPED:
        plane = np.ascontiguousarray(orient_pixels(mask.plane, image_orientation(image)))
        return replace(mask, plane=plane), (ORIENTED,)
    check_size(mask.path, shape, size)
    return mask, ()


def check_size(path: Path, shape: tuple[int, ...], size: tuple[int, int]) -> None:
    """Raises FormatError where a mask of this `shape` is not for an image of this (height, width)."""
    if tuple(shape[:2]) != size:
        raise FormatError(
            path,
            f"is {shape[1]}x{shape[0]} but the image is {size[1]}x{size[0]}",
            "export the mask again at the size of the image",
        )


def encode_index_png(labels: Labels) -> bytes:
    """Mode P with the VOC palette: the numbers are the classes, the colours are for display only."""
    image = Image.fromarray(labels)
    image.putpalette(VOC_PALETTE.tobytes())
    return _encode_png(image)


def encode_instance_png(instances: NDArray[np.int32]) -> tuple[bytes, bool]:
    """Instance numbers as a palette PNG, or as a 16-bit one where a number exceeds 255 (then True).

    Raises ValueError for a number above 65535.
    """
    highest = int(instances.max()) if instances.size else 0
    if highest > 65535:
        raise ValueError(f"object number {highest} does not fit 16 bits")
    if highest > 255:
        return _encode_png(Image.fromarray(instances.astype(np.uint16))), True
    return encode_index_png(instances.astype(np.uint8)), False


def encode_npy(array: NDArray[np.generic]) -> bytes:
    """The bytes of numpy's .npy format."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, np.lib.format.header_data_from_array_1_0(array))
    return b"".join([buffer.getvalue(), np.ascontiguousarray(array).data])


def _encode_png(image: Image.Image) -> bytes:
    """Z_RLE compression: label planes are runs of equal pixels, so it is as small as the default in half the time."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_type=zlib.Z_RLE)
    return buffer.getvalue()
