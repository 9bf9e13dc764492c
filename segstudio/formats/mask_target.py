"""Mask pictures beside pictures: index PNGs in VOC colours, and object PNGs where objects are told apart."""

from __future__ import annotations

from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.instances import rasterise_both
from segstudio.core.sample import reading
from segstudio.formats import class_list
from segstudio.formats.atomic import write_text
from segstudio.formats.masks import index_png
from segstudio.formats.target import ExportOptions, Losses, Page, Target, Written, put, put_picture, words_lost
from segstudio.formats.voc_target import hidden


def losses(annotation: Annotation, options: ExportOptions) -> Losses:
    """Objects of one class become one; words are lost."""
    of_label: dict[str, int] = {}
    merged = []
    for index, shape in enumerate(annotation.shapes):
        if of_label.setdefault(shape.label, index) != index:
            merged.append((index, "is not told apart from others of its class"))
    return [*words_lost(annotation), *merged]


def write(out: Path, page: Page, options: ExportOptions) -> Written:
    raw, instances = rasterise_both(page.annotation, page.table)
    plane = reading(raw, page.unlabelled)
    put_picture(page, out / "images")
    put(out / "masks" / f"{page.stem}.png", index_png(plane))
    return Written(page, tuple(hidden(page.annotation, instances)))


def finish(out: Path, written: list[Written], table: ClassTable) -> None:
    write_text(out / "classes.txt", "".join(f"{name}\n" for name in table.names))
    write_text(out / "labelmap.txt", class_list.labelmap_txt(table))
    write_text(out / "val.txt", "".join(f"{each.page.stem}\n" for each in written if each.page.held_out))


MASKS = Target("masks", "Mask pictures (PNG)", losses, write, finish)
