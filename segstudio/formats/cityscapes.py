"""Cityscapes: leftImg8bit and gtFine (or gtCoarse) by split and city; label ids or train ids, objects from instanceIds.

Source of the class table: cityscapesScripts, helpers/labels.py (id, name, train id, colour).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from segstudio.core.classes import IGNORE, ClassTable
from segstudio.errors import FormatError
from segstudio.formats.dataset import HELD_OUT, DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import ImageFinder
from segstudio.formats.masks import codec
from segstudio.formats.masks.label_map import LabelMap

# Train id (or -), name and colour, in order of label id from 0.
_TABLE: Final = """
- unlabeled 0,0,0
- ego_vehicle 0,0,0
- rectification_border 0,0,0
- out_of_roi 0,0,0
- static 0,0,0
- dynamic 111,74,0
- ground 81,0,81
0 road 128,64,128
1 sidewalk 244,35,232
- parking 250,170,160
- rail_track 230,150,140
2 building 70,70,70
3 wall 102,102,156
4 fence 190,153,153
- guard_rail 180,165,180
- bridge 150,100,100
- tunnel 150,120,90
5 pole 153,153,153
- polegroup 153,153,153
6 traffic_light 250,170,30
7 traffic_sign 220,220,0
8 vegetation 107,142,35
9 terrain 152,251,152
10 sky 70,130,180
11 person 220,20,60
12 rider 255,0,0
13 car 0,0,142
14 truck 0,0,70
15 bus 0,60,100
- caravan 0,0,90
- trailer 0,0,110
16 train 0,80,100
17 motorcycle 0,0,230
18 bicycle 119,11,32
"""
_COLUMNS: Final = _TABLE.split()
_TRAIN_IDS: Final = [None if text == "-" else int(text) for text in _COLUMNS[::3]]
_ROWS: Final = [
    (name.replace("_", " "), tuple(int(value) for value in colour.split(",")))
    for name, colour in zip(_COLUMNS[1::3], _COLUMNS[2::3], strict=True)
]
_KINDS: Final = ("instanceIds", "labelIds", "labelTrainIds")  # the most informative first
_OBJECT_FACTOR: Final = 1000  # instanceIds store label id x 1000 + number where objects are distinguished


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not Cityscapes, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    return None if _find_files(root) else "it has no gtFine/*/*/*_{instanceIds,labelIds,labelTrainIds}.png"


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    """By `options.ids` the 19 train ids or all 34 label ids. Raises FormatError for any other."""
    if options.ids not in ("trainIds", "labelIds"):
        raise FormatError(root, f"can be read by trainIds or labelIds, not {options.ids!r}", "choose one of the two")
    image_folder = root / "leftImg8bit" if (root / "leftImg8bit").is_dir() else root
    images = ImageFinder(options.images or image_folder)
    files = _find_files(root)
    entries = [DatasetEntry(name, partial(_read, paths, images, options.ids)) for name, paths in files.items()]
    held_out = frozenset(name for name in files if name.split("/")[0] in HELD_OUT)
    note = (
        "labels were read by train id: 19 classes, all others ignored"
        if options.ids == "trainIds"
        else "labels were read by label id: 34 classes"
    )
    return DatasetReader(_build_class_table(options.ids), "ignore", entries, held_out or None, (note,))


def _build_class_table(ids: str) -> ClassTable:
    table = ClassTable(())
    for (name, (red, green, blue)), train_id in zip(_ROWS, _TRAIN_IDS, strict=True):
        if ids == "labelIds" or train_id is not None:
            table = table.with_added(name, (red, green, blue))
    return table


def _find_files(root: Path) -> dict[str, dict[str, Path]]:
    """The files of each kind, by split/city/image."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(root.glob("gt*/*/*/*_gt*.png")):
        stem, _, kind = path.stem.rpartition("_")
        if kind in _KINDS:
            image = stem.rpartition("_")[0]
            found.setdefault(f"{path.parent.parent.name}/{path.parent.name}/{image}", {})[kind] = path
    return found


def _read(paths: dict[str, Path], images: ImageFinder, ids: str) -> ImportedImage:
    """Reads the most informative of the files."""
    kind = next(kind for kind in _KINDS if kind in paths)
    path = paths[kind]
    stem = path.stem.rpartition("_gt")[0]
    image, _ = images.find(f"{stem}_leftImg8bit.png", path.parent.parent.name, path)
    mask, notes = codec.fit_to_image(codec.read_mask(path), image)
    plane = mask.plane
    objects = None
    if kind == "instanceIds":
        objects = np.where(plane >= _OBJECT_FACTOR, plane, 0).astype(np.int32)
        plane = np.where(plane >= _OBJECT_FACTOR, plane // _OBJECT_FACTOR, plane)
    table = _build_class_table(ids)
    meaning = LabelMap(table, _map_values(kind, ids))
    labels = codec.to_labels(codec.MaskFile(path, plane, mask.coloured), meaning)
    return ImportedImage(image, codec.build_annotation(labels, table, objects), notes)


def _map_values(kind: str, ids: str) -> dict[int, int]:
    """From the values in a file to class ids; -1 and 255 are ignored."""
    ignored = {-1: IGNORE, IGNORE: IGNORE, 65535: IGNORE}
    if kind == "labelTrainIds":
        label_ids = {train: label for label, train in enumerate(_TRAIN_IDS) if train is not None}
        return (label_ids if ids == "labelIds" else {train: train for train in label_ids}) | ignored
    if ids == "labelIds":
        return {label: label for label in range(len(_TRAIN_IDS))} | ignored
    return {label: IGNORE if train is None else train for label, train in enumerate(_TRAIN_IDS)} | ignored
