"""Folders of images beside folders of masks, matched by file stem, by split where there are several."""

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
from segstudio.formats import class_list
from segstudio.formats.dataset import HELD_OUT, DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import images_left
from segstudio.formats.images import FORMATS, IMAGE_SUFFIXES, decoder_errors, image_size
from segstudio.formats.masks import codec as masks
from segstudio.formats.masks import label_map
from segstudio.formats.masks.label_map import LabelMap

_IMAGES: Final = ("images", "imgs", "pictures", "image", "img", "JPEGImages")
_MASKS: Final = ("labels", "masks", "label", "mask", "SegmentationClass", "annotations", "gt", "instances")
_HELD_OUT: Final = ("split_val.txt", "val.txt", "ImageSets/Segmentation/val.txt")
_AFFIXES: Final = re.compile(
    r"^(gt|mask|label|image|img|im)[_-]|[_-](gt|mask|masks|label|labels|l|seg|instances?|labelids)$", re.I
)
_MOSTLY: Final = 0.9  # of all pixels that are 0 or 255 in masks which were meant to hold nothing else

INDEX, BINARY, INSTANCES = "index", "binary", "instances"


@dataclass(frozen=True)
class _Pair:
    """One folder of images and one of masks, which are the `split` of the whole ("" where there is only one)."""

    split: str
    images: Path
    masks: Path


@dataclass(frozen=True)
class _Meaning:
    """What every mask of the source is, decided once for all of them; `note` says it where it was not told."""

    names: LabelMap
    kind: str
    snap: bool
    note: str = ""

    __hash__ = None  # type: ignore[assignment]


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is no such folder, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    if options.images is not None:
        return None if by_stem(root) else f"{root} holds no mask images"
    if not _pairs(root):
        return f"it has no folder of images ({', '.join(_IMAGES)}) beside one of masks ({', '.join(_MASKS)})"
    return None


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """Class names come from a list near by; without one, from the numbers in the masks."""
    pairs = [_Pair("", options.images, root)] if options.images is not None else _pairs(root)
    near = [root, pairs[0].masks.parent, pairs[0].masks]
    listed = options.labels or _first(near, label_map.NAMES)
    paths = [path for pair in pairs for path in by_stem(pair.masks).values()]
    meaning = _meaning(paths, listed, options)
    entries: list[DatasetEntry] = []
    notes = [meaning.note] if meaning.note else []
    for pair in pairs:
        fresh, told = _entries(pair, meaning, len(pairs) > 1)
        entries, notes = entries + fresh, notes + told
    held_out = _first(near, _HELD_OUT)
    split = class_list.stems(held_out) if held_out else None
    if len(pairs) > 1:
        split = frozenset(e.name for e in entries if e.name.split("/")[0].casefold() in HELD_OUT) or None
    # Masks say something of every pixel; where class 0 is a thing, an erased pixel must not become it.
    unlabelled = "background" if is_background(meaning.names.table[0].name) else "ignore"
    return DatasetReader(meaning.names.table, unlabelled, entries, split, tuple(notes))


def by_stem(folder: Path) -> dict[str, Path]:
    """The images of one folder; links that lead out of it are none of them. Raises FileError."""
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
    except OSError as error:
        raise FileError(folder, f"cannot be listed ({error.strerror})", "name a folder of images") from error
    home = folder.resolve()
    return {p.stem: p for p in found if not p.is_symlink() or p.resolve().is_relative_to(home)}


def _pairs(root: Path) -> list[_Pair]:
    """`images` beside `masks` in `root` or in folders of it (train/images), or split inside both (images/train)."""
    found = _pairs_in(root, "")
    if not found:
        below = sorted((p for p in root.iterdir() if p.is_dir()), key=lambda p: (p.name != "train", p.name))
        found = [pair for base in below for pair in _pairs_in(base, base.name)]
    return found


def _pairs_in(base: Path, split: str) -> list[_Pair]:
    images = next((base / name for name in _IMAGES if (base / name).is_dir()), None)
    mask_folder = next((base / name for name in _MASKS if (base / name).is_dir()), None)
    if images is None or mask_folder is None:
        return []
    if _partners(by_stem(images), by_stem(mask_folder)):
        return [_Pair(split, images, mask_folder)]
    inside = sorted(p.name for p in images.iterdir() if p.is_dir() and (mask_folder / p.name).is_dir())
    pairs = [_Pair(name, images / name, mask_folder / name) for name in inside]
    return [pair for pair in pairs if _partners(by_stem(pair.images), by_stem(pair.masks))]


def _entries(pair: _Pair, meaning: _Meaning, split: bool) -> tuple[list[DatasetEntry], list[str]]:
    """Those of one pair of folders, and notes on what has no partner."""
    images, mask_folder = by_stem(pair.images), by_stem(pair.masks)
    partners = _partners(images, mask_folder)
    objects = _objects_beside(pair.masks)
    entries = [
        DatasetEntry(
            f"{pair.split}/{stem}" if split else stem,
            partial(_read, images[stem], mask_folder[partner], meaning, objects.get(partner)),
        )
        for stem, partner in partners.items()
    ]
    lone = sorted(mask_folder.keys() - set(partners.values()))
    notes = [f"{len(lone)} masks have no image of their name: {', '.join(lone[:5])}"] if lone else []
    bare = sorted(images.keys() - partners.keys())
    return entries, [*notes, *([images_left(bare)] if bare else [])]


