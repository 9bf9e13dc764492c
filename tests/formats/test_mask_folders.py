"""Folders of mask images beside images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.classes import IGNORE
from segstudio.core.raster import rasterise
from segstudio.errors import FormatError, SegstudioError
from segstudio.formats.dataset import ReadOptions
from segstudio.formats.registry import open_dataset
from tests.formats import samples
from tests.formats.layouts import (
    make_masks,
    png,
    square,
)
from tests.formats.samples import HEIGHT, WIDTH, open_path, rasterise_classes, read_first


def test_undeclared_colours_in_a_folder_are_counted_and_refused(tmp_path: Path) -> None:
    make_masks(tmp_path)
    colours = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    colours[0, :7] = (1, 2, 3)
    png(tmp_path / "masks" / "a_mask.png", colours)
    (tmp_path / "classes.txt").unlink()
    samples.write_text(tmp_path / "labelmap.txt", "background:0,0,0::\ncat:9,8,7::\n")
    with pytest.raises(FormatError, match=r"7 pixels of 1 undeclared colours: \(1,2,3\)"):
        read_first(tmp_path)


def test_a_palette_of_declared_colours_is_read_by_colour_and_any_other_by_number(tmp_path: Path) -> None:
    make_masks(tmp_path)
    (tmp_path / "classes.txt").unlink()
    samples.write_text(tmp_path / "labelmap.txt", "background:0,0,0::\ndog:50,50,50::\ncat:9,8,7::\n")
    png(tmp_path / "masks" / "a_mask.png", square(), [0, 0, 0, 9, 8, 7])
    assert (rasterise_classes(read_first(tmp_path), "dog", "cat") == 2 * square()).all()
    png(tmp_path / "masks" / "a_mask.png", square(), [0, 0, 0, 1, 1, 1])
    assert (rasterise_classes(read_first(tmp_path), "dog", "cat") == square()).all()


def test_lossy_masks_are_refused_with_a_pixel_count_or_snapped_if_the_option_is_set(tmp_path: Path) -> None:
    make_masks(tmp_path)
    (tmp_path / "masks" / "a_mask.png").unlink()
    Image.fromarray(square() * 255).save(tmp_path / "masks" / "a_mask.jpg", quality=30)
    with Image.open(tmp_path / "masks" / "a_mask.jpg") as image:
        strays = int((~np.isin(np.asarray(image), (0, 255))).sum())
    assert strays > 0
    with pytest.raises(FormatError, match=f"{strays} of its 2000 pixels.*--snap"):
        read_first(tmp_path)
    imported = read_first(tmp_path, snap=True)
    assert (rasterise_classes(imported, "cat") == square()).mean() > 0.99
    assert f"{strays} pixels" in imported.notes[0]


def test_16_bit_masks_without_classes_are_objects(tmp_path: Path) -> None:
    samples.make_image(tmp_path / "images" / "a.jpg")
    numbers = np.zeros((HEIGHT, WIDTH), np.uint16)
    numbers[2, 3], numbers[10:20, 10:20], numbers[30:35] = 1, 700, 65_535
    png(tmp_path / "masks" / "a.png", numbers)
    imported = read_first(tmp_path)
    assert [shape.instance for shape in imported.annotation.shapes] == [1, 700, 65_535]
    assert (rasterise_classes(imported, "object") == (numbers > 0)).all()


def test_masks_of_another_size_than_the_image_are_refused(tmp_path: Path) -> None:
    make_masks(tmp_path)
    png(tmp_path / "masks" / "a_mask.png", square().T.copy())
    with pytest.raises(SegstudioError, match="is 40x50 but the image is 50x40"):
        read_first(tmp_path)


def test_subsets_in_folders_are_read_and_images_without_labels_are_listed(tmp_path: Path) -> None:
    for split, names in (("train", "ab"), ("val", "c")):
        for name in names:
            samples.make_image(tmp_path / split / "images" / f"{name}.png")
            png(tmp_path / split / "masks" / f"{name}_mask.png", square())
    samples.make_image(tmp_path / "train" / "images" / "lone.png")
    samples.write_text(tmp_path / "classes.txt", "_background_\ncat\n")
    _, dataset = open_path(tmp_path)
    assert [entry.name for entry in dataset.entries] == ["train/a", "train/b", "val/c"]
    assert dataset.held_out == {"val/c"}
    assert any("1 images have no labels and were left out: lone" in note for note in dataset.notes)
    for folder in ("images", "masks"):
        for split in ("train", "val"):
            (tmp_path / "turned" / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / split / folder).rename(tmp_path / "turned" / folder / split)
    assert open_path(tmp_path / "turned", "masks")[1].held_out == {"val/c"}


def test_blurred_binary_masks_are_refused_with_a_pixel_count_or_snapped_if_the_option_is_set(tmp_path: Path) -> None:
    make_masks(tmp_path)
    (tmp_path / "classes.txt").unlink()
    blurred = square() * 255
    blurred[4, 5:15] = np.arange(20, 220, 20)
    png(tmp_path / "masks" / "a_mask.png", blurred)
    with pytest.raises(FormatError, match=r"10 pixels of value.*--snap"):
        read_first(tmp_path)
    assert (rasterise_classes(read_first(tmp_path, snap=True), "foreground")[5:] == square()[5:]).all()


def test_the_content_of_masks_is_detected_or_set_by_an_option(tmp_path: Path) -> None:
    make_masks(tmp_path)
    (tmp_path / "classes.txt").unlink()
    png(tmp_path / "masks" / "a_mask.png", square().astype(np.uint16) * 2)
    _, dataset = open_path(tmp_path)
    assert dataset.table.names == ["_background_", "object"]
    assert "object numbers" in dataset.notes[0]
    _, dataset = open_path(tmp_path, masks="index")
    assert dataset.table.names == ["_background_", "class_1", "class_2"]


def test_gray_masks_stored_as_rgb_are_read_as_numbers(tmp_path: Path) -> None:
    make_masks(tmp_path)
    png(tmp_path / "masks" / "a_mask.png", np.repeat(square()[..., None], 3, axis=2))
    assert (rasterise_classes(read_first(tmp_path), "cat") == square()).all()


def test_a_depth_map_in_place_of_a_mask_is_refused(tmp_path: Path) -> None:
    samples.make_image(tmp_path / "images" / "a.png", 200, 200)
    noise = np.random.default_rng(0).integers(0, 65536, (200, 200), dtype=np.uint16)
    png(tmp_path / "masks" / "a.png", noise)
    with pytest.raises(FormatError, match=r"a: cannot be read .*depth map"):
        read_first(tmp_path)


def test_255_is_ignored_if_any_mask_of_the_folder_contains_1(tmp_path: Path) -> None:
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    (tmp_path / "classes.txt").write_text("_background_\na\n")
    for name, values in (("x", [0, 255]), ("y", [0, 1, 255])):
        plane = np.array([values], np.uint8)
        Image.fromarray(plane).save(tmp_path / "labels" / f"{name}.png")
        Image.fromarray(plane).save(tmp_path / "images" / f"{name}.png")
    _, dataset = open_dataset(tmp_path, ReadOptions())
    assert dataset.entries[0].read().annotation.labels == ["__ignore__"]


def test_isbi_is_read_with_its_classes_and_its_split(shared: Path) -> None:
    name, dataset = open_dataset(shared / "isbi2012", ReadOptions())
    assert name == "masks"
    assert dataset.table.names == ["membrane", "cell"]
    assert len(dataset.entries) == 30
    assert len(dataset.held_out) == 6
    annotation = dataset.entries[0].read().annotation
    with Image.open(shared / "isbi2012" / "train" / "labels" / f"{dataset.entries[0].name}.png") as image:
        truth = (np.asarray(image) == 255).astype(np.uint8)
    assert (rasterise(annotation, dataset.table) == truth).all()
    assert IGNORE not in rasterise(annotation, dataset.table)
