"""COCO instances: images and one JSON per subset; polygons where the shapes are polygons, else run lengths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.instances import Instance, find_instances
from segstudio.core.raster import rasterise_shape
from segstudio.core.shape import CIRCLE, COCO, FILL_RULE, LINE, LINESTRIP, POINT, POINTS, POLYGON, Shape
from segstudio.formats import writer
from segstudio.formats.coco import coco_json
from segstudio.formats.coco.coco_json import Record
from segstudio.formats.json_file import encode_json
from segstudio.formats.writer import ExportImage, ExportOptions, Unsupported, Writer, WrittenImage

_WRITTEN_AS_PIXELS: Final = (CIRCLE, LINE, LINESTRIP, POINT, POINTS)


@dataclass(frozen=True)
class _ImageRecords:
    """The records of one image and its annotations, still without ids."""

    image: Record
    annotations: list[Record]

    __hash__ = None  # type: ignore[assignment]


def find_unsupported(annotation: Annotation, options: ExportOptions) -> list[Unsupported]:
    """Background and ignored shapes, and kinds of shapes that COCO does not have."""
    return [*writer.find_non_objects(annotation), *writer.list_unsupported(annotation, _reason_pixels)]


def _reason_pixels(shape: Shape) -> str | None:
    if shape.kind in _WRITTEN_AS_PIXELS and writer.is_object(shape):
        return f"is a {shape.kind}; its pixels are written, not the {shape.kind}"
    return None


def write(out: Path, image: ExportImage, options: ExportOptions) -> WrittenImage:
    """The image file, and its records for `finish`."""
    name = writer.write_image(image, out / "images")
    height, width = image.annotation.height, image.annotation.width
    records, notes, differing = [], [], 0
    for each in find_instances(image.annotation):
        where = f"object {each.number} ({each.label})"
        if not each.mask.any():
            notes.append(f"{where} has no pixel in the image and was left out")
            continue
        record = coco_json.build_record(each, (height, width), options.exact)
        differing += _count_differing(each, record, (height, width))
        if each.cut_by_background:
            notes.append(f"{where} is written without the background painted over it")
        kept = each.shapes[0].extra.get(coco_json.KEPT)
        class_id = image.table.id_of(each.label)
        records.append({**_keep(kept), **_build_attributes(each.shapes[0], kept), **record, "category_id": class_id})
    notes += writer.describe_interleaved_objects(image.annotation)
    if differing:
        notes.append(f"{differing} border pixels of polygons differ under COCO's fill rule (write pixels to keep them)")
    image_record = {"file_name": f"images/{name}", "height": height, "width": width}
    return WrittenImage(image, tuple(notes), _ImageRecords(image_record, records))


def _count_differing(each: Instance, record: Record, size: tuple[int, int]) -> int:
    """Pixels by which polygons differ when COCO's tools fill them; 0 where pixels are written."""
    if isinstance(record["segmentation"], dict) or all(shape.fill_rule == COCO for shape in each.shapes):
        return 0
    count = 0
    image = Annotation(*size).box
    for shape in each.shapes:
        corners = tuple(coco_json.list_corners(shape))
        coco_shape = Shape(shape.label, POLYGON, corners, extra={FILL_RULE: COCO})
        count += writer.count_differing_pixels(rasterise_shape(coco_shape, image), rasterise_shape(shape, image))
    return count


def _keep(kept: Any) -> Record:
    """The keys of an imported COCO record besides its outline; ids are assigned again."""
    return {key: value for key, value in kept.items() if key != "id"} if isinstance(kept, dict) else {}


def _build_attributes(shape: Shape, kept: Any) -> Record:
    """`iscrowd`, and flags and description as `attributes`, which COCO's readers ignore."""
    added: Record = {key: value for key, value in shape.flags.items() if value and key != "iscrowd"}
    if shape.description:
        added["description"] = shape.description
    before = kept.get("attributes") if isinstance(kept, dict) else shape.extra.get("attributes")
    crowd = int(shape.flags.get("iscrowd", isinstance(kept, dict) and kept.get("iscrowd") in (1, True)))
    out: Record = {"iscrowd": crowd}
    if added or isinstance(before, dict):
        out["attributes"] = {**(before if isinstance(before, dict) else {}), **added}
    return out


def finish(out: Path, written: list[WrittenImage], table: ClassTable) -> None:
    """`annotations/instances_train.json` and `_val.json`; one `instances.json` where one subset would be empty."""
    first = 1 if table.has_background else 0
    categories = [{"id": item.id, "name": item.name, "supercategory": ""} for item in list(table)[first:]]
    subsets = {subset: [each for each in written if each.subset == subset] for subset in ("train", "val")}
    if not all(subsets.values()):
        subsets = {"": written}
    number = 0
    for subset, members in subsets.items():
        images, annotations = [], []
        for image_id, each in enumerate(members, 1):
            images.append({"id": image_id, **each.record.image})
            for record in each.record.annotations:
                number += 1
                annotations.append({"id": number, "image_id": image_id, **record})
        plain = {
            "info": {"description": "written by segstudio"},
            "licenses": [],
            "images": images,
            "annotations": annotations,
            "categories": categories,
        }
        name = f"instances_{subset}.json" if subset else "instances.json"
        writer.write_file(out / "annotations" / name, encode_json(plain))


COCO_WRITER = Writer("coco", "COCO", find_unsupported, write, finish, options=frozenset({"exact"}))
