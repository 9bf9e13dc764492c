"""The old LabelMe web tool's XML: Annotations, Images and Masks by folder; polygons, boxes and drawn masks."""

from __future__ import annotations

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
from segstudio.formats.image_finder import ImageFinder
from segstudio.formats.images import FORMATS, decoder_errors, image_size
from segstudio.formats.xml_file import number_of, read_xml, text_of

_MOST_ASKED: Final = 20


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not LabelMe's, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    reason = "it has no .xml files"
    for path in islice(_files(root), _MOST_ASKED):
        try:
            found = read_xml(path)
        except SegstudioError as error:
            reason = str(error)
            continue
        if found.tag == "annotation" and (
            found.find("object/polygon") is not None or found.find("object/segm") is not None
        ):
            return None
        reason = f"{path.name} has no object with a polygon"
    return reason


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    images = ImageFinder(options.images or (root / "Images" if (root / "Images").is_dir() else root))
    base = root / "Annotations" if (root / "Annotations").is_dir() else root
    entries = [
        DatasetEntry(path.relative_to(base).with_suffix("").as_posix(), partial(_read, path, root, images))
        for path in _files(root)
    ]
    return DatasetReader(None, "background", entries)


def _files(root: Path) -> list[Path]:
    base = root / "Annotations" if (root / "Annotations").is_dir() else root
    return sorted(base.rglob("*.xml"))


def _read(path: Path, root: Path, images: ImageFinder) -> ImportedImage:
    xml = read_xml(path)
    named = text_of(xml, "filename") or path.stem
    image, note = images.named(named, text_of(xml, "folder"), path)
    size = image_size(image)
    notes = [note] if note else []
    shapes = []
    for index, item in enumerate(xml.iter("object")):
        called = f"object {index + 1} ({text_of(item, 'name')[:40]})"
        if text_of(item, "deleted") == "1":
            notes.append(f"{called} was left out (it is marked as deleted)")
            continue
        try:
            shapes.append(_shape(item, root, (path, size)))
        except ObjectError as fault:
            notes.append(f"{called} was left out ({fault})")
        except FileError as error:
            notes.append(f"{called} was left out ({error})")
    return ImportedImage(image, Annotation(*size, tuple(shapes)), tuple(notes))


def _shape(item: Any, root: Path, at: tuple[Path, tuple[int, int]]) -> Shape:
    name = text_of(item, "name")
    if not name:
        raise ObjectError("it has no name")
    description = text_of(item, "attributes")
    segment, polygon = item.find("segm"), item.find("polygon")
    if segment is not None:
        return Shape(name, MASK, bitmap=_bitmap(segment, root, at), description=description)
    if polygon is None:
        raise ObjectError("it has no polygon")
    points = tuple((number_of(pt, "x"), number_of(pt, "y")) for pt in polygon.iter("pt"))
    if len(points) < 3:
        raise ObjectError(f"a polygon of {len(points)} points")
    if text_of(item, "type") == "bounding_box":
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return Shape(name, RECTANGLE, ((min(xs), min(ys)), (max(xs), max(ys))), description=description)
    return Shape(name, POLYGON, points, description=description)


def _bitmap(segment: Any, root: Path, at: tuple[Path, tuple[int, int]]) -> Bitmap:
    """The pixels that the drawn mask's image colours at all; the tool writes them half transparent."""
    where, size = at
    named = Path(text_of(segment, "mask")).name
    folder = root / "Masks" if (root / "Masks").is_dir() else root
    png = ImageFinder(folder).named(named, where.parent.name, where)[0]
    if image_size(png) != size:
        raise ObjectError(f"its mask {named} has another size than the image")
    with decoder_errors(png), Image.open(png, formats=FORMATS) as image:
        pixels = np.asarray(image.convert("RGBA"))
    bitmap = Bitmap.from_array(pixels.any(axis=2) & (pixels[..., 3] > 0))
    if not bitmap:
        raise ObjectError(f"its mask {named} has no pixels")
    return bitmap
