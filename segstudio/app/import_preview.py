"""A preview of a dataset before it is imported: its format, counts, classes and thumbnails. Read in a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import UNLABELLED, ClassTable
from segstudio.core.raster import rasterise
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats.dataset import DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.images import read_thumbnail
from segstudio.formats.registry import Detection, detect, explain_refusals, open_detected
from segstudio.project.importing import ImportPreview, preview_import

_OPACITY = 0.5
_MOST_LABELS = 12


@dataclass(frozen=True)
class OpenedDataset:
    """A dataset that was opened and counted; `table` has the classes in the colours that they will get.

    `problems` say why images that were tried cannot be imported.
    """

    title: str
    source: DatasetReader
    preview: ImportPreview
    table: ClassTable
    problems: tuple[str, ...] = ()

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Refusals:
    """Why the other formats do not fit, by their names."""

    reasons: dict[str, str]

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Thumbnail:
    """`pixels` is (h, w, 3) uint8 RGB, contiguous."""

    name: str
    text: str
    pixels: NDArray[np.uint8]

    __hash__ = None  # type: ignore[assignment]


def preview(
    path: Path, folder: Path, format_name: str, options: ReadOptions, thumbnail_px: int
) -> Iterator[Progress | OpenedDataset | Thumbnail | Refusals]:
    """Detect the format of `path` and preview its import into `folder`.

    Raises SegstudioError with the reason of every format if none fits.
    """
    found = detect(path, options, format_name)
    if found.reader is None:
        raise SegstudioError(_explain_none(path, found))
    yield Progress(0, 1, found.reader.title)
    source = open_detected(found, options)
    problems: list[str] = []
    for event in preview_import(source, folder):
        if isinstance(event, ImportPreview):
            table = _complete_table(event)
            yield OpenedDataset(found.reader.title, source, event, table, tuple(problems))
            yield from _make_thumbnails(event, table, thumbnail_px)
        elif isinstance(event, Problem):
            problems.append(event.what)
        else:
            yield event
    yield Refusals(explain_refusals(found, options))


def make_thumbnail(image: ImportedImage, side_px: int, table: ClassTable) -> Thumbnail:
    """A small copy of an image with its labels in the colours of `table`. Raises FileError if it cannot be read."""
    pixels = read_thumbnail(image.image, side_px)
    plane = rasterise(image.annotation, table)
    rows = np.arange(pixels.shape[0]) * plane.shape[0] // pixels.shape[0]
    columns = np.arange(pixels.shape[1]) * plane.shape[1] // pixels.shape[1]
    small = plane[np.ix_(rows, columns)]
    palette = np.zeros((256, 3), np.float32)
    palette[: len(table)] = [item.colour for item in table]
    palette[255] = 255
    shown = (small != 0) & (small != UNLABELLED)
    mixed = np.where(shown[..., None], pixels * (1 - _OPACITY) + palette[small] * _OPACITY, pixels)
    text = f"{len(image.annotation.shapes)} shapes: {', '.join(image.annotation.labels[:_MOST_LABELS])}"
    return Thumbnail(image.image.name, text, np.ascontiguousarray(mixed.astype(np.uint8)))


def _complete_table(found: ImportPreview) -> ClassTable:
    """The dataset's classes; where it lists none, its labels in their order."""
    table = found.table or ClassTable()
    for name in found.names:
        try:
            table = table if table.id_of(name) is not None else table.with_added(name)
        except ValueError:
            continue  # the import reports it
    return table


def _explain_none(path: Path, found: Detection) -> str:
    if len(found.declined) == 1:
        return f"{path.name}: {next(iter(found.declined.values()))}"
    reasons = "\n".join(f"{name}: {reason}" for name, reason in found.declined.items())
    return f"No format fits {path.name}.\n{reasons}"


def _make_thumbnails(found: ImportPreview, table: ClassTable, side_px: int) -> Iterator[Thumbnail]:
    for image in found.first_images:
        try:
            yield make_thumbnail(image, side_px, table)
        except SegstudioError:
            continue  # the import reports it
