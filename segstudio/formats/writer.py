"""Interface of the dataset writers: images are written one at a time, then the files about the whole dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE_NAME, ClassTable, is_background
from segstudio.core.instances import find_interleaved, instance_numbers
from segstudio.core.raster import Patch
from segstudio.core.shape import Shape
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import encode_jpeg, encode_png, is_plain_jpeg, is_upright, read_image

TOPMOST_ONLY: Final = "Where objects overlap, only the topmost one is written."


@dataclass(frozen=True)
class ExportOptions:
    """Options that a format may use. `border_px`: width of the ignored border around objects (VOC).

    `exact`: pixels instead of polygons (COCO, labelme); `overlap_ignored`: pixels of several objects are ignored.
    """

    visualisations: bool = False
    npy: bool = False
    border_px: int = 0
    exact: bool = False
    overlap_ignored: bool = False


@dataclass(frozen=True)
class ExportImage:
    """One image to write. `stem` is its name in the export; `unlabelled` is how unlabelled pixels are read.

    `held_out` (validation subset) is set after all images are written.
    """

    stem: str
    path: Path
    annotation: Annotation
    table: ClassTable
    unlabelled: str
    held_out: bool = False

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class WrittenImage:
    """An exported image. `notes` list what was left out or altered; `record` is what the writer's `finish` needs."""

    image: ExportImage
    notes: tuple[str, ...] = ()
    record: Any = None

    __hash__ = None  # type: ignore[assignment]

    @property
    def subset(self) -> str:
        return "val" if self.image.held_out else "train"


@dataclass(frozen=True)
class Unsupported:
    """Something that a format cannot store, of one shape or (`shape_index` None) of the annotation as a whole."""

    reason: str
    shape_index: int | None = None


@dataclass(frozen=True)
class Writer:
    """A format that can be written. `find_unsupported` is called before anything is written.

    `options` are the fields of ExportOptions that the format uses; `remark` is what it cannot store of any image.
    """

    name: str
    title: str
    find_unsupported: Callable[[Annotation, ExportOptions], list[Unsupported]]
    write: Callable[[Path, ExportImage, ExportOptions], WrittenImage]
    finish: Callable[[Path, list[WrittenImage], ClassTable], None]
    options: frozenset[str] = frozenset()
    remark: str = ""


def describe_shape(shape: Shape, index: int) -> str:
    return f"object {index + 1} ({shape.label})"


def list_unsupported(annotation: Annotation, reason_for: Callable[[Shape], str | None]) -> list[Unsupported]:
    """The shapes for which `reason_for` gives a reason."""
    reasons = ((index, reason_for(shape)) for index, shape in enumerate(annotation.shapes))
    return [Unsupported(reason, index) for index, reason in reasons if reason is not None]


def find_lost_text(annotation: Annotation) -> list[Unsupported]:
    """Descriptions and flags, for formats that store pixels only."""
    reason = "has a description or flags, which this format does not store"
    return list_unsupported(
        annotation, lambda shape: reason if shape.description or any(shape.flags.values()) else None
    )


def is_object(shape: Shape) -> bool:
    """False for background shapes and for `__ignore__` shapes."""
    return shape.label != IGNORE_NAME and not is_background(shape.label)


def find_non_objects(annotation: Annotation) -> list[Unsupported]:
    """Shapes that a format of objects leaves out."""
    return list_unsupported(annotation, _reason_not_object)


def _reason_not_object(shape: Shape) -> str | None:
    if shape.label == IGNORE_NAME:
        return "marks ignored pixels, which this format does not have; it is left out"
    if is_background(shape.label):
        return "is background; it is cut out of the objects below it and not written itself"
    return None


def describe_hidden_objects(annotation: Annotation, instances: NDArray[np.int32]) -> list[str]:
    """A note for each object without any pixel in the (H, W) plane of object numbers, with the reason."""
    numbers = instance_numbers(annotation)
    is_visible = _find_present(instances, max(numbers, default=0))
    notes = []
    for number in dict.fromkeys(number for number in numbers if not is_visible[number]):
        index = numbers.index(number)
        shape = annotation.shapes[index]
        outside = shape.box.intersect(annotation.box).empty
        reason = "is outside the image" if outside else "is completely covered by later objects"
        notes.append(f"{describe_shape(shape, index)} {reason}; it has no pixel")
    return notes


def describe_interleaved_objects(annotation: Annotation) -> list[str]:
    """Notes for formats that write each object as a whole."""
    return [
        f"object {number} is partly above and partly below other objects; it is written above them"
        for number in find_interleaved(annotation)
    ]


def _find_present(instances: NDArray[np.int32], highest: int) -> NDArray[np.bool_]:
    """(highest + 1,) True for each number that any pixel has; OpenCV counts bytes four times as fast as numpy."""
    if highest < 2**16:
        small: NDArray[np.integer] = instances.astype(np.uint8 if highest < 256 else np.uint16)
        return cv2.calcHist([small], [0], None, [highest + 1], [0, highest + 1]).ravel() > 0
    return np.bincount(instances.ravel(), minlength=highest + 1) > 0


def count_differing_pixels(first: Patch, second: Patch) -> int:
    """Pixels that exactly one of two patches has."""
    (first_box, first_mask), (second_box, second_mask) = first, second
    both = first_box.intersect(second_box)
    common = 0
    if not both.empty:
        common = int((first_mask[both.slices_in(first_box)] & second_mask[both.slices_in(second_box)]).sum())
    return int(first_mask.sum()) + int(second_mask.sum()) - 2 * common


def write_file(path: Path, data: bytes) -> None:
    """Write atomically but without fsync: an interrupted export can be repeated."""
    write_bytes(path, data, durable=False)


def write_image(image: ExportImage, folder: Path) -> str:
    """The image upright, in a format that all programs show alike; returns the file's name."""
    suffix = image.path.suffix.lower()
    if is_upright(image.path):
        name = f"{image.stem}{suffix}"
        write_file(folder / name, image.path.read_bytes())
        return name
    pixels = read_image(image.path)
    if suffix in (".jpg", ".jpeg"):
        name, data = f"{image.stem}.jpg", encode_jpeg(pixels)
    else:
        name, data = f"{image.stem}.png", encode_png(pixels)
    write_file(folder / name, data)
    return name


def write_jpeg(image: ExportImage, folder: Path) -> None:
    """The image as JPEG; the file itself where it is one."""
    plain = is_plain_jpeg(image.path)
    data = image.path.read_bytes() if plain else encode_jpeg(read_image(image.path))
    write_file(folder / f"{image.stem}.jpg", data)
