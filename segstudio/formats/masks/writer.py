"""Mask images beside images: index PNGs in VOC colours, and the numbers of objects in 16 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.instances import rasterise_both
from segstudio.core.sample import resolve_unlabelled
from segstudio.formats import class_list
from segstudio.formats.atomic import write_text
from segstudio.formats.images import encode_png
from segstudio.formats.masks.codec import encode_index_png
from segstudio.formats.voc.writer import hidden
from segstudio.formats.writer import (
    ON_TOP,
    ExportImage,
    ExportOptions,
    Losses,
    Writer,
    Written,
    put,
    put_image,
    words_lost,
)


def losses(annotation: Annotation, options: ExportOptions) -> Losses:
    """Words are lost; objects are told apart in PNGs of their own."""
    return words_lost(annotation)


def write(out: Path, page: ExportImage, options: ExportOptions) -> Written:
    raw, instances = rasterise_both(page.annotation, page.table)
    plane = resolve_unlabelled(raw, page.unlabelled)
    put_image(page, out / "images")
    put(out / "masks" / f"{page.stem}.png", encode_index_png(plane))
    objects = np.where(raw == IGNORE, 0, instances).astype(np.uint16)
    put(out / "instances" / f"{page.stem}.png", encode_png(objects))
    return Written(page, tuple(hidden(page.annotation, instances)))


def finish(out: Path, written: list[Written], table: ClassTable) -> None:
    write_text(out / "classes.txt", "".join(f"{name}\n" for name in table.names))
    write_text(out / "labelmap.txt", class_list.labelmap_txt(table))
    write_text(out / "val.txt", "".join(f"{each.page.stem}\n" for each in written if each.page.held_out))


MASKS_WRITER = Writer("masks", "Mask images (PNG)", losses, write, finish, frozenset({"overlap_ignored"}), ON_TOP)
