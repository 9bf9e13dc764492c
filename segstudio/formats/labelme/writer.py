"""labelme JSON beside images, as labelme 7 opens it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import ClassTable
from segstudio.core.raster import shape_mask
from segstudio.core.shape import COCO, Shape
from segstudio.formats import class_list
from segstudio.formats.atomic import write_text
from segstudio.formats.labelme import labelme_json
from segstudio.formats.writer import ExportImage, ExportOptions, Losses, Writer, Written, put, put_image


def losses(annotation: Annotation, options: ExportOptions) -> Losses:
    kept = [
        (index, "is a COCO polygon; labelme fills its border by another rule (write pixels to keep it)")
        for index, shape in enumerate(annotation.shapes)
        if shape.rule == COCO and not options.exact
    ]
    unread = annotation.extra.get(labelme_json.UNREAD, [])
    return [*kept, *((-1, "a shape that could not be read is left out") for _ in unread)]


def write(out: Path, page: ExportImage, options: ExportOptions) -> Written:
    """What could not be read is left out: labelme refuses a file for one such shape."""
    name = put_image(page, out)
    shapes = tuple(_as_pixels(shape, page) if options.exact else shape for shape in page.annotation.shapes)
    extra = {
        key: value for key, value in page.annotation.extra.items() if key not in (labelme_json.UNREAD, "imageData")
    }
    annotation = replace(page.annotation, shapes=shapes, extra=extra)
    put(out / f"{page.stem}.json", labelme_json.encode(annotation, name))
    return Written(page)


def _as_pixels(shape: Shape, page: ExportImage) -> Shape:
    if shape.rule != COCO:
        return shape
    box, mask = shape_mask(shape, page.annotation.box)
    return shape.with_bitmap(Bitmap.from_array(mask, box.y0, box.x0)) if mask.any() else shape


def finish(out: Path, written: list[Written], table: ClassTable) -> None:
    write_text(out / "labels.txt", class_list.labels_txt(table))


LABELME_WRITER = Writer("labelme", "labelme", losses, write, finish, frozenset({"exact", "overlap_ignored"}))
