"""A small dataset in the layout of every format that can be read: one image, one class `cat`, one square."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.formats import samples
from tests.formats.samples import HEIGHT, WIDTH

SQUARE = [[5.0, 5.0], [14.0, 5.0], [14.0, 14.0], [5.0, 14.0]]


def square() -> np.ndarray:
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    out[5:15, 5:15] = 1
    return out


def png(path: Path, values: np.ndarray, palette: list[int] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values)
    if palette:
        image.putpalette(palette)
    image.save(path)
    return path


def make_labelme(root: Path) -> None:
    samples.make_image(root / "a.jpg")
    shape = {"label": "cat", "points": SQUARE, "shape_type": "polygon"}
    samples.write_text(root / "a.json", json.dumps({"shapes": [shape], "imagePath": "a.jpg"}))


def make_isat(root: Path) -> None:
    samples.make_image(root / "a.jpg")
    objects = [
        {"category": "__background__", "segmentation": SQUARE, "layer": 2.0, "group": 1, "note": ""},
        {"category": "cat", "segmentation": [[0, 0], [30, 0], [30, 30], [0, 30]], "layer": 1.0, "group": 1},
    ]
    info = {"name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    samples.write_text(root / "a.json", json.dumps({"info": info, "objects": objects}))
    samples.write_text(
        root / "isat.yaml", "label:\n- color: '#000000'\n  name: __background__\n- color: '#f00'\n  name: cat\n"
    )


def make_eiseg(root: Path) -> None:
    samples.make_image(root / "a.jpg")
    record = {"name": "cat", "labelIdx": 1, "color": [255, 0, 0], "points": SQUARE}
    samples.write_text(root / "label" / "a.json", json.dumps([record]))


def make_coco(root: Path) -> None:
    samples.make_coco_json(root / "annotations" / "instances_val.json", [{"bbox": [5, 5, 10, 10]}])
    (root / "annotations" / "a.jpg").rename(root / "a.jpg")


def make_cvat(root: Path) -> None:
    samples.make_image(root / "images" / "a.jpg")
    runs = "5,10," + ",".join(["10,10"] * 9) + ",5"  # rows of 20: 5 outside, 10 inside, 5 outside
    samples.write_text(
        root / "annotations.xml",
        f"""<?xml version="1.0"?><annotations><meta><task><labels>
        <label><name>cat</name><color>#ff0000</color></label></labels></task></meta>
        <image id="0" name="a.jpg" width="{WIDTH}" height="{HEIGHT}">
        <mask label="cat" rle="{runs}" left="0" top="5" width="20" height="10" z_order="0"/></image></annotations>""",
    )


def make_labelme_web(root: Path) -> None:
    samples.make_image(root / "Images" / "set" / "a.jpg")
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in SQUARE)
    samples.write_text(
        root / "Annotations" / "set" / "a.xml",
        "<annotation><filename>a.jpg</filename><folder>set</folder>"
        f"<object><name>cat</name><deleted>0</deleted><polygon>{points}</polygon></object>"
        f"<object><name>deleted</name><deleted>1</deleted><polygon>{points}</polygon></object></annotation>",
    )


def make_voc(root: Path) -> None:
    samples.make_image(root / "JPEGImages" / "a.jpg")
    png(root / "SegmentationClass" / "a.png", square())
    samples.write_text(root / "class_names.txt", "_background_\ncat")
    samples.write_text(root / "ImageSets" / "Segmentation" / "val.txt", "a\n")


def make_cityscapes(root: Path) -> None:
    samples.make_image(root / "leftImg8bit" / "val" / "ulm" / "ulm_000001_leftImg8bit.png")
    ids = np.where(square() == 1, 26_001, 7).astype(np.uint16)
    png(root / "gtFine" / "val" / "ulm" / "ulm_000001_gtFine_instanceIds.png", ids)


def make_camvid(root: Path) -> None:
    samples.make_image(root / "val" / "a.png")
    colours = np.where((square() == 1)[..., None], (64, 0, 128), (128, 128, 128)).astype(np.uint8)
    png(root / "valannot" / "a.png", colours)


def make_yolo(root: Path) -> None:
    samples.make_image(root / "images" / "val" / "a.jpg")
    row = " ".join(f"{x / WIDTH:.9g} {y / HEIGHT:.9g}" for x, y in SQUARE)
    samples.write_text(root / "labels" / "val" / "a.txt", f"1 {row}\n")
    samples.write_text(root / "data.yaml", "path: .\nnames:\n  0: dog\n  1: 'cat'\n")


def make_masks(root: Path) -> None:
    samples.make_image(root / "images" / "a.jpg")
    png(root / "masks" / "a_mask.png", square())
    samples.write_text(root / "classes.txt", "_background_\ncat\n")


LAYOUTS = {
    "labelme": make_labelme,
    "isat": make_isat,
    "eiseg": make_eiseg,
    "coco": make_coco,
    "cvat": make_cvat,
    "labelme-web": make_labelme_web,
    "voc": make_voc,
    "cityscapes": make_cityscapes,
    "camvid": make_camvid,
    "yolo": make_yolo,
    "masks": make_masks,
}
