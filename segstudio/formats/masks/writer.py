"""Mask images beside images: index PNGs in VOC colours, and object numbers as 16-bit PNGs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.instances import rasterise_with_instances
from segstudio.core.sample import resolve_unlabelled
from segstudio.formats import class_list, writer
from segstudio.formats.atomic import write_text
from segstudio.formats.images import encode_png
from segstudio.formats.masks.codec import encode_index_png
from segstudio.formats.writer import ExportImage, ExportOptions, Unsupported, Writer, WrittenImage


def find_unsupported(annotation: Annotation, options: ExportOptions) -> list[Unsupported]:
    """Text is lost; object numbers are kept in PNGs of their own."""
    return writer.find_lost_text(annotation)


def write(out: Path, image: ExportImage, options: ExportOptions) -> WrittenImage:
    """The image, its class PNG in `masks` and its object PNG in `instances`."""
    raw, instances = rasterise_with_instances(image.annotation, image.table)
    plane = resolve_unlabelled(raw, image.unlabelled)
    writer.write_image(image, out / "images")
    writer.write_file(out / "masks" / f"{image.stem}.png", encode_index_png(plane))
    objects = np.where(raw == IGNORE, 0, instances).astype(np.uint16)
    writer.write_file(out / "instances" / f"{image.stem}.png", encode_png(objects))
    return WrittenImage(image, tuple(writer.describe_hidden_objects(image.annotation, instances)))


def finish(out: Path, written: list[WrittenImage], table: ClassTable) -> None:
    """Class list, label map and the stems of the validation images."""
    write_text(out / "classes.txt", "".join(f"{name}\n" for name in table.names))
    write_text(out / "labelmap.txt", class_list.format_labelmap_txt(table))
    write_text(out / "val.txt", "".join(f"{each.image.stem}\n" for each in written if each.subset == "val"))


MASKS_WRITER = Writer(
    "masks",
    "Mask images (PNG)",
    find_unsupported,
    write,
    finish,
    options=frozenset({"overlap_ignored"}),
    remark=writer.TOPMOST_ONLY,
)
