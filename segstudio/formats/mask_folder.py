"""A folder of pictures beside a folder of masks, matched by file stem."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable, is_background
from segstudio.errors import FileError, FormatError
from segstudio.formats import class_list, masks
from segstudio.formats.images import SUFFIXES, picture_size
from segstudio.formats.source import Entry, Source, SourceOptions

_PICTURES = ("images", "imgs", "pictures", "image", "JPEGImages")
_MASKS = ("labels", "masks", "label", "mask", "SegmentationClass", "annotations", "gt")
_LISTS = ("classes.txt", "class_names.txt", "labels.txt")
_HELD_OUT = ("split_val.txt", "val.txt", "ImageSets/Segmentation/val.txt")


def reason_not(root: Path, options: SourceOptions) -> str | None:
    """Why `root` is not such a pair of folders, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    if options.images is not None:
        return None if _by_stem(root) else f"{root} holds no mask pictures"
    if _pair(root) is None:
        return f"it has no folder of pictures ({', '.join(_PICTURES)}) beside one of masks ({', '.join(_MASKS)})"
    return None


def open_source(root: Path, options: SourceOptions) -> Source:
    """Class names come from a list near by; without one, from the numbers in the masks."""
    if options.images is not None:
        pictures, mask_folder = options.images, root
    else:
        pair = _pair(root)
        assert pair is not None, "ask reason_not first"
        pictures, mask_folder = pair
    by_stem = _by_stem(mask_folder)
    near = [root, mask_folder.parent, mask_folder]
    listed = options.labels or _first(near, _LISTS)
    table = class_list.read(listed) if listed else _counted(list(by_stem.values()))
    binary = len(table) == 2 and _all_binary(list(by_stem.values()))
    entries = [
        Entry(stem, partial(_read, picture, by_stem[stem], (table, binary)))
        for stem, picture in _by_stem(pictures).items()
        if stem in by_stem
    ]
    missing = len(by_stem) - len(entries)
    notes = (f"{missing} masks have no picture of their name",) if missing else ()
    held_out = options.held_out or _first(near, _HELD_OUT)
    # Masks say something of every pixel; where class 0 is a thing, an erased pixel must not become it.
    unlabelled = "background" if is_background(table[0].name) else "ignore"
    return Source(table, unlabelled, entries, _stems(held_out) if held_out else None, notes)


def _pair(root: Path) -> tuple[Path, Path] | None:
    """(pictures, masks) in `root` or in one of its folders; training data first."""
    below = sorted((p for p in root.iterdir() if p.is_dir()), key=lambda p: (p.name != "train", p.name))
    for base in [root, *below]:
        pictures = next((base / name for name in _PICTURES if (base / name).is_dir()), None)
        mask_folder = next((base / name for name in _MASKS if (base / name).is_dir()), None)
        if pictures and mask_folder and _by_stem(pictures).keys() & _by_stem(mask_folder).keys():
            return pictures, mask_folder
    return None


def _by_stem(folder: Path) -> dict[str, Path]:
    return {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES}


def _first(folders: list[Path], names: tuple[str, ...]) -> Path | None:
    found = (folder / name for folder in folders for name in names)
    return next((path for path in found if path.is_file()), None)


def _stems(path: Path) -> frozenset[str]:
    try:
        lines = [Path(line.strip()) for line in path.read_text("utf-8-sig").split("\n") if line.strip()]
        return frozenset(line.stem if line.suffix.lower() in SUFFIXES else line.name for line in lines)
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"cannot be read ({error})", "list one file stem a line") from error


def _counted(paths: list[Path]) -> ClassTable:
    """`_background_`, `class_1` … up to the largest number in the masks; 0 and 255 alone are two classes."""
    values = set().union(*(_values(path) for path in paths))
    if values <= {0, 255}:
        return ClassTable().with_added("foreground")
    table = ClassTable()
    try:
        for number in range(1, max(value for value in values if value != 255) + 1):
            table = table.with_added(f"class_{number}")
    except ValueError as error:
        raise FormatError(paths[0].parent, str(error), "name the classes in a class list") from error
    return table


def _all_binary(paths: list[Path]) -> bool:
    """Whether no mask holds anything but 0 and 255: decided for the whole folder, as 255 alone also means ignored."""
    return all(_values(path) <= {0, 255} for path in paths)


def _values(path: Path) -> set[int]:
    """The numbers in a mask; none where it cannot be read, which is told when its turn comes."""
    try:
        return {int(value) for value in np.unique(masks.read_indices(path))}
    except FileError:
        return set()


def _read(picture: Path, mask: Path, meaning: tuple[ClassTable, bool]) -> tuple[Path, Annotation, tuple[str, ...]]:
    table, binary = meaning
    labels = masks.to_labels(mask, masks.read_indices(mask), table, binary)
    size = picture_size(picture)
    if labels.shape != size:
        raise FormatError(
            mask,
            f"is {labels.shape[1]}x{labels.shape[0]} but the picture is {size[1]}x{size[0]}",
            "export the mask again at the picture's size",
        )
    return picture, masks.annotation_of(labels, table), ()
