"""PASCAL VOC roots: image sets, class and object PNGs, XML boxes; also what CVAT and Datumaro write in this layout."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.colours import voc_colour
from segstudio.core.shape import RECTANGLE, Shape
from segstudio.errors import FileError, ObjectError, SegstudioError
from segstudio.formats import class_list
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import ImageFinder, images_left
from segstudio.formats.images import image_size
from segstudio.formats.masks import codec as masks
from segstudio.formats.masks import label_map
from segstudio.formats.masks.label_map import LabelMap
from segstudio.formats.xml_file import number_of, read_xml, text_of

_NAMES_TEXT: Final = """
background aeroplane bicycle bird boat bottle bus car cat chair cow
diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor
"""
_NAMES: Final = _NAMES_TEXT.split()
_HOMES: Final = ("JPEGImages", "images", "Images", "imgs", "PNGImages")
_LISTS: Final = ("labelmap.txt", "class_names.txt", "labels.txt", "classes.txt")


@dataclass(frozen=True)
class _Root:
    """The folders of one VOC root, and what its numbers and colours mean."""

    folder: Path
    names: LabelMap
    images: ImageFinder
    first_pixel: int
    snap: bool = False

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def class_masks(self) -> dict[str, Path]:
        return _files(self.folder / "SegmentationClass")

    @cached_property
    def object_masks(self) -> dict[str, Path]:
        return _files(self.folder / "SegmentationObject")

    @cached_property
    def boxes(self) -> dict[str, Path]:
        folder = self.folder / "Annotations"
        return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.xml"))}


def _files(folder: Path) -> dict[str, Path]:
    """By name without suffix, folders below included."""
    return ImageFinder(folder).by_name() if folder.is_dir() else {}


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not such a root, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    folder = _root_folder(root)
    if folder is None:
        return (
            "it has no SegmentationClass or Annotations beside ImageSets, JPEGImages, labelmap.txt or class_names.txt"
        )
    return None


def _root_folder(root: Path) -> Path | None:
    """`root`, or the newest year in VOCdevkit in it."""
    return next(iter(_root_folders(root)), None)


def _root_folders(root: Path) -> list[Path]:
    found = []
    for folder in [root, *sorted(root.glob("VOC*")), *sorted(root.glob("VOCdevkit/VOC*"))]:
        labels = (folder / "SegmentationClass").is_dir() or any((folder / "Annotations").glob("*.xml"))
        beside = ("ImageSets", "JPEGImages", "labelmap.txt", "class_names.txt")
        if labels and any((folder / name).exists() for name in beside):
            found.append(folder)
    return found[:1] if found[:1] == [root] else found[::-1]


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """Without a list of classes the numbers and colours are VOC's own 20 classes, and a note says so."""
    folder = _root_folder(root)
    assert folder is not None, "ask reason_not first"
    listed = options.labels or next((folder / name for name in _LISTS if (folder / name).is_file()), None)
    names = label_map.read(listed) if listed else _vocs_own()
    images = ImageFinder(
        options.images or next((p for p in map(folder.joinpath, _HOMES) if p.is_dir()), folder / _HOMES[0])
    )
    bare = _Root(folder, names, images, 1)
    notes = [] if listed else [f"no class list in {folder.name}; numbers and colours were read as VOC's 20 classes"]
    notes += [f"{other.name} was not read; name it to import it" for other in _root_folders(root) if other != folder]
    boxed = [] if bare.class_masks else list(bare.boxes.values())
    table, begins_at_0 = _look_over(boxed, names.table)
    first_pixel, said = _first_pixel(begins_at_0, options.first_pixel)
    notes += [said] if boxed else []
    if bare.class_masks and bare.boxes:
        notes.append(f"boxes of {len(bare.boxes)} images were not read, as there are masks")
    notes += _without_masks(bare)
    found = _Root(folder, names, bare.images, first_pixel, options.snap)
    stems = sorted(found.class_masks or (found.boxes if boxed else _files(found.images.root)))
    entries = [DatasetEntry(stem, partial(_read, stem, found)) for stem in stems]
    held_out = folder / "ImageSets" / "Segmentation" / "val.txt"
    split = class_list.stems(held_out) if held_out.is_file() else None
    return DatasetReader(table, "background", entries, split, tuple(notes))


def _without_masks(root: _Root) -> list[str]:
    """A note on images that come without labels, and so do not come."""
    lone = sorted(_files(root.images.root).keys() - root.class_masks.keys()) if root.class_masks else []
    return [images_left(lone)] if lone else []


