"""XML of the older LabelMe web tool: folders Annotations, Images and Masks; polygons, boxes and painted masks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.shape import MASK, POLYGON, RECTANGLE, Shape
from segstudio.errors import FileError, ObjectError, SegstudioError
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import ImageFinder, relative_stem
from segstudio.formats.images import FORMATS, image_size, translate_decoder_errors
from segstudio.formats.xml_file import read_child_number, read_child_text, read_xml

_MAX_FILES_TRIED: Final = 20  # before a folder is declined


@dataclass(frozen=True)
class _MaskFolder:
    """Where to find the masks of one XML file, and the (height, width) that they must have."""

    root: Path
    xml: Path
    size: tuple[int, int]


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not a LabelMe web dataset, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    reason = "it has no .xml files"
    for path in islice(_find_files(root), _MAX_FILES_TRIED):
        try:
            found = read_xml(path)
        except SegstudioError as error:
            reason = str(error)
            continue
        has_outline = found.find("object/polygon") is not None or found.find("object/segm") is not None
        if found.tag == "annotation" and has_outline:
            return None
        reason = f"{path.name} has no object with a polygon"
    return reason


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """One entry per XML file."""
    images = ImageFinder(options.images or _subfolder(root, "Images"))
    base = _subfolder(root, "Annotations")
    entries = [
        DatasetEntry(relative_stem(path, base), partial(_read, path, root, images)) for path in _find_files(root)
    ]
    return DatasetReader(None, "background", entries)


def _subfolder(root: Path, name: str) -> Path:
    """The folder of this name, or `root` itself where the dataset is a single folder."""
    return root / name if (root / name).is_dir() else root


def _find_files(root: Path) -> list[Path]:
    return sorted(_subfolder(root, "Annotations").rglob("*.xml"))


def _read(path: Path, root: Path, images: ImageFinder) -> ImportedImage:
    xml = read_xml(path)
    name = read_child_text(xml, "filename") or path.stem
    image, notes = images.find(name, read_child_text(xml, "folder"), path)
    size = image_size(image)
    masks = _MaskFolder(_subfolder(root, "Masks"), path, size)
    shapes = []
    for number, item in enumerate(xml.iter("object"), 1):
        name = f"object {number} ({read_child_text(item, 'name')[:40]})"
        if read_child_text(item, "deleted") == "1":
            notes.append(f"{name} was left out (it is marked as deleted)")
            continue
        try:
            shapes.append(_convert(item, masks))
        except (ObjectError, FileError) as fault:
            notes.append(f"{name} was left out ({fault})")
    return ImportedImage(image, Annotation(*size, tuple(shapes)), tuple(notes))


def _convert(item: Any, masks: _MaskFolder) -> Shape:
    name = read_child_text(item, "name")
    if not name:
        raise ObjectError("it has no name")
    description = read_child_text(item, "attributes")
    segment, polygon = item.find("segm"), item.find("polygon")
    if segment is not None:
        return Shape(name, MASK, bitmap=_read_mask(segment, masks), description=description)
    if polygon is None:
        raise ObjectError("it has no polygon")
    points = tuple((read_child_number(pt, "x"), read_child_number(pt, "y")) for pt in polygon.iter("pt"))
    if len(points) < 3:
        raise ObjectError(f"a polygon of {len(points)} points")
    if read_child_text(item, "type") == "bounding_box":
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return Shape(name, RECTANGLE, ((min(xs), min(ys)), (max(xs), max(ys))), description=description)
    return Shape(name, POLYGON, points, description=description)


def _read_mask(segment: Any, masks: _MaskFolder) -> Bitmap:
    """The pixels that have any colour and any opacity; the tool writes painted pixels half transparent."""
    name = Path(read_child_text(segment, "mask")).name
    png, _ = ImageFinder(masks.root).find(name, masks.xml.parent.name, masks.xml)
    if image_size(png) != masks.size:
        raise ObjectError(f"its mask {name} has another size than the image")
    with translate_decoder_errors(png), Image.open(png, formats=FORMATS) as image:
        pixels = np.asarray(image.convert("RGBA"))
    bitmap = Bitmap.from_array(pixels.any(axis=2) & (pixels[..., 3] > 0))
    if not bitmap:
        raise ObjectError(f"its mask {name} has no pixels")
    return bitmap
