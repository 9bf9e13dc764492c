"""Opens PASCAL VOC folders: image sets, class and object PNGs, XML boxes; also this layout from CVAT and Datumaro."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.colours import voc_colour
from segstudio.core.shape import RECTANGLE, Shape
from segstudio.errors import ObjectError, SegstudioError
from segstudio.formats import class_list
from segstudio.formats.dataset import (
    DatasetEntry,
    DatasetReader,
    ImportedImage,
    ReadOptions,
    convert_each,
    find_first_file,
    wrong_size,
)
from segstudio.formats.image_finder import ImageFinder, describe_unlabelled, relative_stem
from segstudio.formats.images import image_size
from segstudio.formats.masks import codec, label_map
from segstudio.formats.masks.label_map import LabelMap, MapRow
from segstudio.formats.xml_file import read_child_number, read_child_text, read_xml

_CLASS_NAMES_TEXT: Final = """
background aeroplane bicycle bird boat bottle bus car cat chair cow
diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor
"""
_CLASS_NAMES: Final = _CLASS_NAMES_TEXT.split()
_IMAGE_FOLDERS: Final = ("JPEGImages", "images", "Images", "imgs", "PNGImages")
_CLASS_LISTS: Final = ("labelmap.txt", "class_names.txt", "labels.txt", "classes.txt")
_MARKERS: Final = ("ImageSets", "JPEGImages", "labelmap.txt", "class_names.txt")


@dataclass(frozen=True)
class _Root:
    """One VOC folder, and what its numbers and colours mean."""

    folder: Path
    label_map: LabelMap
    images: ImageFinder
    snap: bool

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def class_masks(self) -> dict[str, Path]:
        return _list_files(self.folder / "SegmentationClass")

    @cached_property
    def object_masks(self) -> dict[str, Path]:
        return _list_files(self.folder / "SegmentationObject")

    @cached_property
    def boxes(self) -> dict[str, Path]:
        folder = self.folder / "Annotations"
        return {relative_stem(path, folder): path for path in sorted(folder.rglob("*.xml"))}

    def list_unlabelled(self) -> list[str]:
        """Images without a mask, where there are masks."""
        return sorted(_list_files(self.images.root).keys() - self.class_masks.keys()) if self.class_masks else []


def _list_files(folder: Path) -> dict[str, Path]:
    """Images by path without suffix, in folders below too."""
    return ImageFinder(folder).by_path() if folder.is_dir() else {}


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not a VOC folder, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    if not _find_root_folders(root):
        return f"it has no SegmentationClass or Annotations beside {', '.join(_MARKERS[:-1])} or {_MARKERS[-1]}"
    return None


def _find_root_folders(root: Path) -> list[Path]:
    """`root`, or the years of VOCdevkit in it, newest first."""
    found = []
    for folder in [root, *sorted(root.glob("VOC*")), *sorted(root.glob("VOCdevkit/VOC*"))]:
        has_labels = (folder / "SegmentationClass").is_dir() or any((folder / "Annotations").glob("*.xml"))
        if has_labels and any((folder / name).exists() for name in _MARKERS):
            found.append(folder)
    return found[:1] if found[:1] == [root] else found[::-1]


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """Masks, or boxes where there are no masks. Without a class list the classes are VOC's own 20, with a note."""
    folder, *others = _find_root_folders(root)
    listed = options.labels or find_first_file([folder], _CLASS_LISTS)
    meaning = label_map.read(listed) if listed else _build_own_label_map()
    notes = [] if listed else [f"no class list in {folder.name}; numbers and colours were read as VOC's 20 classes"]
    notes += [f"{other.name} was not read; choose it to import it" for other in others]
    image_folder = next((path for path in map(folder.joinpath, _IMAGE_FOLDERS) if path.is_dir()), folder / "JPEGImages")
    found = _Root(folder, meaning, ImageFinder(options.images or image_folder), options.snap)
    boxes = {} if found.class_masks else found.boxes
    table, file_with_0 = _scan_boxes(list(boxes.values()), meaning.table)
    first_pixel, first_pixel_note = _choose_first_pixel(file_with_0, options.first_pixel)
    notes += [first_pixel_note] if boxes else []
    if found.class_masks and found.boxes:
        notes.append(f"boxes of {len(found.boxes)} images were not read, as there are masks")
    unlabelled = found.list_unlabelled()
    notes += [describe_unlabelled(unlabelled)] if unlabelled else []
    stems = sorted(found.class_masks or boxes or _list_files(found.images.root))
    entries = [DatasetEntry(stem, partial(_read, stem, found, first_pixel)) for stem in stems]
    validation = folder / "ImageSets" / "Segmentation" / "val.txt"
    held_out = class_list.read_stems(validation) if validation.is_file() else None
    return DatasetReader(table, "background", entries, held_out, tuple(notes))