def _vocs_own() -> LabelMap:
    rows: list[label_map.Row] = [(name, number, voc_colour(number)) for number, name in enumerate(_NAMES)]
    return LabelMap.of_rows([*rows, ("ignored", 255, voc_colour(255))])


def _look_over(boxed: list[Path], table: ClassTable) -> tuple[ClassTable, str]:
    """The table with the classes that boxes name, and the first file in which a box begins at 0 ("" for none)."""
    begins_at_0 = ""
    for path in boxed:
        try:
            xml = read_xml(path)
            for item in xml.iter("object"):
                name = text_of(item, "name")
                if name and table.id_of(name) is None:
                    table = table.with_added(name)
            lows = (number_of(box, key) for box in xml.iter("bndbox") for key in ("xmin", "ymin"))
            if not begins_at_0 and any(value < 1 for value in lows):
                begins_at_0 = path.name
        except (SegstudioError, ValueError):
            continue  # told when its turn comes
    return table, begins_at_0


def _first_pixel(begins_at_0: str, told: int | None) -> tuple[int, str]:
    """0 where any box begins there, else 1 as VOC says; and what was taken."""
    if told is not None:
        return told, f"boxes were read as counted from {told}, as told"
    if begins_at_0:
        return 0, f"boxes were read as counted from 0, because one in {begins_at_0} begins there"
    return 1, "boxes were read as counted from 1, as VOC does; none begins at 0"


def _read(stem: str, root: _Root) -> ImportedImage:
    mask = root.class_masks.get(stem)
    xml = root.boxes.get(stem)
    image = root.images.of_name(stem, mask or xml or root.folder)
    size = image_size(image)
    if mask is None and xml is not None:
        return _read_boxes(xml, image, size, root.first_pixel)
    if mask is None:
        return ImportedImage(image, Annotation(*size), complete=False)
    if mask.suffix.lower() in masks.LOSSY:
        labels, note = masks.snapped(mask, root.names, False, root.snap)
        masks.check_size(mask, labels.shape, size)
        return ImportedImage(image, masks.annotation_of(labels, root.names.table), (note,))
    plane, notes = masks.fitted(masks.read_mask(mask), image)
    labels = masks.to_labels(plane, root.names)
    objects = root.object_masks.get(stem)
    if objects is None:
        return ImportedImage(image, masks.annotation_of(labels, root.names.table), notes)
    found, _ = masks.fitted(masks.read_mask(objects), image)
    numbers = _numbers_of_colours(objects, found.plane) if found.coloured else found.plane
    return ImportedImage(image, masks.annotation_of(labels, root.names.table, numbers), notes)


def _numbers_of_colours(path: Path, colours: Any) -> Any:
    """Object n has colour n of VOC's palette. Raises FormatError for other colours."""
    own = masks.MaskFile(path, colours, coloured=True)
    palette = LabelMap(ClassTable(), {}, {voc_colour(number): number for number in range(255)} | {voc_colour(255): 0})
    return masks.to_labels(own, palette).astype("int32")


def _read_boxes(path: Path, image: Path, size: tuple[int, int], first_pixel: int) -> ImportedImage:
    root = read_xml(path)
    notes: list[str] = []
    said = root.find("size")
    if said is not None:
        try:
            width, height = number_of(said, "width"), number_of(said, "height")
        except ObjectError:
            width = height = 0
        if (height, width) != size and width and height:
            raise FileError(
                path,
                f"is for {width:.0f}x{height:.0f} but the image is {size[1]}x{size[0]}",
                "put the image there that was labelled",
            )
    shapes = []
    for index, item in enumerate(root.iter("object")):
        try:
            shapes.append(_box(item, first_pixel))
        except ObjectError as fault:
            notes.append(f"object {index + 1} was left out ({fault})")
    if shapes:
        notes.append(f"{len(shapes)} boxes became rectangles")
    return ImportedImage(image, Annotation(*size, tuple(shapes)), tuple(notes), complete=bool(shapes))


def _box(item: Any, first_pixel: int) -> Shape:
    name = text_of(item, "name")
    box = item.find("bndbox")
    if not name or box is None:
        raise ObjectError("it has no name or no bndbox")
    x0, y0, x1, y1 = (number_of(box, key) - first_pixel for key in ("xmin", "ymin", "xmax", "ymax"))
    if x1 < x0 or y1 < y0 or not all(math.isfinite(value) for value in (x0, y0, x1, y1)):
        raise ObjectError(f"its box goes from {x0:g},{y0:g} to {x1:g},{y1:g}")
    flags = {key: True for key in ("truncated", "difficult", "occluded") if text_of(item, key) == "1"}
    return Shape(name, RECTANGLE, ((x0, y0), (x1, y1)), flags=flags)
