"""YOLO segmentation: images and label files by subset, with data.yaml."""

from __future__ import annotations

from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.box import full_box
from segstudio.core.classes import ClassTable
from segstudio.core.contours import find_rings, join_holes, pad_to_three_points
from segstudio.core.geometry import Points
from segstudio.core.instances import Instance, find_instances, union_patches
from segstudio.core.raster import rasterise_shape
from segstudio.core.shape import COCO, ORIENTED_RECTANGLE, POLYGON, Shape
from segstudio.errors import FileError
from segstudio.formats import writer
from segstudio.formats.atomic import write_text
from segstudio.formats.writer import ExportImage, ExportOptions, Unsupported, Writer, WrittenImage


def find_unsupported(annotation: Annotation, options: ExportOptions) -> list[Unsupported]:
    """Background and ignored shapes, text, shapes that become outlines, and COCO's fill rule."""
    reason = "is a COCO polygon; its border is filled by another rule"
    coco_polygons = writer.list_unsupported(annotation, lambda shape: reason if shape.fill_rule == COCO else None)
    return [
        *writer.find_non_objects(annotation),
        *writer.find_lost_text(annotation),
        *writer.list_unsupported(annotation, _reason_outline),
        *coco_polygons,
    ]


def _reason_outline(shape: Shape) -> str | None:
    if shape.kind not in (POLYGON, ORIENTED_RECTANGLE) and writer.is_object(shape):
        return f"is a {shape.kind}; the outline of its pixels is written"
    return None


def write(out: Path, image: ExportImage, options: ExportOptions) -> WrittenImage:
    """The image and its text file, one line per connected part of an object; `finish` moves both to their subset."""
    size = image.annotation.height, image.annotation.width
    first = 1 if image.table.has_background else 0
    lines, notes = [], []
    for each in find_instances(image.annotation):
        where = f"object {each.number} ({each.label})"
        class_id = image.table.id_of(each.label)
        if class_id is None or not each.mask.any():
            notes.append(f"{where} has no pixel in the image and was left out")
            continue
        outlines = _find_outlines(each)
        if len(outlines) > 1:
            notes.append(f"{where} has {len(outlines)} parts, which become {len(outlines)} objects")
        differing = _count_differing(each, outlines, size)
        if differing:
            notes.append(f"{where} is approximated by outlines that differ in {differing} pixels")
        lines += [f"{class_id - first} {_format_outline(outline, size)}" for outline in outlines]
    notes += writer.describe_interleaved_objects(image.annotation)
    name = writer.write_image(image, out / "images")
    text = "".join(f"{line}\n" for line in lines)
    writer.write_file(out / "labels" / f"{image.stem}.txt", text.encode("ascii"))
    return WrittenImage(image, tuple(notes), name)


def _find_outlines(each: Instance) -> list[Points]:
    """Polygons as drawn; of other shapes the outline of each part of the pixels, with bridges to the holes."""
    if each.polygonal:
        return [shape.points_N2 for shape in each.shapes]
    rings = find_rings(each.mask, each.box.y0, each.box.x0)
    return [pad_to_three_points(join_holes(outer, holes)) for outer, holes in rings]


def _format_outline(points_N2: Points, size: tuple[int, int]) -> str:
    """x and y as fractions of the image's width and height."""
    height, width = size
    return " ".join(f"{x / width:.12g} {y / height:.12g}" for x, y in points_N2.tolist())


def _count_differing(each: Instance, outlines: list[Points], size: tuple[int, int]) -> int:
    """Pixels by which the outlines, filled as segstudio fills polygons, differ from the object."""
    if each.polygonal and not any(shape.fill_rule for shape in each.shapes):
        return 0
    image = full_box(*size)
    polygons = [Shape(each.label, POLYGON, tuple(map(tuple, outline.tolist()))) for outline in outlines]
    drawn = union_patches([rasterise_shape(polygon, image) for polygon in polygons])
    return writer.count_differing_pixels(drawn, (each.box, each.mask))


def finish(out: Path, written: list[WrittenImage], table: ClassTable) -> None:
    """Move each image and text file to the folder of its subset, then write data.yaml."""
    for each in written:
        _move(out / "images" / each.record, each.subset)
        _move(out / "labels" / f"{each.image.stem}.txt", each.subset)
    first = 1 if table.has_background else 0
    names = "".join(f"  {number}: {_quote(item.name)}\n" for number, item in enumerate(list(table)[first:]))
    val = "images/val" if any(each.subset == "val" for each in written) else "images/train"
    write_text(out / "data.yaml", f"train: images/train\nval: {val}\nnames:\n{names}")


def _move(path: Path, subset: str) -> None:
    try:
        (path.parent / subset).mkdir(exist_ok=True)
        path.rename(path.parent / subset / path.name)
    except OSError as error:
        raise FileError(path, f"could not be moved to {subset} ({error.strerror})", "export again") from error


def _quote(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


YOLO_WRITER = Writer("yolo", "YOLO segmentation", find_unsupported, write, finish)
