"""A folder of pictures beside a folder of masks, matched by file stem."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from segstudio.core.classes import IGNORE, ClassTable, is_background
from segstudio.errors import FileError, FormatError
from segstudio.formats import class_list, label_map, masks
from segstudio.formats.images import FORMATS, SUFFIXES, decoder_errors, picture_size
from segstudio.formats.label_map import LabelMap
from segstudio.formats.source import Entry, Reading, Source, SourceOptions

_PICTURES: Final = ("images", "imgs", "pictures", "image", "img", "JPEGImages")
_MASKS: Final = ("labels", "masks", "label", "mask", "SegmentationClass", "annotations", "gt", "instances")
_HELD_OUT: Final = ("split_val.txt", "val.txt", "ImageSets/Segmentation/val.txt")
_AFFIXES: Final = re.compile(
    r"^(gt|mask|label|image|img|im)[_-]|[_-](gt|mask|masks|label|labels|l|seg|instances?|labelids)$", re.I
)

INDEX, BINARY, INSTANCES = "index", "binary", "instances"


@dataclass(frozen=True)
class _Meaning:
    """What every mask of the folder is, decided once for all of them."""

    names: LabelMap
    kind: str
    snap: bool

    __hash__ = None  # type: ignore[assignment]


def reason_not(root: Path, options: SourceOptions) -> str | None:
    """Why `root` is not such a pair of folders, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    if options.images is not None:
        return None if by_stem(root) else f"{root} holds no mask pictures"
    if _pair(root) is None:
        return f"it has no folder of pictures ({', '.join(_PICTURES)}) beside one of masks ({', '.join(_MASKS)})"
    return None


def open_source(root: Path, options: SourceOptions) -> Source:
    """Class names come from a list near by; without one, from the numbers in the masks."""
    pair = (options.images, root) if options.images is not None else _pair(root)
    assert pair is not None, "ask reason_not first"
    pictures, mask_folder = by_stem(pair[0]), by_stem(pair[1])
    near = [root, pair[1].parent, pair[1]]
    listed = options.labels or _first(near, label_map.NAMES)
    meaning = _meaning(list(mask_folder.values()), listed, options.snap)
    partners = _partners(pictures, mask_folder)
    entries = [
        Entry(stem, partial(_read, pictures[stem], mask_folder[partner], meaning)) for stem, partner in partners.items()
    ]
    missing = len(mask_folder) - len(entries)
    notes = (f"{missing} masks have no picture of their name",) if missing else ()
    held_out = options.held_out or _first(near, _HELD_OUT)
    table = meaning.names.table
    # Masks say something of every pixel; where class 0 is a thing, an erased pixel must not become it.
    unlabelled = "background" if is_background(table[0].name) else "ignore"
    return Source(table, unlabelled, entries, class_list.stems(held_out) if held_out else None, notes)


def by_stem(folder: Path) -> dict[str, Path]:
    """The pictures of one folder; links that lead out of it are none of them. Raises FileError."""
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    except OSError as error:
        raise FileError(folder, f"cannot be listed ({error.strerror})", "name a folder of pictures") from error
    home = folder.resolve()
    return {p.stem: p for p in found if not p.is_symlink() or p.resolve().is_relative_to(home)}


def _pair(root: Path) -> tuple[Path, Path] | None:
    """(pictures, masks) in `root` or in one of its folders; training data first."""
    below = sorted((p for p in root.iterdir() if p.is_dir()), key=lambda p: (p.name != "train", p.name))
    for base in [root, *below]:
        pictures = next((base / name for name in _PICTURES if (base / name).is_dir()), None)
        mask_folder = next((base / name for name in _MASKS if (base / name).is_dir()), None)
        if pictures and mask_folder and _partners(by_stem(pictures), by_stem(mask_folder)):
            return pictures, mask_folder
    return None


def _partners(pictures: dict[str, Path], mask_folder: dict[str, Path]) -> dict[str, str]:
    """Stem of the mask of each picture: the same, or the same but for `gt_`, `_mask` and the like."""
    bare = {_bare(stem): stem for stem in mask_folder}
    exact = {stem: stem for stem in pictures if stem in mask_folder}
    return exact or {stem: bare[_bare(stem)] for stem in pictures if _bare(stem) in bare}


def _bare(stem: str) -> str:
    return _AFFIXES.sub("", stem).casefold()


def _first(folders: list[Path], names: tuple[str, ...]) -> Path | None:
    found = (folder / name for folder in folders for name in names)
    return next((path for path in found if path.is_file()), None)


def _meaning(paths: list[Path], listed: Path | None, snap: bool) -> _Meaning:
    named = label_map.read(listed) if listed else None
    lossless = [path for path in paths if path.suffix.lower() not in masks.LOSSY]
    if named is not None and named.colours and not lossless:
        return _Meaning(named, INDEX, snap)
    values: set[int] = set()
    wide = bool(lossless)
    for path in lossless:
        wide = wide and _is_wide(path)
        if wide or named is None or len(named.table) == 2:
            values |= _values(path)
    if wide and not values <= set((named or LabelMap(ClassTable())).values):
        table = named.table if named and len(named.table) == 2 else ClassTable().with_added("object")
        return _Meaning(LabelMap.of(table), INSTANCES, snap)
    binary = values <= {0, IGNORE}
    if named is None:
        table = ClassTable().with_added("foreground") if binary else _counted(paths[0].parent, values)
        named = LabelMap.of(table)
    return _Meaning(named, BINARY if binary and len(named.table) == 2 else INDEX, snap)


def _is_wide(path: Path) -> bool:
    """Whether a mask has 16 bits, from its header."""
    try:
        with decoder_errors(path), Image.open(path, formats=FORMATS) as image:
            return image.mode.startswith("I")
    except FileError:
        return True  # broken; told when its turn comes


def _counted(folder: Path, values: set[int]) -> ClassTable:
    """`_background_`, `class_1` … up to the largest number in the masks."""
    table = ClassTable()
    try:
        for number in range(1, max(value for value in values if value != IGNORE) + 1):
            table = table.with_added(f"class_{number}")
    except ValueError as error:
        raise FormatError(folder, str(error), "name the classes in a class list") from error
    return table


def _values(path: Path) -> set[int]:
    """The numbers in a mask; none where it cannot be read or is coloured, which is told when its turn comes."""
    try:
        mask = masks.read_mask(path)
    except FileError:
        return set()
    return set() if mask.coloured else set(masks.tally(mask.plane)[0].tolist())


def _read(picture: Path, mask: Path, meaning: _Meaning) -> Reading:
    if mask.suffix.lower() in masks.LOSSY:
        labels, note = masks.snapped(mask, meaning.names, meaning.kind == BINARY, meaning.snap)
        masks.check_size(mask, labels.shape, picture_size(picture))
        return Reading(picture, masks.annotation_of(labels, meaning.names.table), (note,))
    found, notes = masks.fitted(masks.read_mask(mask), picture)
    table = meaning.names.table
    if meaning.kind == INSTANCES:
        if found.coloured or int(found.plane.min()) < 0:
            raise FormatError(mask, "holds no object numbers", "export it as a gray 16-bit PNG")
        labels = (found.plane > 0).astype(np.uint8)
        return Reading(picture, masks.annotation_of(labels, table, found.plane), notes)
    labels = masks.to_labels(found, meaning.names, meaning.kind == BINARY)
    return Reading(picture, masks.annotation_of(labels, table), notes)
