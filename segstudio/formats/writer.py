"""What a writer of a data set takes and gives: one image at a time, then the lists of the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE_NAME, ClassTable, is_background
from segstudio.core.shape import Shape
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import encode_jpeg, encode_png, is_plain_jpeg, is_upright, read_image

Losses = list[tuple[int, str]]  # index of a shape, and what a target cannot hold of it


@dataclass(frozen=True)
class ExportOptions:
    """`border_px`: width of the ignored border around objects (VOC); `exact`: pixels instead of polygons (COCO)."""

    visualisations: bool = False
    npy: bool = False
    border_px: int = 0
    exact: bool = False
    overlap_ignored: bool = False


@dataclass(frozen=True)
class ExportImage:
    """One image to be written under a stem; `unlabelled` says how unlabelled pixels are read.

    `held_out` is decided when all are written.
    """

    stem: str
    image: Path
    annotation: Annotation
    table: ClassTable
    unlabelled: str
    held_out: bool = False

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Written:
    """`notes` say what was left out or altered; `record` is what the target's lists need of the image."""

    page: ExportImage
    notes: tuple[str, ...] = ()
    record: Any = None

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Writer:
    """A format that can be written. `losses` is asked before anything is written."""

    name: str
    title: str
    losses: Callable[[Annotation, ExportOptions], Losses]
    write: Callable[[Path, ExportImage, ExportOptions], Written]
    finish: Callable[[Path, list[Written], ClassTable], None]
    choices: frozenset[str] = frozenset()  # the options that it knows
    remark: str = ""  # what it cannot hold of any image


ON_TOP: Final = "Where objects overlap, only the one on top is written."


IS_IGNORE: Final = "marks pixels that do not count, which this format does not have; it is left out"
IS_BACKGROUND: Final = "is background; it is cut out of what lies under it and not written itself"


def describe_shape(shape: Shape, index: int) -> str:
    return f"object {index + 1} ({shape.label})"


def words_lost(annotation: Annotation) -> Losses:
    """Descriptions and flags, for formats that hold pixels only."""
    return [
        (index, "has a description or flags, which this format does not hold")
        for index, shape in enumerate(annotation.shapes)
        if shape.description or any(shape.flags.values())
    ]


def is_object(shape: Shape) -> bool:
    """Whether a shape is a thing, and neither background nor a mark that pixels do not count."""
    return shape.label != IGNORE_NAME and not is_background(shape.label)


def not_objects(annotation: Annotation) -> Losses:
    """Shapes that a format of objects leaves out."""
    return [
        (index, IS_IGNORE if shape.label == IGNORE_NAME else IS_BACKGROUND)
        for index, shape in enumerate(annotation.shapes)
        if not is_object(shape)
    ]


def put(path: Path, data: bytes) -> None:
    """Whole or not at all, without waiting for the disk: what is exported can be exported again."""
    write_bytes(path, data, durable=False)


def put_image(page: ExportImage, folder: Path) -> str:
    """The image as all programs see it alike, upright; the name that it got."""
    suffix = page.image.suffix.lower()
    if is_upright(page.image):
        name = f"{page.stem}{suffix}"
        put(folder / name, page.image.read_bytes())
        return name
    pixels = read_image(page.image)
    if suffix in (".jpg", ".jpeg"):
        name, data = f"{page.stem}.jpg", encode_jpeg(pixels)
    else:
        name, data = f"{page.stem}.png", encode_png(pixels)
    put(folder / name, data)
    return name


def put_jpeg(page: ExportImage, folder: Path) -> None:
    """The image as JPEG; the file itself where it is one."""
    plain = is_plain_jpeg(page.image)
    data = page.image.read_bytes() if plain else encode_jpeg(read_image(page.image))
    put(folder / f"{page.stem}.jpg", data)
