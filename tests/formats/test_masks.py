"""Reading and encoding mask images, and class lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise
from segstudio.errors import FormatError
from segstudio.formats import class_list
from segstudio.formats.masks import codec
from segstudio.formats.masks.label_map import LabelMap

TABLE = ClassTable.from_names(["_background_", "a", "b"])


def test_an_index_png_keeps_every_number_and_has_the_voc_colours(tmp_path: Path) -> None:
    plane = np.arange(256, dtype=np.uint8).reshape(16, 16)
    (tmp_path / "a.png").write_bytes(codec.encode_index_png(plane))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        assert (np.asarray(image) == plane).all()
        assert image.getpalette()[3:6] == [128, 0, 0]
    assert (codec.read_mask(tmp_path / "a.png").plane == plane).all()


def test_more_than_255_instances_are_written_in_16_bits(tmp_path: Path) -> None:
    plane = np.arange(400, dtype=np.int32).reshape(20, 20)
    png, wide = codec.encode_instance_png(plane)
    (tmp_path / "a.png").write_bytes(png)
    assert wide
    assert (codec.read_mask(tmp_path / "a.png").plane == plane).all()
    assert codec.encode_instance_png(plane % 256)[1] is False


def test_index_masks_become_shapes_with_the_same_pixels(tmp_path: Path) -> None:
    plane = np.random.default_rng(0).choice([0, 1, 2, 255], (300, 280)).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(codec.encode_index_png(plane))
    labels = codec.to_labels(codec.read_mask(tmp_path / "a.png"), LabelMap.from_table(TABLE))
    annotation = codec.build_annotation(labels, TABLE)
    again = rasterise(annotation, TABLE)
    assert (again[plane != 0] == plane[plane != 0]).all()
    assert [shape.label for shape in annotation.shapes] == ["a", "b", "__ignore__"]


def test_a_class_0_that_is_not_background_gets_a_shape_and_255_alone_means_class_1(tmp_path: Path) -> None:
    table = ClassTable.from_names(["membrane", "cell"])
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "a.png")
    labels = codec.to_labels(codec.read_mask(tmp_path / "a.png"), LabelMap.from_table(table), binary=True)
    assert labels.tolist() == [[0, 1]]
    assert [shape.label for shape in codec.build_annotation(labels, table).shapes] == ["membrane", "cell"]


def test_undeclared_values_are_counted_and_refused(tmp_path: Path) -> None:
    plane = np.zeros((10, 10), np.int32)
    plane[0, :3] = 7
    with pytest.raises(FormatError, match="3 pixels of value 7"):
        codec.to_labels(codec.MaskFile(tmp_path / "a.png", plane), LabelMap.from_table(TABLE))


def test_lossy_and_colour_masks_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9, 3), (1, 2, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(FormatError, match=r"81 pixels of 1 undeclared colours: \(1,2,3\)"):
        codec.to_labels(codec.read_mask(tmp_path / "a.png"), LabelMap.from_table(TABLE))
    with pytest.raises(FormatError, match="lossy"):
        codec.read_mask(tmp_path / "a.jpg")


def test_class_lists_are_written_as_labelme_and_voc_write_them(tmp_path: Path) -> None:
    assert class_list.format_labels_txt(TABLE) == "__ignore__\n_background_\na\nb\n"
    assert class_list.format_class_names_txt(TABLE) == "_background_\na\nb"
    assert "a:128,0,0::" in class_list.format_labelmap_txt(TABLE).splitlines()
    (tmp_path / "labels.txt").write_text("\ufeff" + class_list.format_labels_txt(TABLE) + "\n\n", "utf-8")
    assert class_list.read(tmp_path / "labels.txt").names == TABLE.names


def test_a_class_list_with_a_repeated_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("_background_\na\na\n")
    with pytest.raises(FormatError, match="already"):
        class_list.read(tmp_path / "labels.txt")
