"""labelme JSON beside images, as labelme 7 opens it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise_shape
from segstudio.core.shape import COCO, Shape
from segstudio.formats import class_list, writer
from segstudio.formats.atomic import write_text
from segstudio.formats.labelme import labelme_json
from segstudio.formats.writer import ExportImage, ExportOptions, Unsupported, Writer, WrittenImage


def find_unsupported(annotation: Annotation, options: ExportOptions) -> list[Unsupported]:
    """COCO polygons, unless they are written as pixels, and shapes that could not be read."""
    reason = "is a COCO polygon; labelme fills its border by another rule (write pixels to keep it)"
    coco_polygons = writer.list_unsupported(
        annotation, lambda shape: reason if shape.fill_rule == COCO and not options.exact else None
    )
    unread = annotation.extra.get(labelme_json.UNREAD, [])
    return [*coco_polygons, *(Unsupported("a shape that could not be read is left out") for _ in unread)]


def write(out: Path, image: ExportImage, options: ExportOptions) -> WrittenImage:
    """The image and its JSON, without shapes that could not be read: labelme refuses a whole file for one of them."""
    name = writer.write_image(image, out)
    shapes = image.annotation.shapes
    if options.exact:
        shapes = tuple(_to_mask(shape, image) for shape in shapes)
    left_out = (labelme_json.UNREAD, "imageData")
    extra = {key: value for key, value in image.annotation.extra.items() if key not in left_out}
    annotation = replace(image.annotation, shapes=shapes, extra=extra)
    writer.write_file(out / f"{image.stem}.json", labelme_json.encode(annotation, name))
    return WrittenImage(image)


def _to_mask(shape: Shape, image: ExportImage) -> Shape:
    if shape.fill_rule != COCO:
        return shape
    box, mask = rasterise_shape(shape, image.annotation.box)
    return shape.with_bitmap(Bitmap.from_array(mask, box.y0, box.x0)) if mask.any() else shape


def finish(out: Path, written: list[WrittenImage], table: ClassTable) -> None:
    """The class list; labelme has no subsets."""
    write_text(out / "labels.txt", class_list.format_labels_txt(table))


LABELME_WRITER = Writer(
    "labelme", "labelme", find_unsupported, write, finish, options=frozenset({"exact", "overlap_ignored"})
)