def _build_own_label_map() -> LabelMap:
    rows = [MapRow(name, number, voc_colour(number)) for number, name in enumerate(_CLASS_NAMES)]
    return LabelMap.from_rows([*rows, MapRow("ignored", 255, voc_colour(255))])


def _scan_boxes(paths: list[Path], table: ClassTable) -> tuple[ClassTable, str]:
    """The table with the classes that boxes name, and the first file with a box that begins at 0 ("" for none)."""
    file_with_0 = ""
    for path in paths:
        try:
            xml = read_xml(path)
            for item in xml.iter("object"):
                name = read_child_text(item, "name")
                if name and table.id_of(name) is None:
                    table = table.with_added(name)
            lows = (read_child_number(box, key) for box in xml.iter("bndbox") for key in ("xmin", "ymin"))
            if not file_with_0 and any(value < 1 for value in lows):
                file_with_0 = path.name
        except (SegstudioError, ValueError):
            continue  # reported when the image is imported
    return table, file_with_0


def _choose_first_pixel(file_with_0: str, option: int | None) -> tuple[int, str]:
    """The coordinate of the first pixel: 0 where any box begins there, else 1 as VOC defines it; and a note."""
    if option is not None:
        return option, f"boxes were read as counted from {option}, as set in the options"
    if file_with_0:
        return 0, f"boxes were read as counted from 0, because one in {file_with_0} begins there"
    return 1, "boxes were read as counted from 1, as VOC does; none begins at 0"


def _read(stem: str, root: _Root, first_pixel: int) -> ImportedImage:
    mask = root.class_masks.get(stem)
    xml = root.boxes.get(stem)
    image = root.images.find_path(stem, mask or xml or root.folder)
    size = image_size(image)
    if mask is None and xml is not None:
        return _read_boxes(xml, image, size, first_pixel)
    if mask is None:
        return ImportedImage(image, Annotation(*size), complete=False)
    found = codec.read_labels(mask, image, root.label_map, snap=root.snap)
    objects = None if found.snapped else root.object_masks.get(stem)
    numbers = None if objects is None else _read_objects(objects, image)
    return ImportedImage(image, codec.build_annotation(found.labels, root.label_map.table, numbers), found.notes)


def _read_objects(path: Path, image: Path) -> NDArray[np.int32]:
    """Object numbers; in a colour image, object n has colour n of VOC's palette. Raises FormatError for others."""
    mask, _ = codec.fit_to_image(codec.read_mask(path), image)
    if not mask.coloured:
        return mask.plane
    numbers = {voc_colour(number): number for number in range(255)} | {voc_colour(255): 0}
    return codec.to_labels(mask, LabelMap(ClassTable(), {}, numbers)).astype(np.int32)


def _read_boxes(path: Path, image: Path, size: tuple[int, int], first_pixel: int) -> ImportedImage:
    root = read_xml(path)
    stated = root.find("size")
    if stated is not None:
        try:
            width, height = read_child_number(stated, "width"), read_child_number(stated, "height")
        except ObjectError:
            width = height = 0
        if (height, width) != size and width and height:
            raise wrong_size(path, image.name, (f"{height:.0f}", f"{width:.0f}"), size)
    notes: list[str] = []
    shapes = convert_each(root.iter("object"), partial(_convert_box, first_pixel=first_pixel), "object", notes)
    if shapes:
        notes.append(f"{len(shapes)} boxes became rectangles")
    return ImportedImage(image, Annotation(*size, tuple(shapes)), tuple(notes), complete=bool(shapes))


def _convert_box(item: Any, first_pixel: int) -> Shape:
    name = read_child_text(item, "name")
    box = item.find("bndbox")
    if not name or box is None:
        raise ObjectError("it has no name or no bndbox")
    x0, y0, x1, y1 = (read_child_number(box, key) - first_pixel for key in ("xmin", "ymin", "xmax", "ymax"))
    if x1 < x0 or y1 < y0 or not all(math.isfinite(value) for value in (x0, y0, x1, y1)):
        raise ObjectError(f"its box goes from {x0:g},{y0:g} to {x1:g},{y1:g}")
    flags = {key: True for key in ("truncated", "difficult", "occluded") if read_child_text(item, key) == "1"}
    return Shape(name, RECTANGLE, ((x0, y0), (x1, y1)), flags=flags)
