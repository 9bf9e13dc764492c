"""Opens YOLO segmentation: one text file per image, one line per object: class number, corners as fractions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import BACKGROUND_NAME, ClassTable
from segstudio.core.shape import POLYGON, RECTANGLE, Shape
from segstudio.errors import FileError, FormatError, ObjectError
from segstudio.formats import class_list
from segstudio.formats.coordinates import parse_number
from segstudio.formats.dataset import (
    HELD_OUT,
    DatasetEntry,
    DatasetReader,
    ImportedImage,
    ReadOptions,
    find_first_file,
    split_or_none,
)
from segstudio.formats.image_finder import ImageFinder
from segstudio.formats.images import image_size
from segstudio.formats.text_file import read_text
from segstudio.formats.yolo import data_yaml

_CLASS_LISTS: Final = ("data.yaml", "dataset.yaml", "classes.txt", "obj.names", "coco.yaml")
_OTHER_TEXT_FILES: Final = frozenset(
    {
        "classes.txt",
        "train.txt",
        "val.txt",
        "test.txt",
        "labels.txt",
        "readme.txt",
        "source.txt",
        "label_colors.txt",
    }
)
_LINE: Final = re.compile(r"^\s*\d{1,4}(\s+-?[\d.]+(e[-+]?\d+)?){4,}\s*$", re.I)
_DECIMALS: Final = 6  # of a pixel; coordinates are rounded so that writing and reading again changes none
_MAX_FILES_TRIED: Final = 20


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not YOLO, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    paths = _find_label_files(root)
    if not paths:
        return "it has no .txt files of labels, also not in labels/"
    for path in paths[:_MAX_FILES_TRIED]:
        lines = [line for line in _read_lines(path) if line.strip()]
        if lines:
            return None if _LINE.match(lines[0]) else f"{path.name} is not lines of numbers"
    has_yaml = any((root / name).is_file() for name in _CLASS_LISTS if name.endswith(".yaml"))
    return None if has_yaml else "its .txt files are empty, and it has no data.yaml"


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """Images without a text file are background, by YOLO's own rule. Raises FileError or FormatError."""
    listed = options.labels or find_first_file((root, root.parent), _CLASS_LISTS)
    paths = _find_label_files(root)
    notes: tuple[str, ...] = ()
    if listed is not None:
        names = _read_names(listed)
    else:
        highest = max((_find_highest_class(path) for path in paths), default=0)
        names = [f"class_{number}" for number in range(highest + 1)]
        notes = ("no data.yaml or classes.txt; classes are named by their numbers",)
    try:
        table = ClassTable.from_names([BACKGROUND_NAME, *names])
    except ValueError as error:
        raise FormatError(listed or root, str(error), "list each class once") from error
    images = ImageFinder(options.images or _choose_image_root(root))
    entries = [DatasetEntry(_name_entry(path, root), partial(_read, path, images, names)) for path in paths]
    entries += _list_background_images(images, {entry.name for entry in entries})
    folders = _read_validation_folders(listed) or HELD_OUT
    held_out = [e.name for e in entries if folders & {part.casefold() for part in e.name.split("/")[:-1]}]
    return DatasetReader(table, "background", entries, split_or_none(held_out, entries), notes)


def _choose_image_root(root: Path) -> Path:
    """The folder to search for images: with the labels, or `images` beside them."""
    base = root.parent if root.name == "labels" else root
    beside = base.parent / "images"
    return base.parent if not any(base.rglob("images")) and beside.is_dir() else base


def _list_background_images(images: ImageFinder, known: set[str]) -> list[DatasetEntry]:
    """Images in `images` folders that have no text file."""
    found = []
    for name, path in images.by_path().items():
        parts = name.split("/")
        stem = "/".join(part for part in parts if part != "images")
        if "images" in parts[:-1] and stem not in known:
            found.append(DatasetEntry(stem, partial(_read_background, path)))
    return found


