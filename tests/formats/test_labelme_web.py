"""XML of the LabelMe web tool."""

from __future__ import annotations

from pathlib import Path

from tests.formats.samples import read_first


def test_a_labelme_web_mask_covers_the_painted_pixels(shared: Path) -> None:
    root = shared / "interop" / "datumaro_assets" / "labelme_dataset"
    imported = read_first(root)
    masks = [shape for shape in imported.annotation.shapes if shape.kind == "mask"]
    assert [shape.bitmap.count for shape in masks] == [10, 130]
