"""Opens folders of images beside folders of masks, matched by file stem, with subsets in folders or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from segstudio.core.classes import IGNORE, ClassTable
from segstudio.errors import FileError, FormatError
from segstudio.formats import class_list
from segstudio.formats.dataset import (
    HELD_OUT,
    DatasetEntry,
    DatasetReader,
    ImportedImage,
    ReadOptions,
    find_first_file,
)
from segstudio.formats.image_finder import describe_unlabelled, list_images
from segstudio.formats.images import FORMATS, translate_decoder_errors
from segstudio.formats.masks import codec, label_map
from segstudio.formats.masks.label_map import LabelMap

_IMAGE_FOLDERS: Final = ("images", "imgs", "pictures", "image", "img", "JPEGImages")
_MASK_FOLDERS: Final = ("labels", "masks", "label", "mask", "SegmentationClass", "annotations", "gt", "instances")
_VALIDATION_LISTS: Final = ("split_val.txt", "val.txt", "ImageSets/Segmentation/val.txt")
_AFFIXES: Final = re.compile(
    r"^(gt|mask|label|image|img|im)[_-]|[_-](gt|mask|masks|label|labels|l|seg|instances?|labelids)$", re.I
)
_BINARY_FRACTION: Final = 0.9  # of all pixels are 0 or 255 in masks that were binary before they were resized

INDEX, BINARY, INSTANCES = "index", "binary", "instances"


@dataclass(frozen=True)
class _FolderPair:
    """A folder of images and one of masks; `split` is their subset, "" where there is only one pair."""

    split: str
    images: Path
    masks: Path


@dataclass(frozen=True)
class _MaskContent:
    """What the masks contain, decided once for the whole dataset; `note` reports what was detected."""

    label_map: LabelMap
    kind: str
    snap: bool
    note: str = ""

    __hash__ = None  # type: ignore[assignment]


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not such a folder, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    if options.images is not None:
        return None if list_images(root) else f"{root} has no mask images"
    if not _find_pairs(root):
        images, masks = ", ".join(_IMAGE_FOLDERS), ", ".join(_MASK_FOLDERS)
        return f"it has no folder of images ({images}) beside one of masks ({masks})"
    return None


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """Class names come from a list nearby; without one, from the numbers in the masks."""
    pairs = [_FolderPair("", options.images, root)] if options.images is not None else _find_pairs(root)
    nearby = [root, pairs[0].masks.parent, pairs[0].masks]
    listed = options.labels or find_first_file(nearby, label_map.FILE_NAMES)
    paths = [path for pair in pairs for path in list_images(pair.masks).values()]
    content = _detect_content(paths, listed, options)
    entries: list[DatasetEntry] = []
    notes = [content.note] if content.note else []
    for pair in pairs:
        added, pair_notes = _list_entries(pair, content, len(pairs) > 1)
        entries, notes = entries + added, notes + pair_notes
    validation = find_first_file(nearby, _VALIDATION_LISTS)
    held_out = class_list.read_stems(validation) if validation else None
    if len(pairs) > 1:
        held_out = frozenset(e.name for e in entries if e.name.split("/")[0].casefold() in HELD_OUT) or None
    table = content.label_map.table
    # Masks label every pixel; where class 0 is not the background, erasing a pixel must not turn it into class 0.
    return DatasetReader(table, "background" if table.has_background else "ignore", entries, held_out, tuple(notes))


def _find_pairs(root: Path) -> list[_FolderPair]:
    """`images` beside `masks` in `root` or in its folders (train/images), or the subset inside both (images/train)."""
    found = _find_pairs_in(root, "")
    if not found:
        below = sorted((p for p in root.iterdir() if p.is_dir()), key=lambda p: (p.name != "train", p.name))
        found = [pair for base in below for pair in _find_pairs_in(base, base.name)]
    return found


def _find_pairs_in(base: Path, split: str) -> list[_FolderPair]:
    images = next((base / name for name in _IMAGE_FOLDERS if (base / name).is_dir()), None)
    mask_folder = next((base / name for name in _MASK_FOLDERS if (base / name).is_dir()), None)
    if images is None or mask_folder is None:
        return []
    if _match_stems(list_images(images), list_images(mask_folder)):
        return [_FolderPair(split, images, mask_folder)]
    inside = sorted(p.name for p in images.iterdir() if p.is_dir() and (mask_folder / p.name).is_dir())
    pairs = [_FolderPair(name, images / name, mask_folder / name) for name in inside]
    return [pair for pair in pairs if _match_stems(list_images(pair.images), list_images(pair.masks))]


def _list_entries(pair: _FolderPair, content: _MaskContent, split: bool) -> tuple[list[DatasetEntry], list[str]]:
    """The entries of one pair of folders, and notes about images and masks without a match."""
    images, masks = list_images(pair.images), list_images(pair.masks)
    matches = _match_stems(images, masks)
    objects = _list_object_masks(pair.masks)
    entries = [
        DatasetEntry(
            f"{pair.split}/{stem}" if split else stem,
            partial(_read, images[stem], masks[mask_stem], content, objects.get(mask_stem)),
        )
        for stem, mask_stem in matches.items()
    ]
    notes = []
    without_image = sorted(masks.keys() - set(matches.values()))
    if without_image:
        notes.append(f"{len(without_image)} masks have no image of their name: {', '.join(without_image[:5])}")
    without_mask = sorted(images.keys() - matches.keys())
    if without_mask:
        notes.append(describe_unlabelled(without_mask))
    return entries, notes


def _list_object_masks(mask_folder: Path) -> dict[str, Path]:
    """Object numbers beside class masks, as segstudio writes them."""
    beside = mask_folder.with_name("instances")
    return list_images(beside) if beside != mask_folder and beside.is_dir() else {}


def _match_stems(images: dict[str, Path], masks: dict[str, Path]) -> dict[str, str]:
    """Stem of the mask of each image: the same, or the same except for `gt_`, `_mask` and the like."""
    exact = {stem: stem for stem in images if stem in masks}
    bare = {_strip_affixes(stem): stem for stem in masks if stem not in exact}
    near = {stem: bare[_strip_affixes(stem)] for stem in images if stem not in exact and _strip_affixes(stem) in bare}
    return {stem: (exact | near)[stem] for stem in images if stem in exact or stem in near}


def _strip_affixes(stem: str) -> str:
    return _AFFIXES.sub("", stem).casefold()


def _detect_content(paths: list[Path], listed: Path | None, options: ReadOptions) -> _MaskContent:
    declared = label_map.read(listed) if listed else None
    lossless = [path for path in paths if not codec.is_lossy(path)]
    if options.masks in (INDEX, BINARY, INSTANCES):
        counts = {} if declared or options.masks != INDEX else _count_values(lossless)
        meaning = _choose_label_map(declared, options.masks, paths[0].parent, set(counts))
        return _MaskContent(meaning, options.masks, options.snap)
    if declared is not None and declared.colours and not lossless:
        return _MaskContent(declared, INDEX, options.snap)
    all_16_bit = bool(lossless) and all(map(_is_16_bit, lossless))
    counts = _count_values(lossless) if all_16_bit or declared is None or len(declared.table) == 2 else {}
    values = set(counts)
    if all_16_bit and not values <= set((declared or LabelMap(ClassTable())).values):
        note = "16-bit masks were read as object numbers (--masks index reads them as classes)"
        return _MaskContent(
            _choose_label_map(declared, INSTANCES, paths[0].parent, values), INSTANCES, options.snap, note
        )
    binary = values <= {0, IGNORE} or _is_nearly_binary(counts)
    kind = BINARY if binary and (declared is None or len(declared.table) == 2) else INDEX
    note = "" if declared else "no class list; classes were named by the numbers in the masks"
    return _MaskContent(_choose_label_map(declared, kind, paths[0].parent, values), kind, options.snap, note)


def _choose_label_map(declared: LabelMap | None, kind: str, folder: Path, values: set[int]) -> LabelMap:
    """The declared classes, or those that the kind of mask and its numbers require."""
    if declared is not None and (kind != INSTANCES or len(declared.table) == 2):
        return declared
    if kind == INSTANCES:
        return LabelMap.from_table(ClassTable().with_added("object"))
    if kind == BINARY:
        return LabelMap.from_table(ClassTable().with_added("foreground"))
    return LabelMap.from_table(_number_classes(folder, values))


def _is_nearly_binary(counts: dict[int, int]) -> bool:
    """True if masks of 0 and 255 were blurred: nearly all pixels have those two values, a few have others."""
    total = sum(counts.values())
    return IGNORE in counts and len(counts) > 3 and counts.get(0, 0) + counts[IGNORE] >= _BINARY_FRACTION * total


def _count_values(paths: list[Path]) -> dict[int, int]:
    """Pixels per value in all gray masks; one that cannot be read is skipped here and reported when it is imported."""
    counts: dict[int, int] = {}
    for path in paths:
        try:
            mask = codec.read_mask(path)
        except FileError:
            continue
        if not mask.coloured:
            values, pixels = codec.count_values(mask.plane)
            for value, count in zip(values.tolist(), pixels.tolist(), strict=True):
                counts[value] = counts.get(value, 0) + count
    return counts


def _is_16_bit(path: Path) -> bool:
    """True for a mask of 16 or 32 bits, from its header; also for one that cannot be read, which is reported later."""
    try:
        with translate_decoder_errors(path), Image.open(path, formats=FORMATS) as image:
            return image.mode.startswith("I")
    except FileError:
        return True


def _number_classes(folder: Path, values: set[int]) -> ClassTable:
    """`_background_`, `class_1` … up to the largest number in the masks."""
    table = ClassTable()
    try:
        for number in range(1, max((value for value in values if value != IGNORE), default=0) + 1):
            table = table.with_added(f"class_{number}")
    except ValueError as error:
        raise FormatError(folder, str(error), "name the classes in a class list") from error
    return table


def _read(image: Path, mask: Path, content: _MaskContent, objects: Path | None) -> ImportedImage:
    table = content.label_map.table
    if content.kind == INSTANCES and not codec.is_lossy(mask):
        return _read_instances(image, mask, table)
    found = codec.read_labels(mask, image, content.label_map, content.kind == BINARY, content.snap)
    numbers = None
    if objects is not None and not found.snapped:
        numbers = codec.fit_to_image(codec.read_mask(objects), image)[0].plane
    return ImportedImage(image, codec.build_annotation(found.labels, table, numbers), found.notes)


def _read_instances(image: Path, mask: Path, table: ClassTable) -> ImportedImage:
    found, notes = codec.fit_to_image(codec.read_mask(mask), image)
    if found.coloured or int(found.plane.min()) < 0:
        raise FormatError(mask, "has no object numbers", "export it as a gray 16-bit PNG")
    labels = (found.plane > 0).astype(np.uint8)
    return ImportedImage(image, codec.build_annotation(labels, table, found.plane), notes)