def _read_background(path: Path) -> ImportedImage:
    return ImportedImage(path, Annotation(*image_size(path)))


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in (".yaml", ".yml")


def _read_validation_folders(listed: Path | None) -> set[str]:
    """Folders that data.yaml gives as `val` or `test`."""
    return data_yaml.parse_validation_folders(_read_normalised(listed)) if listed and _is_yaml(listed) else set()


def _find_highest_class(path: Path) -> int:
    """The largest class number in a file; 0 for one that cannot be read, which is reported when it is imported."""
    try:
        return max((int(line.split()[0]) for line in _read_lines(path) if _LINE.match(line)), default=0)
    except FileError:
        return 0


def _find_label_files(root: Path) -> list[Path]:
    """Text files in `labels` folders, else in the folder itself, without lists of classes and of files."""
    inside = [p for p in root.rglob("*.txt") if "labels" in p.relative_to(root).parts]
    found = [p for p in inside or root.glob("*.txt") if p.is_file()]
    return sorted(
        p for p in found if p.name.lower() not in _OTHER_TEXT_FILES and not p.name.lower().endswith(".upstream.txt")
    )


def _name_entry(path: Path, root: Path) -> str:
    parts = [part for part in path.relative_to(root).with_suffix("").parts if part != "labels"]
    return "/".join(parts)


def _read_lines(path: Path) -> list[str]:
    return read_text(path).splitlines()


def _read_normalised(path: Path) -> str:
    """The text with \\n as its only line end, for expressions that match whole lines."""
    return "\n".join(_read_lines(path))


def _read_names(listed: Path) -> list[str]:
    if not _is_yaml(listed):
        return [name for name in class_list.read(listed).names if name != BACKGROUND_NAME]
    names = data_yaml.parse_names(_read_normalised(listed))
    if not names:
        raise FormatError(listed, "has no `names:`", "list the classes under names:")
    return names


def _read(path: Path, images: ImageFinder, names: Sequence[str]) -> ImportedImage:
    hint = path.parent.name if path.parent.name != "labels" else path.parent.parent.name
    image = images.find_stem(path.stem, hint, path)
    size = image_size(image)
    shapes, notes = [], []
    for number, line in enumerate(_read_lines(path), 1):
        if not line.strip():
            continue
        try:
            shapes.append(_convert(line, names, size))
        except ObjectError as fault:
            notes.append(f"line {number} was left out ({fault})")
    boxes = sum(shape.kind == RECTANGLE for shape in shapes)
    if boxes:
        notes.append(f"{boxes} boxes became rectangles")
    return ImportedImage(image, Annotation(*size, tuple(shapes)), tuple(notes))


def _convert(line: str, names: Sequence[str], size: tuple[int, int]) -> Shape:
    """The polygon of a line, or the rectangle of one with four numbers (centre and size). Raises ObjectError."""
    first, *rest = line.split()
    if not re.fullmatch(r"[0-9]{1,4}", first) or int(first) >= len(names):
        raise ObjectError(f"its class is {first!r}, but there are {len(names)} classes"[:120])
    values = [parse_number(text, "coordinate") for text in rest]
    if max(map(abs, values), default=0) > 2:
        raise ObjectError("its coordinates are pixels, not fractions of the image's size")
    height, width = size
    name = names[int(first)]
    if len(values) == 4:
        cx, cy, w, h = values[0] * width, values[1] * height, values[2] * width, values[3] * height
        corners = (cx - w / 2, cy - h / 2), (cx + w / 2 - 1, cy + h / 2 - 1)
        return Shape(name, RECTANGLE, tuple((round(x, _DECIMALS), round(y, _DECIMALS)) for x, y in corners))
    if len(values) < 6 or len(values) % 2:
        raise ObjectError(f"it has {len(values)} coordinates")
    points = zip(values[::2], values[1::2], strict=True)
    return Shape(name, POLYGON, tuple((round(x * width, _DECIMALS), round(y * height, _DECIMALS)) for x, y in points))
