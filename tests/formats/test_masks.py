"""Mask images, class lists, and the finding of sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.raster import rasterise
from segstudio.errors import FileError, FormatError, SegstudioError
from segstudio.formats import class_list
from segstudio.formats.dataset import ReadOptions
from segstudio.formats.masks import codec as masks
from segstudio.formats.masks.label_map import LabelMap
from segstudio.formats.registry import open_dataset

TABLE = ClassTable.from_names(["_background_", "a", "b"])


def test_an_index_png_keeps_every_number_and_has_vocs_colours(tmp_path: Path) -> None:
    plane = np.arange(256, dtype=np.uint8).reshape(16, 16)
    (tmp_path / "a.png").write_bytes(masks.encode_index_png(plane))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        assert (np.asarray(image) == plane).all()
        assert image.getpalette()[3:6] == [128, 0, 0]
    assert (masks.read_mask(tmp_path / "a.png").plane == plane).all()


def test_more_than_255_instances_go_to_16_bits(tmp_path: Path) -> None:
    plane = np.arange(400, dtype=np.int32).reshape(20, 20)
    png, wide = masks.encode_instance_png(plane)
    (tmp_path / "a.png").write_bytes(png)
    assert wide
    assert (masks.read_mask(tmp_path / "a.png").plane == plane).all()
    assert masks.encode_instance_png(plane % 256)[1] is False


def test_index_masks_become_shapes_with_the_same_pixels(tmp_path: Path) -> None:
    plane = np.random.default_rng(0).choice([0, 1, 2, 255], (300, 280)).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(masks.encode_index_png(plane))
    labels = masks.to_labels(masks.read_mask(tmp_path / "a.png"), LabelMap.of(TABLE))
    annotation = masks.annotation_of(labels, TABLE)
    again = rasterise(annotation, TABLE)
    assert (again[plane != 0] == plane[plane != 0]).all()
    assert [shape.label for shape in annotation.shapes] == ["a", "b", "__ignore__"]


def test_a_class_0_that_is_a_thing_gets_a_shape_and_255_alone_means_class_1(tmp_path: Path) -> None:
    table = ClassTable.from_names(["membrane", "cell"])
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "a.png")
    labels = masks.to_labels(masks.read_mask(tmp_path / "a.png"), LabelMap.of(table), binary=True)
    assert labels.tolist() == [[0, 1]]
    assert [shape.label for shape in masks.annotation_of(labels, table).shapes] == ["membrane", "cell"]


def test_255_is_ignored_as_soon_as_one_mask_of_the_folder_holds_1(tmp_path: Path) -> None:
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    (tmp_path / "classes.txt").write_text("_background_\na\n")
    for name, values in (("x", [0, 255]), ("y", [0, 1, 255])):
        plane = np.array([values], np.uint8)
        Image.fromarray(plane).save(tmp_path / "labels" / f"{name}.png")
        Image.fromarray(plane).save(tmp_path / "images" / f"{name}.png")
    _, source = open_dataset(tmp_path, ReadOptions())
    assert source.entries[0].read().annotation.labels == ["__ignore__"]


def test_one_bad_entry_does_not_end_the_import(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text('{"shapes": [], "imageHeight": 9, "imageWidth": 9}')
    Image.new("L", (9, 9)).save(tmp_path / "b.png")
    (tmp_path / "_meta.json").write_text("{}")
    name, source = open_dataset(tmp_path, ReadOptions())
    assert name == "labelme"
    read = {entry.name: entry for entry in source.entries}
    assert read["b"].read().image.name == "b.png"
    for broken in ("a", "_meta"):
        with pytest.raises(FileError):
            read[broken].read()


def test_undeclared_values_are_counted_and_refused(tmp_path: Path) -> None:
    plane = np.zeros((10, 10), np.int32)
    plane[0, :3] = 7
    with pytest.raises(FormatError, match="3 pixels of value 7"):
        masks.to_labels(masks.MaskFile(tmp_path / "a.png", plane), LabelMap.of(TABLE))


def test_lossy_and_colour_masks_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9, 3), (1, 2, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(FormatError, match=r"81 pixels of 1 undeclared colours: \(1,2,3\)"):
        masks.to_labels(masks.read_mask(tmp_path / "a.png"), LabelMap.of(TABLE))
    with pytest.raises(FormatError, match="lossy"):
        masks.read_mask(tmp_path / "a.jpg")


def test_class_lists_are_written_as_labelme_and_voc_have_them(tmp_path: Path) -> None:
    assert class_list.labels_txt(TABLE) == "__ignore__\n_background_\na\nb\n"
    assert class_list.class_names_txt(TABLE) == "_background_\na\nb"
    assert "a:128,0,0::" in class_list.labelmap_txt(TABLE).splitlines()
    (tmp_path / "labels.txt").write_text("\ufeff" + class_list.labels_txt(TABLE) + "\n\n", "utf-8")
    assert class_list.read(tmp_path / "labels.txt").names == TABLE.names


def test_a_list_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("_background_\na\na\n")
    with pytest.raises(FormatError, match="already"):
        class_list.read(tmp_path / "labels.txt")


def test_a_source_that_nobody_reads_says_why_each_declined(tmp_path: Path) -> None:
    with pytest.raises(SegstudioError) as caught:
        open_dataset(tmp_path, ReadOptions())
    assert "not labelme: it has no .json files" in str(caught.value)
    assert "not masks:" in str(caught.value)


def test_isbi_is_found_with_its_classes_and_its_split(shared: Path) -> None:
    name, source = open_dataset(shared / "isbi2012", ReadOptions())
    assert name == "masks"
    assert source.table.names == ["membrane", "cell"]
    assert len(source.entries) == 30
    assert len(source.held_out) == 6
    annotation = source.entries[0].read().annotation
    with Image.open(shared / "isbi2012" / "train" / "labels" / f"{source.entries[0].name}.png") as image:
        truth = (np.asarray(image) == 255).astype(np.uint8)
    assert (rasterise(annotation, source.table) == truth).all()
    assert IGNORE not in rasterise(annotation, source.table)
