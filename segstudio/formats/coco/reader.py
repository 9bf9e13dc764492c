"""COCO on disk: which of its files to read, and the images that they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.orientation import SWAPPED, turned
from segstudio.core.shape import RECTANGLE, Shape
from segstudio.errors import FileError, FormatError, ObjectError
from segstudio.formats.coco import coco_json
from segstudio.formats.coco import panoptic as coco_png
from segstudio.formats.coco.coco_json import CocoFile, Record
from segstudio.formats.dataset import HELD_OUT, DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import ImageFinder, safe_stem
from segstudio.formats.images import image_size, orientation
from segstudio.formats.masks import codec as masks

# Of several files in one folder those with the most to say about pixels are read.
_KINDS: Final = ("instances", "_annotations.coco", "person_keypoints", "panoptic", "stuff", "", "labels")
_CONTAINER: Final = re.compile(r"^(images|JPEGImages)/")
_SILENT: Final = ("captions", "image_info")


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not COCO's, or None if it is."""
    if root.is_file():
        return _reason(root)
    reason = "it has no .json files, also not in annotations/"
    for paths in _by_kind(root).values():
        reasons = [_reason(path) for path in paths]
        if None in reasons:
            return None
        reason = f"{paths[0].name}: {reasons[0]}"
    return reason


def _reason(path: Path) -> str | None:
    if path.suffix.lower() != ".json":
        return "it is no .json file"
    try:
        return coco_json.glance(path.read_bytes())
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def _by_kind(root: Path) -> dict[str, list[Path]]:
    """Candidate files in order of preference."""
    found = [*root.glob("*.json"), *root.glob("annotations/*.json"), *root.glob("*/_annotations.coco.json")]
    groups: dict[str, list[Path]] = {}
    for path in sorted(found):
        kind = next((kind for kind in (*_KINDS, *_SILENT) if kind and path.name.startswith(kind)), "")
        groups.setdefault(kind, []).append(path)
    return {kind: groups[kind] for kind in (*_KINDS, *_SILENT) if kind in groups}


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    paths, notes = _chosen(root)
    base = root if root.is_dir() else root.parent
    if base.name.lower() in ("annotations", "annotation"):
        base = base.parent
    images = ImageFinder(options.images or base)
    files = [(path, coco_json.load(path)) for path in paths]
    files = [(path, _with_names(file, options)) for path, file in files]
    entries: list[DatasetEntry] = []
    held_out: set[str] = set()
    taken: set[str] = set()
    for path, file in files:
        notes += [f"{path.name}: {note}" for note in file.notes]
        fresh = _entries(file, images, _split(path), taken)
        entries += fresh
        if _split(path) in HELD_OUT:
            held_out |= {entry.name for entry in fresh}
    split = frozenset(held_out) if 0 < len(held_out) < len(entries) else None
    table = _table(root, [file for _, file in files])
    # Where a PNG says of every pixel what it is, the others are void.
    void = any(coco_png.says_all(path, file) for path, file in files)
    return DatasetReader(table, "ignore" if void else "background", entries, split, tuple(notes))


def _chosen(root: Path) -> tuple[list[Path], list[str]]:
    if root.is_file():
        return [root], []
    groups = _by_kind(root)
    for kind, paths in groups.items():
        fitting = [path for path in paths if _reason(path) is None]
        if fitting:
            others = [path.name for each, group in groups.items() if each != kind for path in group]
            shown = f"{', '.join(others[:6])}{' …' if len(others) > 6 else ''}"
            return fitting, [f"not read: {shown}; name such a file to import it"] if others else []
    raise FormatError(root, "holds no COCO file", "name the .json file itself")


def _with_names(file: CocoFile, options: ReadOptions) -> CocoFile:
    """Results know images and categories by number only; a ground truth given as the class list names them."""
    if not file.results or options.labels is None or options.labels.suffix.lower() != ".json":
        return file
    named = coco_json.load(options.labels)
    categories = {**file.categories, **named.categories}
    return replace(file, images=named.images, categories=categories)


def _table(root: Path, files: list[CocoFile]) -> ClassTable:
    try:
        return coco_json.table_of({number: name for file in files for number, name in file.categories.items()})
    except ValueError as error:
        raise FormatError(root, str(error), "take categories that are not used out of the file") from error


def _split(path: Path) -> str:
    """`train` of instances_train.json, instances_train2017.json and train/_annotations.coco.json."""
    last = path.parent.name if path.name.startswith("_annotations") else path.stem.rpartition("_")[2]
    return last.rstrip("0123456789").lower()


def _entries(file: CocoFile, images: ImageFinder, split: str, taken: set[str]) -> list[DatasetEntry]:
    entries = []
    numbers: Iterable[int] = file.records if file.results else file.images
    for number in numbers:
        image_record = file.images.get(number)
        called = str(image_record.get("file_name") or "") if image_record else ""
        name = _CONTAINER.sub("", safe_stem(called)) or str(number)
        whole = f"{name}.{called.rpartition('.')[2].lower()}"
        if whole in taken:  # train/a.jpg and val/a.jpg are both called a.jpg
            name = f"{split or file.path.stem}/{name}"
        taken.add(whole)
        entries.append(DatasetEntry(name, partial(_read, file, number, images, split)))
    return entries


def _read(file: CocoFile, number: int, images: ImageFinder, split: str) -> ImportedImage:
    image_record = file.images.get(number)
    image, notes = _image(file, image_record, number, images, split)
    seen = image_size(image)
    said = _said_size(image_record) or seen
    turn = orientation(image) if said != seen and said == seen[::-1] else 1
    if said != seen and turn not in SWAPPED:
        raise FileError(
            file.path,
            f"says {image_record.get('file_name') if image_record else number} is {said[1]}x{said[0]} "
            f"but the image is {seen[1]}x{seen[0]}",
            "put the image there that was labelled",
        )
    records = file.records.get(number, [])
    if coco_png.is_panoptic(records):
        return coco_png.read_panoptic(file, records, image, seen)
    pixel_map = coco_png.pixel_map_of(file.path, image)
    if pixel_map is not None:
        return coco_png.read_stuff(file, pixel_map, image, seen)
    size = seen[::-1] if turn in SWAPPED else seen
    shapes: list[Shape] = []
    for index, record in enumerate(records):
        named = f"annotation {record.get('id', index + 1)}"
        try:
            found = coco_json.shapes_of(record, file.categories, size, index + 1)
        except ObjectError as fault:
            notes.append(f"{named} was left out ({fault})")
            continue
        if found[0].kind == RECTANGLE:
            notes.append(f"{named} has only a box; it became a rectangle")
        shapes += found
    complete = bool(file.records) and not notes
    annotation = Annotation(*size, tuple(shapes))
    if turn in SWAPPED:
        annotation = turned(annotation, turn)
        notes.append(masks.TURNED)
    return ImportedImage(image, annotation, tuple(notes), complete)


def _said_size(image: Record | None) -> tuple[Any, Any] | None:
    """(height, width) of an image's record; None where it says none."""
    said = (image.get("height"), image.get("width")) if image is not None else (None, None)
    return None if said == (None, None) else said


def _image(
    file: CocoFile, image_record: Record | None, number: int, images: ImageFinder, split: str
) -> tuple[Path, list[str]]:
    if image_record is None:
        return images.numbered(number, file.path), []
    named = image_record.get("file_name")
    if not isinstance(named, str) or not named:
        raise FileError(file.path, f"gives no file_name for image {number}", "add it")
    image, note = images.named(named, split, file.path)
    return image, [note] if note else []
