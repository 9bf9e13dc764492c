"""Reading datasets: every layout is detected, read exactly, and its faults are reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise
from segstudio.errors import FileError, FormatError, SegstudioError
from segstudio.formats.dataset import ReadOptions
from segstudio.formats.images import read_image
from segstudio.formats.registry import READERS, detect, explain_refusals, open_dataset
from tests.formats import samples
from tests.formats.layouts import (
    LAYOUTS,
    make_coco,
    make_labelme,
    png,
    square,
)
from tests.formats.samples import HEIGHT, WIDTH, open_path, rasterise_classes, read_first


def test_every_format_has_a_layout_to_test_with() -> None:
    assert set(LAYOUTS) == {reader.name for reader in READERS}


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_layout_is_detected_and_every_other_format_declines_it(name: str, tmp_path: Path) -> None:
    LAYOUTS[name](tmp_path)
    found = detect(tmp_path, ReadOptions())
    assert found.reader is not None
    assert found.reader.name == name
    for reader in READERS:
        reason = reader.reason_not(tmp_path, ReadOptions())
        assert (reason is None) == (reader.name == name) or {name, reader.name} <= {"voc", "masks"}, reader.name


@pytest.mark.parametrize("name", sorted(set(LAYOUTS) - {"isat", "cityscapes", "camvid"}))
def test_each_layout_gives_the_same_square(name: str, tmp_path: Path) -> None:
    LAYOUTS[name](tmp_path)
    assert (rasterise_classes(read_first(tmp_path), "cat") == square()).all()


SHARED = [
    ("datumaro_assets/coco_dataset/coco", "coco", 2, 3),
    ("datumaro_assets/coco_dataset/coco_instances", "coco", 2, 3),
    ("datumaro_assets/coco_dataset/coco_person_keypoints", "coco", 2, 3),
    ("datumaro_assets/coco_dataset/coco_roboflow", "coco", 2, 3),
    ("datumaro_assets/coco_dataset/coco_stuff", "coco", 2, 2),
    ("datumaro_assets/coco_dataset/mmdet_coco", "coco", 2, 3),
    ("datumaro_assets/labelme_dataset", "labelme-web", 1, 7),
    ("datumaro_assets/cityscapes_dataset/dataset", "cityscapes", 4, 8),
    ("datumaro_assets/cityscapes_dataset/train_dataset", "cityscapes", 4, 9),
    ("datumaro_assets/voc_dataset/voc_dataset1", "voc", 1, 1),
    ("datumaro_assets/voc_dataset/voc_dataset3", "voc", 1, 1),
    ("datumaro_assets/camvid_dataset", "camvid", 4, 10),
    ("datumaro_assets/common_semantic_segmentation_dataset/dataset", "masks", 2, 4),
    ("datumaro_assets/common_semantic_segmentation_dataset/non_standard_dataset", "masks", 2, 5),
    ("isat_coco_tiny/isat", "isat", 5, 54),
    ("isat_coco_tiny/yolo", "yolo", 5, 61),
]


@pytest.mark.parametrize(("place", "name", "images", "shapes"), SHARED, ids=[row[0] for row in SHARED])
def test_real_datasets_are_read_completely(place: str, name: str, images: int, shapes: int, shared: Path) -> None:
    found, dataset = open_path(shared / "interop" / place)
    assert found == name
    shape_counts = [len(entry.read().annotation.shapes) for entry in dataset.entries]
    assert (len(shape_counts), sum(shape_counts)) == (images, shapes)


def test_the_same_images_in_isat_and_coco_agree(shared: Path) -> None:
    """The ISAT project redrew the objects, so their outlines are only similar to COCO's."""
    home = shared / "interop" / "isat_coco_tiny"
    table = ClassTable.from_names(["_background_", "person", "umbrella"])
    masks = []
    for path in (home / "isat", home / "coco_tiny.json"):
        images = (entry.read() for entry in open_path(path)[1].entries)
        annotation = next(each.annotation for each in images if each.image.name == "000000549930.jpg")
        masks.append(rasterise(annotation, table) == 1)
    assert (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum() > 0.85


@pytest.mark.parametrize("turn", [5, 6, 7, 8])
def test_labels_made_on_the_stored_rows_get_the_orientation_of_the_image(turn: int, tmp_path: Path) -> None:
    """Programs that ignore EXIF label the stored rows."""
    stored = np.zeros((HEIGHT, WIDTH), np.uint8)
    stored[3:12, 30:47] = 1
    stored[20:22, 2:9] = 1
    exif = Image.Exif()
    exif[0x0112] = turn
    for folder in ("coco", "masks/images"):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(stored * 255).save(tmp_path / folder / "a.jpg", quality=100, exif=exif)
    upright = read_image(tmp_path / "coco" / "a.jpg") > 128
    png(tmp_path / "masks" / "masks" / "a.png", stored)
    samples.write_text(tmp_path / "masks" / "classes.txt", "_background_\ncat\n")
    flat = np.concatenate([[0], np.flatnonzero(np.diff(stored.T.ravel())) + 1, [stored.size]])
    rle_record = {"segmentation": {"size": [HEIGHT, WIDTH], "counts": np.diff(flat).tolist()}}
    polygon_record = {"segmentation": [[30, 3, 47, 3, 47, 12, 30, 12], [2, 20, 9, 20, 9, 22, 2, 22]]}
    images = [{"id": 3, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}]
    for record in (rle_record, polygon_record):
        plain = {"images": images, "annotations": [{"id": 1, "image_id": 3, "category_id": 1, **record}]}
        samples.write_text(
            tmp_path / "coco" / "f.json", json.dumps({**plain, "categories": [{"id": 1, "name": "cat"}]})
        )
        imported = read_first(tmp_path / "coco")
        assert ((rasterise_classes(imported, "cat") == 1) == upright).all()
        assert "orientation was applied" in imported.notes[-1]
    imported = read_first(tmp_path / "masks")
    assert ((rasterise_classes(imported, "cat") == 1) == upright).all()
    assert "orientation was applied" in imported.notes[0]


def test_the_validation_images_can_be_listed_for_any_format(tmp_path: Path) -> None:
    make_labelme(tmp_path / "in")
    samples.write_text(tmp_path / "val.list", "a\n")
    assert open_path(tmp_path / "in", held_out=tmp_path / "val.list")[1].held_out == {"a"}
    samples.write_text(tmp_path / "val.list", "zzz\n")
    with pytest.raises(FormatError, match="names no image"):
        open_path(tmp_path / "in", held_out=tmp_path / "val.list")


def test_every_other_format_explains_why_it_is_not_used(tmp_path: Path) -> None:
    make_coco(tmp_path)
    found = detect(tmp_path, ReadOptions())
    reasons = explain_refusals(found, ReadOptions())
    assert set(reasons) == {reader.name for reader in READERS} - {"coco"}
    assert all(reasons.values())


def test_a_folder_that_no_format_reads_is_refused_with_every_reason(tmp_path: Path) -> None:
    with pytest.raises(SegstudioError) as caught:
        open_dataset(tmp_path, ReadOptions())
    assert "not labelme: it has no .json files" in str(caught.value)
    assert "not masks:" in str(caught.value)


def test_an_entry_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text('{"shapes": [], "imageHeight": 9, "imageWidth": 9}')
    Image.new("L", (9, 9)).save(tmp_path / "b.png")
    (tmp_path / "_meta.json").write_text("{}")
    name, dataset = open_dataset(tmp_path, ReadOptions())
    assert name == "labelme"
    read = {entry.name: entry for entry in dataset.entries}
    assert read["b"].read().image.name == "b.png"
    for broken in ("a", "_meta"):
        with pytest.raises(FileError):
            read[broken].read()
