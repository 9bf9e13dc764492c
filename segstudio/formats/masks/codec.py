"""Mask images: numbers or colours a pixel, objects in 8 or 16 bits, and what to do with lossy ones."""

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
from segstudio.core.classes import IGNORE, IGNORE_NAME, UNLABELLED, ClassTable, is_background
from segstudio.core.colours import VOC_PALETTE, Colour, voc_colour
from segstudio.core.orientation import SWAPPED, turned_pixels
from segstudio.core.raster import Labels
from segstudio.core.shape import INSTANCE, MASK, Shape
from segstudio.errors import FormatError, ObjectError
from segstudio.formats.images import FORMATS, decoder_errors, image_size, orientation
from segstudio.formats.masks.label_map import LabelMap

LOSSY: Final = (".jpg", ".jpeg", ".webp")
_ONE_PLANE: Final = ("1", "L", "P", "I;16", "I;16B", "I;16L", "I")
_MOST_OBJECTS: Final = 1000
_MOST_COVER: Final = 50  # times the image that the boxes of all objects may cover
TURNED: Final = "its labels were made on the image as it is stored; they were turned with it"
_FEW: Final = 1 << 16  # values that are counted in a table
_REMEDY: Final = "declare it in the label map, or correct the mask"


@dataclass(frozen=True)
class MaskFile:
    """`plane` is (H, W) int32 or, of a colour image, (H, W) of 0xRRGGBB. `palette` is that of a mode P file."""

    path: Path
    plane: NDArray[np.int32]
    coloured: bool = False
    palette: tuple[Colour, ...] = ()
    gray_rgb: bool = False  # numbers that were stored as three equal bytes

    __hash__ = None  # type: ignore[assignment]


def read_mask(path: Path, lossy: bool = False) -> MaskFile:
    """The file as it stands: a palette is not applied. Lossy files are refused unless `lossy`."""
    if path.suffix.lower() in LOSSY and not lossy:
        raise FormatError(path, "is a lossy image; its class numbers are blurred", "export the masks as PNG")
    image_size(path)  # refuses what is missing, broken or too large before a pixel is decoded
    with decoder_errors(path), Image.open(path, formats=FORMATS) as image:
        if image.mode in _ONE_PLANE:
            plane = np.asarray(image)
            values = (plane.astype(np.uint8) * 255 if image.mode == "1" else plane).astype(np.int32)
            return MaskFile(path, values, palette=_palette(image))
        rgb = np.asarray(image.convert("RGB")).astype(np.int32)
        if (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all():
            return MaskFile(path, np.ascontiguousarray(rgb[..., 0]), gray_rgb=True)
        return MaskFile(path, (rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2], coloured=True)


def _palette(image: Image.Image) -> tuple[Colour, ...]:
    flat = image.getpalette("RGB") if image.mode == "P" else None
    return tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=False)) if flat else ()


def to_labels(mask: MaskFile, meaning: LabelMap, binary: bool = False) -> Labels:
    """Class ids of a mask; where masks are `binary`, 255 is class 1 and not ignored.

    Raises FormatError with the count of pixels whose value or colour nobody declared: none is guessed.
    """
    values, counts = tally(mask.plane)
    if binary and not mask.coloured and set(values.tolist()) <= {0, 255}:
        return (mask.plane == 255).astype(np.uint8)
    declared = {0: 0, IGNORE: 1} if binary and not mask.coloured else _declared(mask, meaning, values)
    strange = np.array([int(value) not in declared for value in values], np.bool_)
    if strange.any():
        remedy = "export it without smoothing, or snap it to the nearest class (--snap)" if binary else _REMEDY
        raise FormatError(mask.path, _undeclared(mask, values[strange], int(counts[strange].sum())), remedy)
    return _replaced(mask.plane, values, np.array([declared[int(value)] for value in values], np.uint8))


