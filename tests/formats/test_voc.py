"""PASCAL VOC folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.colours import build_voc_palette
from segstudio.errors import SegstudioError
from tests.formats import samples
from tests.formats.layouts import (
    make_voc,
    png,
    square,
)
from tests.formats.samples import open_path, rasterise_classes, read_first


@pytest.mark.parametrize(
    ("lowest", "note", "expected"), [(1, "counted from 1, as VOC", 4), (0, "counted from 0, because", 5)]
)
def test_a_note_says_from_which_number_boxes_are_counted(lowest: int, note: str, expected: int, tmp_path: Path) -> None:
    samples.make_image(tmp_path / "JPEGImages" / "a.jpg")
    boxes = "".join(
        f"<object><name>cat</name><bndbox><xmin>{x}</xmin><ymin>{y}</ymin><xmax>{x + 9}</xmax><ymax>{y + 9}</ymax>"
        "</bndbox></object>"
        for x, y in ((5, 5), (30, lowest))
    )
    samples.write_text(
        tmp_path / "Annotations" / "a.xml", f"<annotation><filename>a.jpg</filename>{boxes}</annotation>"
    )
    _, dataset = open_path(tmp_path)
    assert any(note in each for each in dataset.notes)
    found = rasterise_classes(dataset.entries[0].read(), "cat")
    assert found[expected : expected + 10, expected : expected + 10].all()
    assert not found[expected - 1, expected]
    again = open_path(tmp_path, first_pixel=0)[1].entries[0].read()
    assert rasterise_classes(again, "cat")[5:15, 5:15].all()


def test_objects_keep_their_numbers_and_colours_are_read_by_the_label_map(tmp_path: Path) -> None:
    make_voc(tmp_path)
    numbers = np.where(square() == 1, 300, 0).astype(np.uint16)
    numbers[8:15, 5:15] = 7
    png(tmp_path / "SegmentationObject" / "a.png", numbers)
    shapes = read_first(tmp_path).annotation.shapes
    assert [(shape.label, shape.instance) for shape in shapes] == [("cat", 7), ("cat", 300)]
    colours = np.where((square() == 1)[..., None], (9, 8, 7), (0, 0, 0)).astype(np.uint8)
    png(tmp_path / "SegmentationClass" / "a.png", colours)
    samples.write_text(tmp_path / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:9,8,7::\n")
    assert (rasterise_classes(read_first(tmp_path), "cat") == square()).all()


def test_numbers_in_the_voc_palette_are_read_as_numbers_whatever_colours_the_label_map_gives(tmp_path: Path) -> None:
    """The palette is for display; a label map in other colours must not swap classes."""
    make_voc(tmp_path)
    (tmp_path / "class_names.txt").unlink()
    samples.write_text(tmp_path / "labelmap.txt", "background:0,0,0::\ncat:0,128,0::\ndog:128,0,0::\n")
    image = Image.fromarray(square())
    image.putpalette(build_voc_palette().tobytes())
    image.save(tmp_path / "SegmentationClass" / "a.png")
    assert (rasterise_classes(read_first(tmp_path), "cat", "dog") == square()).all()


def test_a_mask_is_never_taken_for_its_own_image(tmp_path: Path) -> None:
    make_voc(tmp_path)
    (tmp_path / "JPEGImages" / "a.jpg").unlink()
    with pytest.raises(SegstudioError, match="has no image a below"):
        read_first(tmp_path)


def test_an_image_is_completely_labelled_by_a_mask_or_by_boxes_but_not_without_them(tmp_path: Path) -> None:
    make_voc(tmp_path / "masks")
    assert read_first(tmp_path / "masks").complete
    samples.make_image(tmp_path / "boxes" / "JPEGImages" / "a.jpg")
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    for content, complete in ((f"<object><name>cat</name>{box}</object>", True), ("", False)):
        samples.write_text(tmp_path / "boxes" / "Annotations" / "a.xml", f"<annotation>{content}</annotation>")
        assert read_first(tmp_path / "boxes").complete == complete
