"""YOLO segmentation: images and label files by split, with data.yaml."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.box import whole
from segstudio.core.classes import ClassTable, is_background
from segstudio.core.instances import Instance, instances, torn
from segstudio.core.raster import shape_mask
from segstudio.core.shape import COCO, ORIENTED_RECTANGLE, POLYGON, Shape
from segstudio.errors import FileError
from segstudio.formats.atomic import write_text
from segstudio.formats.writer import (
    ExportImage,
    ExportOptions,
    Losses,
    Writer,
    Written,
    is_object,
    not_objects,
    put,
    put_image,
    words_lost,
)
from segstudio.formats.yolo import reader as yolo


def losses(annotation: Annotation, options: ExportOptions) -> Losses:
    outlined = [
        (index, f"is a {shape.kind}; the outline of its pixels is written")
        for index, shape in enumerate(annotation.shapes)
        if shape.kind not in (POLYGON, ORIENTED_RECTANGLE) and is_object(shape)
    ]
    ruled = [
        (index, "is a COCO polygon; its border is filled by another rule")
        for index, shape in enumerate(annotation.shapes)
        if shape.rule == COCO
    ]
    return [*not_objects(annotation), *words_lost(annotation), *outlined, *ruled]


def write(out: Path, page: ExportImage, options: ExportOptions) -> Written:
    size = page.annotation.height, page.annotation.width
    first = 1 if is_background(page.table[0].name) else 0
    lines, notes = [], []
    for each in instances(page.annotation):
        where = f"object {each.number} ({each.label})"
        class_id = page.table.id_of(each.label)
        if class_id is None or not each.mask.any():
            notes.append(f"{where} has no pixel in the image and was left out")
            continue
        found = yolo.lines_of(each, class_id - first, size)
        if len(found) > 1:
            notes.append(f"{where} has {len(found)} parts, which become {len(found)} objects")
        differing = _difference(each, size)
        if differing:
            notes.append(f"{where} is approximated by outlines that differ in {differing} pixels")
        lines += found
    notes += [
        f"object {number} lies partly above and partly below others; it is above" for number in torn(page.annotation)
    ]
    name = put_image(page, out / "images")
    put(out / "labels" / f"{page.stem}.txt", "".join(f"{line}\n" for line in lines).encode("ascii"))
    return Written(page, tuple(notes), name)


def _difference(each: Instance, size: tuple[int, int]) -> int:
    """Pixels that the written outlines have more or less than the object, filled as this program fills polygons."""
    if each.drawn and not any(shape.rule for shape in each.shapes):
        return 0
    image = whole(*size)
    drawn = np.zeros(each.mask.shape, np.bool_)
    outlines = [shape.points_N2 for shape in each.shapes] if each.drawn else yolo.outlines_of(each)
    outside = 0
    for ring in outlines:
        box, mask = shape_mask(Shape(each.label, POLYGON, tuple(map(tuple, ring.tolist()))), image)
        part = box.intersect(each.box)
        outside += int(mask.sum())
        if not part.empty:
            outside -= int(mask[part.within(box)].sum())
            drawn[part.within(each.box)] |= mask[part.within(box)]
    return int((drawn != each.mask).sum()) + outside


def finish(out: Path, written: list[Written], table: ClassTable) -> None:
    """Each image goes to the folder of its split; then data.yaml says what is where."""
    for each in written:
        side = "val" if each.page.held_out else "train"
        _move(out / "images" / each.record, side)
        _move(out / "labels" / f"{each.page.stem}.txt", side)
    first = 1 if is_background(table[0].name) else 0
    names = "".join(f"  {number}: {_quoted(item.name)}\n" for number, item in enumerate(list(table)[first:]))
    val = "images/val" if any(each.page.held_out for each in written) else "images/train"
    write_text(out / "data.yaml", f"train: images/train\nval: {val}\nnames:\n{names}")


def _move(path: Path, side: str) -> None:
    try:
        (path.parent / side).mkdir(exist_ok=True)
        path.rename(path.parent / side / path.name)
    except OSError as error:
        raise FileError(path, f"could not be moved to {side} ({error.strerror})", "export again") from error


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


YOLO_WRITER = Writer("yolo", "YOLO segmentation", losses, write, finish)