def tally(plane: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The values of a plane, ascending, and how many pixels have each."""
    if plane.size and int(plane.min()) >= 0 and int(plane.max()) < _FEW:
        counts = np.bincount(plane.ravel())
        values = np.flatnonzero(counts)
        return values, counts[values]
    values, counts = np.unique(plane, return_counts=True)
    return values.astype(np.int64), counts


def _replaced(plane: NDArray[np.int32], values: NDArray[np.int64], ids: NDArray[np.uint8]) -> Labels:
    """The plane with each of its `values` replaced by the id of the same place."""
    if len(values) and int(values[0]) >= 0 and int(values[-1]) < _FEW:
        table = np.zeros(int(values[-1]) + 1, np.uint8)
        table[values] = ids
        return table[plane]
    return ids[np.searchsorted(values, plane)]


def _declared(mask: MaskFile, meaning: LabelMap, values: NDArray[np.int64]) -> dict[int, int]:
    """From the file's values to class ids.

    Numbers are numbers, also where a VOC palette gives them colours; any other palette whose colours are all
    declared is read by them, as its numbers were dealt by an editor.
    """
    by_colour = {(red << 16) | (green << 8) | blue: value for (red, green, blue), value in meaning.colours.items()}
    if mask.coloured:
        if not by_colour:
            raise FormatError(mask.path, _undeclared(mask, values, mask.plane.size), "give a label map of the colours")
        return by_colour
    if mask.gray_rgb and by_colour:
        return {colour & 255: value for colour, value in by_colour.items() if colour == (colour & 255) * 0x010101}
    used = values.tolist() if mask.palette and meaning.colours else []
    if not used or used[-1] >= len(mask.palette) or all(mask.palette[v] == voc_colour(v) for v in used):
        return meaning.values
    shown = {value: meaning.colours.get(mask.palette[value]) for value in used}
    distinct = len({mask.palette[value] for value in used}) == len(used)
    if distinct and None not in shown.values():
        return {value: found for value, found in shown.items() if found is not None}
    return meaning.values


def _undeclared(mask: MaskFile, strange: NDArray[np.int64], count: int) -> str:
    if mask.coloured:
        shown = ", ".join(f"({v >> 16},{v >> 8 & 255},{v & 255})" for v in strange[:8].tolist())
        return f"holds {count} pixels of {len(strange)} undeclared colours: {shown}{' …' if len(strange) > 8 else ''}"
    shown = ", ".join(str(value) for value in strange[:8])
    return f"holds {count} pixels of value {shown}{' …' if len(strange) > 8 else ''}, which no class has"


def snapped(path: Path, meaning: LabelMap, binary: bool, allowed: bool) -> tuple[Labels, str]:
    """Labels of a lossy mask by the nearest declared value or colour, and a note with the count of stray pixels.

    Raises FormatError with that count where snapping was not `allowed`.
    """
    mask = read_mask(path, lossy=True)
    values, counts = tally(mask.plane)
    declared = {0: 0, 255: 1} if binary and not mask.coloured else _declared(mask, meaning, values)
    known = np.array(sorted(declared), np.int64)
    parts, targets = _channels(values, mask.coloured), _channels(known, mask.coloured)
    best = np.full(len(values), np.iinfo(np.int64).max)
    nearest = np.zeros(len(values), np.int64)
    for index in range(len(known)):  # a class at a time: a photograph has a million colours
        distances = ((parts - targets[index]) ** 2).sum(axis=1)
        closer = distances < best
        best[closer], nearest[closer] = distances[closer], known[index]
    strays = int(counts[nearest != values].sum())
    if not allowed:
        raise FormatError(
            path,
            f"is a lossy image; {strays} of its {mask.plane.size} pixels have a value that no class has",
            "export the masks as PNG, or snap them to the nearest class (--snap)",
        )
    ids = np.array([declared[int(value)] for value in nearest], np.uint8)
    note = f"{strays} pixels of the lossy mask were snapped to the nearest class"
    return _replaced(mask.plane, values, ids), note


def _channels(values: NDArray[Any], coloured: bool) -> NDArray[np.int64]:
    values = values.astype(np.int64)[:, None]
    return np.concatenate([values >> 16, values >> 8 & 255, values & 255], axis=1) if coloured else values


def annotation_of(labels: Labels, table: ClassTable, objects: NDArray[np.int32] | None = None) -> Annotation:
    """One mask shape a class, or one an object where `objects` numbers them (0: none).

    Class 0 gets one too, unless it is the background, which needs none; an object of it, as labelme has, is kept.
    """
    quiet = {UNLABELLED} | ({0} if is_background(table[0].name) else set())
    shapes = [] if objects is None else _object_shapes(labels, table, objects)
    rest = labels if objects is None else np.where((objects > 0) & (labels != IGNORE), UNLABELLED, labels)
    for value in np.flatnonzero(np.bincount(rest.ravel(), minlength=256)).tolist():
        if value not in quiet and value != UNLABELLED:
            shapes.append(_shape(_name(table, value), rest == value))
    return Annotation(labels.shape[0], labels.shape[1], tuple(shapes))


def _object_shapes(labels: Labels, table: ClassTable, objects: NDArray[np.int32]) -> list[Shape]:
    """Objects in order of number; one that lies in several classes is one shape a class. Cost follows their boxes."""
    shapes = []
    boxes = object_boxes(objects)
    check_objects(len(boxes), sum(box.height * box.width for _, box in boxes), objects.size)
    for number, box in boxes:
        here = objects[box.slices] == number
        for value in np.unique(labels[box.slices][here]).tolist():
            if value not in (UNLABELLED, IGNORE):
                mask = here & (labels[box.slices] == value)
                shapes.append(_shape(_name(table, value), mask, box, number))
    return shapes


def check_objects(count: int, area: int, pixels: int) -> None:
    """Raises ObjectError where a plane is so scattered that it can hold no object numbers."""
    if count > _MOST_OBJECTS and area > _MOST_COVER * pixels:
        raise ObjectError(f"its {count} numbers lie scattered all over; it looks like a photograph or a depth map")


def object_boxes(objects: NDArray[np.int32]) -> list[tuple[int, Box]]:
    """The box of each number above 0, in one pass."""
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
    return [(number, Box(a, b, c + 1, d + 1)) for number, a, b, c, d in rows]


def _name(table: ClassTable, value: int) -> str:
    return IGNORE_NAME if value == IGNORE else table.name_of(value)


def _shape(label: str, mask: NDArray[np.bool_], box: Box | None = None, number: int | None = None) -> Shape:
    bitmap = Bitmap.from_array(mask) if box is None else Bitmap.from_array(mask, box.y0, box.x0)
    return Shape(label, MASK, bitmap=bitmap, extra={} if number is None else {INSTANCE: number})


def fitted(mask: MaskFile, image: Path) -> tuple[MaskFile, tuple[str, ...]]:
    """The mask as it lies on the image, turned with it where it was made on the stored rows; and a note of that.

    Raises FormatError where it is of another size.
    """
    size, shape = image_size(image), mask.plane.shape
    if shape != size and shape == size[::-1] and orientation(image) in SWAPPED:
        plane = np.ascontiguousarray(turned_pixels(mask.plane, orientation(image)))
        return replace(mask, plane=plane), (TURNED,)
    check_size(mask.path, shape, size)
    return mask, ()


def check_size(path: Path, shape: tuple[int, ...], size: tuple[int, int]) -> None:
    """Raises FormatError where labels are not for an image of this (height, width)."""
    if tuple(shape[:2]) != size:
        raise FormatError(
            path,
            f"is {shape[1]}x{shape[0]} but the image is {size[1]}x{size[0]}",
            "export the mask again at the image's size",
        )


def encode_index_png(labels: Labels) -> bytes:
    """Mode P with the VOC palette: the numbers are the classes, the colours are for eyes."""
    image = Image.fromarray(labels)
    image.putpalette(VOC_PALETTE.tobytes())
    return _png(image)


def encode_instance_png(instances: NDArray[np.int32]) -> tuple[bytes, bool]:
    """Instance numbers as a palette PNG, or 16 bits where there are more than 255 of them (then True)."""
    highest = int(instances.max()) if instances.size else 0
    if highest > 65535:
        raise ValueError(f"object number {highest} does not fit 16 bits")
    if highest > 255:
        return _png(Image.fromarray(instances.astype(np.uint16))), True
    return encode_index_png(instances.astype(np.uint8)), False


def encode_npy(array: NDArray[np.generic]) -> bytes:
    """numpy's own file."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, np.lib.format.header_data_from_array_1_0(array))
    return b"".join([buffer.getvalue(), np.ascontiguousarray(array).data])


def _png(image: Image.Image) -> bytes:
    """Runs of equal pixels are all there is to find in a plane of labels: as small, in half the time."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_type=zlib.Z_RLE)
    return buffer.getvalue()
