"""PASCAL VOC as labelme2voc writes it, with image sets and label map; optionally .npy, visualisations, void border."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.colours import VOC_PALETTE
from segstudio.core.instances import rasterise_with_instances
from segstudio.core.pyramid import to_rgb8
from segstudio.core.raster import Labels
from segstudio.core.sample import resolve_unlabelled
from segstudio.errors import FileError
from segstudio.formats import class_list, writer
from segstudio.formats.atomic import write_text
from segstudio.formats.images import encode_jpeg, read_image
from segstudio.formats.masks.codec import encode_index_png, encode_instance_png, encode_npy
from segstudio.formats.writer import ExportImage, ExportOptions, Unsupported, Writer, WrittenImage


def find_unsupported(annotation: Annotation, options: ExportOptions) -> list[Unsupported]:
    """Text is lost; a plane of numbers has no room for it."""
    return writer.find_lost_text(annotation)


def write(out: Path, image: ExportImage, options: ExportOptions) -> WrittenImage:
    """JPEG, class PNG and object PNG of one image, and what the options add."""
    raw, instances = rasterise_with_instances(image.annotation, image.table)
    notes = writer.describe_hidden_objects(image.annotation, instances)
    instances[raw == IGNORE] = 0
    plane = resolve_unlabelled(raw, image.unlabelled)
    if options.border_px:
        border = find_border(plane, instances, options.border_px)
        plane[border], instances[border] = IGNORE, 0
    png, is_16_bit = _encode_objects(image, instances)
    if is_16_bit:
        notes.append(f"has object numbers up to {int(instances.max())}, so its object mask has 16 bits")
    writer.write_jpeg(image, out / "JPEGImages")
    writer.write_file(out / "SegmentationObject" / f"{image.stem}.png", png)
    writer.write_file(out / "SegmentationClass" / f"{image.stem}.png", encode_index_png(plane))
    if options.npy:
        signed = plane.astype(np.int32)
        signed[plane == IGNORE] = -1
        writer.write_file(out / "SegmentationClassNpy" / f"{image.stem}.npy", encode_npy(signed))
        writer.write_file(out / "SegmentationObjectNpy" / f"{image.stem}.npy", encode_npy(instances))
    if options.visualisations:
        rgb = to_rgb8(read_image(image.path))
        for kind, ids in (("Class", plane), ("Object", (instances & 255).astype(np.uint8))):
            jpeg = encode_jpeg(_blend_colours(rgb, ids), 90)
            writer.write_file(out / f"Segmentation{kind}Visualization" / f"{image.stem}.jpg", jpeg)
    return WrittenImage(image, tuple(notes))


def _encode_objects(image: ExportImage, instances: NDArray[np.int32]) -> tuple[bytes, bool]:
    try:
        return encode_instance_png(instances)
    except ValueError as error:
        raise FileError(image.path, str(error), "give its objects smaller numbers") from error


def find_border(plane: Labels, instances: NDArray[np.int32], border_px: int) -> NDArray[np.bool_]:
    """(H, W) True within `border_px` of a change of class or object."""
    side = 2 * border_px + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    out = np.zeros(plane.shape, np.bool_)
    for ids in (plane, instances.astype(np.uint16)):
        out |= cv2.dilate(ids, kernel) != cv2.erode(ids, kernel)
    return out


def _blend_colours(rgb: NDArray[np.uint8], ids: Labels) -> NDArray[np.uint8]:
    """The image blended half and half with the VOC colours of the ids; where the id is 0, the image alone."""
    colours = cv2.LUT(cv2.cvtColor(ids, cv2.COLOR_GRAY2BGR), VOC_PALETTE[None])
    out = rgb.copy()
    cv2.copyTo(cv2.addWeighted(rgb, 0.5, colours, 0.5, 0), ids, out)
    return out


def finish(out: Path, written: list[WrittenImage], table: ClassTable) -> None:
    """Image sets, label map and class lists."""
    sets = {
        "train": [each.image.stem for each in written if each.subset == "train"],
        "val": [each.image.stem for each in written if each.subset == "val"],
        "trainval": [each.image.stem for each in written],
    }
    for name, members in sets.items():
        write_text(out / "ImageSets" / "Segmentation" / f"{name}.txt", "".join(f"{member}\n" for member in members))
    write_text(out / "labelmap.txt", class_list.format_labelmap_txt(table))
    write_text(out / "class_names.txt", class_list.format_class_names_txt(table))
    write_text(out / "labels.txt", class_list.format_labels_txt(table))


VOC_WRITER = Writer(
    "voc",
    "PASCAL VOC",
    find_unsupported,
    write,
    finish,
    options=frozenset({"visualisations", "npy", "border_px", "overlap_ignored"}),
)
