"""COCO instances: images and one JSON a split; polygons where shapes are, run lengths where pixels or holes are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable, is_background
from segstudio.core.instances import Instance, instances, torn
from segstudio.core.raster import shape_mask
from segstudio.core.shape import CIRCLE, COCO, LINE, LINESTRIP, POINT, POINTS, RULE, Shape
from segstudio.formats.coco import coco_json
from segstudio.formats.json_file import encode_json
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
)

_DRAWN: Final = (CIRCLE, LINE, LINESTRIP, POINT, POINTS)


def losses(annotation: Annotation, options: ExportOptions) -> Losses:
    drawn = [
        (index, f"is a {shape.kind}; its pixels are written, not the {shape.kind}")
        for index, shape in enumerate(annotation.shapes)
        if shape.kind in _DRAWN and is_object(shape)
    ]
    return [*not_objects(annotation), *drawn]


def write(out: Path, page: ExportImage, options: ExportOptions) -> Written:
    name = put_image(page, out / "images")
    height, width = page.annotation.height, page.annotation.width
    records, notes, differing = [], [], 0
    for each in instances(page.annotation):
        where = f"object {each.number} ({each.label})"
        if not each.mask.any():
            notes.append(f"{where} has no pixel in the image and was left out")
            continue
        record = coco_json.record_of(each, (height, width), options.exact)
        differing += _difference(each, record, (height, width))
        if each.cut:
            notes.append(f"{where} is written without the background painted over it")
        kept = each.shapes[0].extra.get(coco_json.KEPT)
        class_id = page.table.id_of(each.label)
        records.append({**_kept(kept), **_words(each.shapes[0], kept), **record, "category_id": class_id})
    notes += [
        f"object {number} lies partly above and partly below others; it is above" for number in torn(page.annotation)
    ]
    if differing:
        notes.append(
            f"COCO's rule draws {differing} border pixels of its polygons otherwise (write pixels to keep them)"
        )
    image = {"file_name": f"images/{name}", "height": height, "width": width}
    return Written(page, tuple(notes), (image, records))


def _difference(each: Instance, record: dict[str, Any], size: tuple[int, int]) -> int:
    """How many pixels a polygon has more or less when COCO's tools fill it; 0 where pixels are written."""
    if isinstance(record["segmentation"], dict) or all(shape.rule == COCO for shape in each.shapes):
        return 0
    count = 0
    image = Annotation(*size).box
    for shape in each.shapes:
        corners = tuple(coco_json.corners_of(shape))
        theirs = shape_mask(Shape(shape.label, "polygon", corners, extra={RULE: COCO}), image)
        ours = shape_mask(shape, image)
        both = theirs[0].intersect(ours[0])
        common = int((theirs[1][both.within(theirs[0])] & ours[1][both.within(ours[0])]).sum()) if not both.empty else 0
        count += int(theirs[1].sum()) + int(ours[1].sum()) - 2 * common
    return count


def _kept(kept: Any) -> dict[str, Any]:
    """What a COCO record said besides its outline; ids are given anew."""
    return {key: value for key, value in kept.items() if key != "id"} if isinstance(kept, dict) else {}


def _words(shape: Shape, kept: Any) -> dict[str, Any]:
    """Flags and description as attributes, which COCO's readers pass over."""
    said: dict[str, Any] = {key: value for key, value in shape.flags.items() if value and key != "iscrowd"}
    if shape.description:
        said["description"] = shape.description
    before = kept.get("attributes") if isinstance(kept, dict) else shape.extra.get("attributes")
    crowd = int(shape.flags.get("iscrowd", isinstance(kept, dict) and kept.get("iscrowd") in (1, True)))
    out: dict[str, Any] = {"iscrowd": crowd}
    if said or isinstance(before, dict):
        out["attributes"] = {**(before if isinstance(before, dict) else {}), **said}
    return out


def finish(out: Path, written: list[Written], table: ClassTable) -> None:
    """`annotations/instances_train.json` and `_val.json`; one `instances.json` where there is no split."""
    first = 1 if is_background(table[0].name) else 0
    categories = [{"id": item.id, "name": item.name, "supercategory": ""} for item in list(table)[first:]]
    sides = {"train": [w for w in written if not w.page.held_out], "val": [w for w in written if w.page.held_out]}
    if not sides["train"] or not sides["val"]:
        sides = {"": written}
    number = 0
    for side, members in sides.items():
        images, annotations = [], []
        for image_id, each in enumerate(members, 1):
            image, records = each.record
            images.append({"id": image_id, **image})
            for record in records:
                number += 1
                annotations.append({"id": number, "image_id": image_id, **record})
        plain = {
            "info": {"description": "written by segstudio"},
            "licenses": [],
            "images": images,
            "annotations": annotations,
            "categories": categories,
        }
        name = f"instances_{side}.json" if side else "instances.json"
        put(out / "annotations" / name, encode_json(plain))


COCO_WRITER = Writer("coco", "COCO", losses, write, finish, frozenset({"exact"}))
