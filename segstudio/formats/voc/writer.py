"""VOC as labelme2voc lays it out, with image sets, label map and, if wanted, .npy, visualisations and a void border."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.colours import VOC_PALETTE
from segstudio.core.instances import instance_numbers, rasterise_both
from segstudio.core.pyramid import rgb8
from segstudio.core.raster import Labels
from segstudio.core.sample import resolve_unlabelled
from segstudio.errors import FileError
from segstudio.formats import class_list
from segstudio.formats.atomic import write_text
from segstudio.formats.images import encode_jpeg, read_image
from segstudio.formats.masks.codec import encode_index_png, encode_instance_png, encode_npy
from segstudio.formats.writer import (
    ExportImage,
    ExportOptions,
    Losses,
    Writer,
    Written,
    describe_shape,
    put,
    put_jpeg,
    words_lost,
)


def losses(annotation: Annotation, options: ExportOptions) -> Losses:
    """What a plane of numbers cannot hold of an annotation."""
    return words_lost(annotation)


def write(out: Path, page: ExportImage, options: ExportOptions) -> Written:
    """JPEG, class PNG and object PNG of one image, and whatever else was asked for."""
    raw, instances = rasterise_both(page.annotation, page.table)
    notes = hidden(page.annotation, instances)
    instances[raw == IGNORE] = 0
    plane = resolve_unlabelled(raw, page.unlabelled)
    if options.border_px:
        border = border_of(plane, instances, options.border_px)
        plane[border], instances[border] = IGNORE, 0
    png, wide = _objects(page, instances)
    if wide:
        notes.append(f"has object numbers up to {int(instances.max())}, so its object mask has 16 bits")
    put_jpeg(page, out / "JPEGImages")
    put(out / "SegmentationObject" / f"{page.stem}.png", png)
    put(out / "SegmentationClass" / f"{page.stem}.png", encode_index_png(plane))
    if options.npy:
        signed = plane.astype(np.int32)
        signed[plane == IGNORE] = -1
        put(out / "SegmentationClassNpy" / f"{page.stem}.npy", encode_npy(signed))
        put(out / "SegmentationObjectNpy" / f"{page.stem}.npy", encode_npy(instances))
    if options.visualisations:
        image = rgb8(read_image(page.image))
        for kind, ids in (("Class", plane), ("Object", (instances & 255).astype(np.uint8))):
            put(out / f"Segmentation{kind}Visualization" / f"{page.stem}.jpg", encode_jpeg(_coloured(image, ids), 90))
    return Written(page, tuple(notes))


def _objects(page: ExportImage, instances: NDArray[np.int32]) -> tuple[bytes, bool]:
    try:
        return encode_instance_png(instances)
    except ValueError as error:
        raise FileError(page.image, str(error), "give its objects smaller numbers") from error


def hidden(annotation: Annotation, instances: NDArray[np.int32]) -> list[str]:
    """A note for each object of which no pixel is left, with the reason."""
    numbers = instance_numbers(annotation)
    left = _present(instances, max(numbers, default=0))
    gone = dict.fromkeys(number for number in numbers if not left[number])
    notes = []
    for number in gone:
        index = numbers.index(number)
        shape = annotation.shapes[index]
        outside = shape.box.intersect(annotation.box).empty
        reason = "lies outside the image" if outside else "lies wholly under later objects"
        notes.append(f"{describe_shape(shape, index)} {reason}; it has no pixel")
    return notes


def _present(instances: NDArray[np.int32], highest: int) -> NDArray[np.bool_]:
    """For each number from 0 to `highest` whether any pixel has it; OpenCV counts bytes four times as fast as numpy."""
    if highest < 2**16:
        small: NDArray[np.integer] = instances.astype(np.uint8 if highest < 256 else np.uint16)
        return cv2.calcHist([small], [0], None, [highest + 1], [0, highest + 1]).ravel() > 0
    return np.bincount(instances.ravel(), minlength=highest + 1) > 0


def border_of(plane: Labels, instances: NDArray[np.int32], border_px: int) -> NDArray[np.bool_]:
    """Pixels within `border_px` of a change of class or object."""
    side = 2 * border_px + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    out = np.zeros(plane.shape, np.bool_)
    for ids in (plane, instances.astype(np.uint16)):
        out |= cv2.dilate(ids, kernel) != cv2.erode(ids, kernel)
    return out


def _coloured(image: NDArray[np.uint8], ids: Labels) -> NDArray[np.uint8]:
    """The image with the VOC colours of the ids over it, half and half; 0 shows the image alone."""
    colours = cv2.LUT(cv2.cvtColor(ids, cv2.COLOR_GRAY2BGR), VOC_PALETTE[None])
    out = image.copy()
    cv2.copyTo(cv2.addWeighted(image, 0.5, colours, 0.5, 0), ids, out)
    return out


def finish(out: Path, written: list[Written], table: ClassTable) -> None:
    sets = {
        "train": [each.page.stem for each in written if not each.page.held_out],
        "val": [each.page.stem for each in written if each.page.held_out],
        "trainval": [each.page.stem for each in written],
    }
    for name, members in sets.items():
        write_text(out / "ImageSets" / "Segmentation" / f"{name}.txt", "".join(f"{member}\n" for member in members))
    write_text(out / "labelmap.txt", class_list.labelmap_txt(table))
    write_text(out / "class_names.txt", class_list.class_names_txt(table))
    write_text(out / "labels.txt", class_list.labels_txt(table))


VOC_WRITER = Writer(
    "voc", "PASCAL VOC", losses, write, finish, frozenset({"visualisations", "npy", "border_px", "overlap_ignored"})
)
