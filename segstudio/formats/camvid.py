"""CamVid: folders of images beside folders of the same name with `annot`, or lists of pairs; colours or numbers.

Colours: the Cambridge-driving Labeled Video Database, label_colors.txt. Numbers: the 11 classes of SegNet.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from segstudio.core.classes import IGNORE
from segstudio.core.colours import Colour
from segstudio.errors import SegstudioError
from segstudio.formats.dataset import HELD_OUT, DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.images import image_size
from segstudio.formats.masks import codec as masks
from segstudio.formats.masks import label_map
from segstudio.formats.masks.label_map import LabelMap
from segstudio.formats.masks.reader import by_stem

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
_LISTS: Final = ("label_colors.txt", "class_dict.csv", "labelmap.txt", "class_names.txt")


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not CamVid's, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    return None if _pairs(root) else "it has no folder X beside Xannot, and no X.txt that lists pairs"


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    pairs = _pairs(root)
    listed = options.labels or next((root / name for name in _LISTS if (root / name).is_file()), None)
    notes: tuple[str, ...] = ()
    if listed is not None:
        names = label_map.read(listed, ("void",))
    elif _coloured(pairs):
        names, notes = _camvids_own(), ("no label map; colours were read as CamVid's 32 classes",)
    else:
        names, notes = _segnets(), ("no class list; numbers were read as SegNet's 11 classes, 11 ignored",)
    entries = [
        DatasetEntry(name, partial(_read, image, mask, names, options.snap)) for name, (image, mask) in pairs.items()
    ]
    held_out = frozenset(name for name in pairs if name.split("/")[0].casefold() in HELD_OUT)
    return DatasetReader(names.table, "ignore", entries, held_out or None, notes)


def _pairs(root: Path) -> dict[str, tuple[Path, Path]]:
    """By split/stem: image and mask, from lists where there are some, else from folders."""
    found: dict[str, tuple[Path, Path]] = {}
    for listed in sorted(root.glob("*.txt")):
        found |= _listed(root, listed)
    if found:
        return found
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        beside = _labels_of(folder)
        if beside is not None:
            images = by_stem(folder)
            found |= {
                f"{folder.name}/{stem.removesuffix('_L')}": (images[stem.removesuffix("_L")], mask)
                for stem, mask in by_stem(beside).items()
                if stem.removesuffix("_L") in images
            }
    return found


def _labels_of(folder: Path) -> Path | None:
    """`valannot` or `val_labels` of val; `LabeledApproved_full` of 701_StillsRaw_full, as Cambridge has it."""
    beside = [folder.with_name(f"{folder.name}{end}") for end in ("annot", "_labels")]
    if "StillsRaw" in folder.name:
        beside += sorted(folder.parent.glob("Labeled*"))
    return next((path for path in beside if path.is_dir()), None)


def _listed(root: Path, listed: Path) -> dict[str, tuple[Path, Path]]:
    """Lines of `image mask`, whatever folder they were written for; only files below `root` count."""
    try:
        lines = [line.split() for line in listed.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for pair in lines:
        paths = [_below(root, text) for text in pair] if len(pair) == 2 else []
        if len(paths) == 2 and None not in paths:
            image, mask = paths
            assert image is not None and mask is not None
            found[f"{listed.stem}/{image.stem}"] = (image, mask)
    return found


def _below(root: Path, text: str) -> Path | None:
    """The file that the last two parts of a path name."""
    parts = PurePosixPath(text.replace("\\", "/")).parts[-2:]
    path = root.joinpath(*(part for part in parts if part not in ("..", "/")))
    return path if path.is_file() and path.resolve().is_relative_to(root.resolve()) else None


def _coloured(pairs: dict[str, tuple[Path, Path]]) -> bool:
    for _, mask in pairs.values():
        try:
            found = masks.read_mask(mask)
            return found.coloured or found.gray_rgb
        except SegstudioError:
            continue
    return False


def _camvids_own() -> LabelMap:
    rows: list[label_map.Row] = []
    for text in _COLOURS.replace("\n", "").split(";"):
        name, red, green, blue = text.split()
        colour: Colour = int(red), int(green), int(blue)
        rows.append(("ignored" if name == "Void" else name, None, colour))
    return LabelMap.of_rows(rows)


def _segnets() -> LabelMap:
    names = LabelMap.of_rows([(name, number, None) for number, name in enumerate(_SEGNET)])
    return LabelMap(names.table, {**names.values, len(_SEGNET): IGNORE}, {})


def _read(image: Path, path: Path, names: LabelMap, snap: bool) -> ImportedImage:
    if path.suffix.lower() in masks.LOSSY:
        labels, note = masks.snapped(path, names, False, snap)
        masks.check_size(path, labels.shape, image_size(image))
        return ImportedImage(image, masks.annotation_of(labels, names.table), (note,))
    mask, notes = masks.fitted(masks.read_mask(path), image)
    return ImportedImage(image, masks.annotation_of(masks.to_labels(mask, names), names.table), notes)
