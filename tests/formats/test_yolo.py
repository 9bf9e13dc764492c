"""YOLO segmentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats import samples
from tests.formats.layouts import (
    make_yolo,
)
from tests.formats.samples import open_path


def test_missing_class_names_are_noted_and_pixel_coordinates_are_refused(tmp_path: Path) -> None:
    make_yolo(tmp_path)
    (tmp_path / "data.yaml").unlink()
    samples.write_text(tmp_path / "labels" / "val" / "a.txt", "0 5 5 14 5 14 14\n0 0.5 0.5 0.2 0.2\n9 0.1\n\n")
    _, dataset = open_path(tmp_path, "yolo")
    imported = dataset.entries[0].read()
    assert "by their numbers" in dataset.notes[0]
    assert [shape.kind for shape in imported.annotation.shapes] == ["rectangle"]
    assert "pixels, not fractions" in imported.notes[0]


@pytest.mark.parametrize(
    ("yaml", "names"),
    [
        ("names: [dog, 'a cat']", ["dog", "a cat"]),
        ('nc: 2\nnames:\n- dog\n- "it\'s"\n', ["dog", "it's"]),
        ("names:\n  0: dog  # a comment\n  1: cat\nval: x", ["dog", "cat"]),
        ("names: {0: dog, 1: 'it''s'}", ["dog", "it's"]),
    ],
)
def test_class_names_are_read_from_every_yaml_style(yaml: str, names: list[str], tmp_path: Path) -> None:
    make_yolo(tmp_path)
    samples.write_text(tmp_path / "data.yaml", yaml)
    assert open_path(tmp_path)[1].table.names[1:] == names


def test_images_without_a_text_file_are_background_and_data_yaml_names_the_validation_folder(tmp_path: Path) -> None:
    make_yolo(tmp_path)
    samples.make_image(tmp_path / "images" / "set2" / "b.jpg")
    samples.write_text(tmp_path / "data.yaml", "train: images/val\nval: images/set2\nnames: [dog, cat]\n")
    _, dataset = open_path(tmp_path)
    imported_images = {entry.name: entry.read() for entry in dataset.entries}
    assert imported_images["set2/b"].complete
    assert not imported_images["set2/b"].annotation.shapes
    assert "set2/b" in dataset.held_out
