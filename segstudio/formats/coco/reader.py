"""Opens COCO datasets: chooses among their JSON files and finds the images."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.orientation import SWAPPED, orient_annotation
from segstudio.core.shape import RECTANGLE, Shape
from segstudio.errors import FileError, FormatError, ObjectError
from segstudio.formats.coco import coco_json, panoptic
from segstudio.formats.coco.coco_json import CocoFile, Record
from segstudio.formats.dataset import (
    HELD_OUT,
    DatasetEntry,
    DatasetReader,
    ImportedImage,
    ReadOptions,
    split_or_none,
    wrong_size,
)
from segstudio.formats.image_finder import ImageFinder, safe_stem
from segstudio.formats.images import image_orientation, image_size
from segstudio.formats.masks import codec

# Beginnings of file names, in order of preference: the most pixel annotations first.
_KINDS: Final = ("instances", "_annotations.coco", "person_keypoints", "panoptic", "stuff", "", "labels")
_KINDS_WITHOUT_PIXELS: Final = ("captions", "image_info")
_IMAGE_FOLDER: Final = re.compile(r"^(images|JPEGImages)/")


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not COCO, or None if it is."""
    if root.is_file():
        return _reason_not_file(root)
    reason = "it has no .json files, also not in annotations/"
    for paths in _group_by_kind(root).values():
        reasons = [_reason_not_file(path) for path in paths]
        if None in reasons:
            return None
        reason = f"{paths[0].name}: {reasons[0]}"
    return reason


def _reason_not_file(path: Path) -> str | None:
    if path.suffix.lower() != ".json":
        return "it is not a .json file"
    try:
        return coco_json.reason_not_bytes(path.read_bytes())
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def _group_by_kind(root: Path) -> dict[str, list[Path]]:
    """Candidate files in order of preference."""
    found = [*root.glob("*.json"), *root.glob("annotations/*.json"), *root.glob("*/_annotations.coco.json")]
    kinds = (*_KINDS, *_KINDS_WITHOUT_PIXELS)
    groups: dict[str, list[Path]] = {}
    for path in sorted(found):
        kind = next((kind for kind in kinds if kind and path.name.startswith(kind)), "")
        groups.setdefault(kind, []).append(path)
    return {kind: groups[kind] for kind in kinds if kind in groups}


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """One file, or the preferred files of a folder. Raises FileError or FormatError."""
    paths, notes = _choose_files(root)
    base = root if root.is_dir() else root.parent
    if base.name.lower() in ("annotations", "annotation"):
        base = base.parent
    images = ImageFinder(options.images or base)
    files = [_add_names(coco_json.load(path), options) for path in paths]
    entries: list[DatasetEntry] = []
    held_out: set[str] = set()
    taken: set[str] = set()
    for file in files:
        notes += [f"{file.path.name}: {note}" for note in file.notes]
        split = _parse_split(file.path)
        added = _list_entries(file, images, split, taken)
        entries += added
        if split in HELD_OUT:
            held_out |= {entry.name for entry in added}
    # Where PNGs label the whole image, a pixel without a label is void.
    unlabelled = "ignore" if any(map(panoptic.labels_every_pixel, files)) else "background"
    return DatasetReader(
        _build_class_table(root, files), unlabelled, entries, split_or_none(held_out, entries), tuple(notes)
    )


def _choose_files(root: Path) -> tuple[list[Path], list[str]]:
    """The files to read, and a note about those that are not read."""
    if root.is_file():
        return [root], []
    groups = _group_by_kind(root)
    for kind, paths in groups.items():
        fitting = [path for path in paths if _reason_not_file(path) is None]
        if fitting:
            others = [path.name for each, group in groups.items() if each != kind for path in group]
            shown = f"{', '.join(others[:6])}{' …' if len(others) > 6 else ''}"
            return fitting, [f"not read: {shown}; choose such a file to import it"] if others else []
    raise FormatError(root, "has no COCO file", "choose the .json file itself")