def _objects_beside(mask_folder: Path) -> dict[str, Path]:
    """The numbers of objects that belong to class masks, as this program writes them."""
    beside = mask_folder.with_name("instances")
    return by_stem(beside) if beside != mask_folder and beside.is_dir() else {}


def _partners(images: dict[str, Path], mask_folder: dict[str, Path]) -> dict[str, str]:
    """Stem of the mask of each image: the same, or the same but for `gt_`, `_mask` and the like."""
    exact = {stem: stem for stem in images if stem in mask_folder}
    bare = {_bare(stem): stem for stem in mask_folder if stem not in exact}
    near = {stem: bare[_bare(stem)] for stem in images if stem not in exact and _bare(stem) in bare}
    return {stem: (exact | near)[stem] for stem in images if stem in exact or stem in near}


def _bare(stem: str) -> str:
    return _AFFIXES.sub("", stem).casefold()


def _first(folders: list[Path], names: tuple[str, ...]) -> Path | None:
    found = (folder / name for folder in folders for name in names)
    return next((path for path in found if path.is_file()), None)


def _meaning(paths: list[Path], listed: Path | None, options: ReadOptions) -> _Meaning:
    named = label_map.read(listed) if listed else None
    lossless = [path for path in paths if path.suffix.lower() not in masks.LOSSY]
    if options.masks in (INDEX, BINARY, INSTANCES):
        counts = {} if named or options.masks != INDEX else _tallied(lossless)
        return _Meaning(_named(named, options.masks, paths[0].parent, set(counts)), options.masks, options.snap)
    if named is not None and named.colours and not lossless:
        return _Meaning(named, INDEX, options.snap)
    wide = bool(lossless) and all(map(_is_wide, lossless))
    counts = _tallied(lossless) if wide or named is None or len(named.table) == 2 else {}
    values = set(counts)
    if wide and not values <= set((named or LabelMap(ClassTable())).values):
        note = "16-bit masks were read as numbers of objects (--masks index reads them as classes)"
        return _Meaning(_named(named, INSTANCES, paths[0].parent, values), INSTANCES, options.snap, note)
    binary = values <= {0, IGNORE} or _nearly_binary(counts)
    kind = BINARY if binary and (named is None or len(named.table) == 2) else INDEX
    note = "" if named else "no class list; classes were named by the numbers in the masks"
    return _Meaning(_named(named, kind, paths[0].parent, values), kind, options.snap, note)


def _named(named: LabelMap | None, kind: str, folder: Path, values: set[int]) -> LabelMap:
    """The classes that were listed, or those that the kind of mask and its numbers call for."""
    if named is not None and (kind != INSTANCES or len(named.table) == 2):
        return named
    if kind == INSTANCES:
        return LabelMap.of(ClassTable().with_added("object"))
    if kind == BINARY:
        return LabelMap.of(ClassTable().with_added("foreground"))
    return LabelMap.of(_counted(folder, values))


def _nearly_binary(counts: dict[int, int]) -> bool:
    """Whether masks of 0 and 255 were blurred: those two all over, and many others here and there."""
    total = sum(counts.values())
    return IGNORE in counts and len(counts) > 3 and counts.get(0, 0) + counts[IGNORE] >= _MOSTLY * total


def _tallied(paths: list[Path]) -> dict[int, int]:
    """How many pixels of all masks have each number; what cannot be read is told when its turn comes."""
    counts: dict[int, int] = {}
    for path in paths:
        try:
            mask = masks.read_mask(path)
        except FileError:
            continue
        if not mask.coloured:
            values, found = masks.tally(mask.plane)
            for value, count in zip(values.tolist(), found.tolist(), strict=True):
                counts[value] = counts.get(value, 0) + count
    return counts


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
        for number in range(1, max((value for value in values if value != IGNORE), default=0) + 1):
            table = table.with_added(f"class_{number}")
    except ValueError as error:
        raise FormatError(folder, str(error), "name the classes in a class list") from error
    return table


def _read(image: Path, mask: Path, meaning: _Meaning, objects: Path | None) -> ImportedImage:
    table, binary = meaning.names.table, meaning.kind == BINARY
    if mask.suffix.lower() in masks.LOSSY or (meaning.snap and binary):
        labels, note = masks.snapped(mask, meaning.names, binary, meaning.snap)
        masks.check_size(mask, labels.shape, image_size(image))
        return ImportedImage(image, masks.annotation_of(labels, table), (note,))
    found, notes = masks.fitted(masks.read_mask(mask), image)
    if meaning.kind == INSTANCES:
        if found.coloured or int(found.plane.min()) < 0:
            raise FormatError(mask, "holds no object numbers", "export it as a gray 16-bit PNG")
        return ImportedImage(image, masks.annotation_of((found.plane > 0).astype(np.uint8), table, found.plane), notes)
    labels = masks.to_labels(found, meaning.names, binary)
    numbers = masks.fitted(masks.read_mask(objects), image)[0].plane if objects is not None else None
    return ImportedImage(image, masks.annotation_of(labels, table, numbers), notes)
