"""CamVid: folders of images beside folders of the same name with `annot`, or lists of pairs; colours or numbers.

Colours: the Cambridge-driving Labeled Video Database, label_colors.txt. Numbers: the 11 classes of SegNet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from segstudio.core.classes import IGNORE
from segstudio.errors import FileError, SegstudioError
from segstudio.formats.dataset import (
    HELD_OUT,
    DatasetEntry,
    DatasetReader,
    ImportedImage,
    ReadOptions,
    find_first_file,
)
from segstudio.formats.image_finder import list_images
from segstudio.formats.masks import codec, label_map
from segstudio.formats.masks.label_map import LabelMap, MapRow
from segstudio.formats.text_file import read_text

_COLOURS: Final = """
Void 0 0 0;Animal 64 128 64;Archway 192 0 128;Bicyclist 0 128 192;Bridge 0 128 64;Building 128 0 0;Car 64 0 128;
CartLuggagePram 64 0 192;Child 192 128 64;Column_Pole 192 192 128;Fence 64 64 128;LaneMkgsDriv 128 0 192;
LaneMkgsNonDriv 192 0 64;Misc_Text 128 128 64;MotorcycleScooter 192 0 192;OtherMoving 128 64 64;
ParkingBlock 64 192 128;Pedestrian 64 64 0;Road 128 64 128;RoadShoulder 128 128 192;Sidewalk 0 0 192;
SignSymbol 192 128 128;Sky 128 128 128;SUVPickupTruck 64 128 192;TrafficCone 0 0 64;TrafficLight 0 64 64;
Train 192 64 128;Tree 128 128 0;Truck_Bus 192 128 192;Tunnel 64 0 64;VegetationMisc 192 192 0;Wall 64 192 0
"""
_SEGNET_TEXT: Final = "Sky Building Pole Road Pavement Tree SignSymbol Fence Car Pedestrian Bicyclist"
_SEGNET: Final = _SEGNET_TEXT.split()
_CLASS_LISTS: Final = ("label_colors.txt", "class_dict.csv", "labelmap.txt", "class_names.txt")
_MASK_SUFFIX: Final = "_L"  # of the file stems in Cambridge's own distribution


@dataclass(frozen=True)
class _Pair:
    image: Path
    mask: Path


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not CamVid, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    return None if _find_pairs(root) else "it has no folder X beside Xannot, and no X.txt that lists pairs"


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """Without a class list, colours are CamVid's 32 classes and numbers SegNet's 11, with a note."""
    pairs = _find_pairs(root)
    listed = options.labels or find_first_file([root], _CLASS_LISTS)
    notes: tuple[str, ...] = ()
    if listed is not None:
        meaning = label_map.read(listed, ("void",))
    elif _has_colours(pairs):
        meaning, notes = _build_camvid_map(), ("no label map; colours were read as CamVid's 32 classes",)
    else:
        meaning, notes = _build_segnet_map(), ("no class list; numbers were read as SegNet's 11 classes, 11 ignored",)
    entries = [DatasetEntry(name, partial(_read, pair, meaning, options.snap)) for name, pair in pairs.items()]
    held_out = frozenset(name for name in pairs if name.split("/")[0].casefold() in HELD_OUT)
    return DatasetReader(meaning.table, "ignore", entries, held_out or None, notes)


def _find_pairs(root: Path) -> dict[str, _Pair]:
    """By split/stem, from lists where there are some, else from folders."""
    found: dict[str, _Pair] = {}
    for list_file in sorted(root.glob("*.txt")):
        found |= _read_pairs(root, list_file)
    if found:
        return found
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        mask_folder = _find_mask_folder(folder)
        if mask_folder is None:
            continue
        images = list_images(folder)
        for mask_stem, mask in list_images(mask_folder).items():
            stem = mask_stem.removesuffix(_MASK_SUFFIX)
            if stem in images:
                found[f"{folder.name}/{stem}"] = _Pair(images[stem], mask)
    return found


def _find_mask_folder(folder: Path) -> Path | None:
    """`valannot` or `val_labels` for val; `LabeledApproved_full` for 701_StillsRaw_full, as Cambridge names them."""
    beside = [folder.with_name(f"{folder.name}{end}") for end in ("annot", "_labels")]
    if "StillsRaw" in folder.name:
        beside += sorted(folder.parent.glob("Labeled*"))
    return next((path for path in beside if path.is_dir()), None)


def _read_pairs(root: Path, list_file: Path) -> dict[str, _Pair]:
    """Lines of `image mask`; only files below `root` count, as the lists have paths of the machine that wrote them."""
    try:
        lines = [line.split() for line in read_text(list_file).splitlines()]
    except FileError:
        return {}
    found = {}
    for texts in lines:
        if len(texts) == 2:
            image, mask = (_find_below(root, text) for text in texts)
            if image is not None and mask is not None:
                found[f"{list_file.stem}/{image.stem}"] = _Pair(image, mask)
    return found


def _find_below(root: Path, text: str) -> Path | None:
    """The file below `root` that the last two parts of a path name."""
    parts = PurePosixPath(text.replace("\\", "/")).parts[-2:]
    path = root.joinpath(*(part for part in parts if part not in ("..", "/")))
    return path if path.is_file() and path.resolve().is_relative_to(root.resolve()) else None


def _has_colours(pairs: dict[str, _Pair]) -> bool:
    """True if the first readable mask is an RGB image."""
    for pair in pairs.values():
        try:
            mask = codec.read_mask(pair.mask)
        except SegstudioError:
            continue
        return mask.coloured or mask.gray_rgb
    return False


def _build_camvid_map() -> LabelMap:
    rows = []
    for text in _COLOURS.replace("\n", "").split(";"):
        name, red, green, blue = text.split()
        rows.append(MapRow("ignored" if name == "Void" else name, colour=(int(red), int(green), int(blue))))
    return LabelMap.from_rows(rows)


def _build_segnet_map() -> LabelMap:
    meaning = LabelMap.from_rows([MapRow(name, number) for number, name in enumerate(_SEGNET)])
    return LabelMap(meaning.table, {**meaning.values, len(_SEGNET): IGNORE}, {})


def _read(pair: _Pair, meaning: LabelMap, snap: bool) -> ImportedImage:
    found = codec.read_labels(pair.mask, pair.image, meaning, snap=snap)
    return ImportedImage(pair.image, codec.build_annotation(found.labels, meaning.table), found.notes)