def _add_names(file: CocoFile, options: ReadOptions) -> CocoFile:
    """Add images and categories to results, which have only numbers, from a ground truth given as the class list."""
    if not file.results or options.labels is None or options.labels.suffix.lower() != ".json":
        return file
    ground_truth = coco_json.load(options.labels)
    return replace(file, images=ground_truth.images, categories={**file.categories, **ground_truth.categories})


def _build_class_table(root: Path, files: list[CocoFile]) -> ClassTable:
    try:
        return coco_json.build_class_table({number: name for file in files for number, name in file.categories.items()})
    except ValueError as error:
        raise FormatError(root, str(error), "remove unused categories from the file") from error


def _parse_split(path: Path) -> str:
    """`train` of instances_train.json, instances_train2017.json and train/_annotations.coco.json."""
    last = path.parent.name if path.name.startswith("_annotations") else path.stem.rpartition("_")[2]
    return last.rstrip("0123456789").lower()


def _list_entries(file: CocoFile, images: ImageFinder, split: str, taken: set[str]) -> list[DatasetEntry]:
    """An entry per image; `taken` collects the file names over all JSON files."""
    entries = []
    numbers: Iterable[int] = file.records if file.results else file.images
    for number in numbers:
        image_record = file.images.get(number)
        file_name = str(image_record.get("file_name") or "") if image_record else ""
        name = _IMAGE_FOLDER.sub("", safe_stem(file_name)) or str(number)
        full_name = f"{name}.{file_name.rpartition('.')[2].lower()}"
        if full_name in taken:  # train/a.jpg and val/a.jpg are both called a.jpg
            name = f"{split or file.path.stem}/{name}"
        taken.add(full_name)
        entries.append(DatasetEntry(name, partial(_read, file, number, images, split)))
    return entries


def _read(file: CocoFile, number: int, images: ImageFinder, split: str) -> ImportedImage:
    image_record = file.images.get(number)
    image, notes = _find_image(file, number, images, split)
    size = image_size(image)
    stated = _read_stated_size(image_record) or size
    orientation = image_orientation(image) if stated != size and stated == size[::-1] else 1
    if stated != size and orientation not in SWAPPED:
        name = image_record.get("file_name") if image_record else number
        raise wrong_size(file.path, name, stated, size)
    records = file.records.get(number, [])
    if panoptic.is_panoptic(records):
        return panoptic.read_panoptic(file, records, image, size)
    stuff_map = panoptic.find_stuff_map(file, image)
    if stuff_map is not None:
        return panoptic.read_stuff_map(file, stuff_map, image, size)
    stored_size = size[::-1] if orientation in SWAPPED else size
    annotation = Annotation(*stored_size, _convert_records(records, file, stored_size, notes))
    complete = bool(file.records) and not notes
    if orientation in SWAPPED:
        annotation = orient_annotation(annotation, orientation)
        notes.append(codec.ORIENTED)
    return ImportedImage(image, annotation, tuple(notes), complete)


def _convert_records(
    records: list[Record], file: CocoFile, size: tuple[int, int], notes: list[str]
) -> tuple[Shape, ...]:
    shapes: list[Shape] = []
    for index, record in enumerate(records, 1):
        name = f"annotation {record.get('id', index)}"
        try:
            converted = coco_json.convert_record(record, file.categories, size, index)
        except ObjectError as fault:
            notes.append(f"{name} was left out ({fault})")
            continue
        if converted[0].kind == RECTANGLE:
            notes.append(f"{name} has only a box; it became a rectangle")
        shapes += converted
    return tuple(shapes)


def _read_stated_size(image: Record | None) -> tuple[Any, Any] | None:
    """(height, width) in an image's record; None where it has neither."""
    stated = (image.get("height"), image.get("width")) if image is not None else (None, None)
    return None if stated == (None, None) else stated


def _find_image(file: CocoFile, number: int, images: ImageFinder, split: str) -> tuple[Path, list[str]]:
    image_record = file.images.get(number)
    if image_record is None:
        return images.find_number(number, file.path), []
    name = image_record.get("file_name")
    if not isinstance(name, str) or not name:
        raise FileError(file.path, f"gives no file_name for image {number}", "add it")
    return images.find(name, split, file.path)
