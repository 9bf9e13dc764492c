"""CVAT XML."""

from __future__ import annotations

from pathlib import Path

import pytest

from segstudio.formats.dataset import ReadOptions
from segstudio.formats.registry import detect
from tests.formats import samples
from tests.formats.samples import HEIGHT, WIDTH, rasterise_classes, read_first


def test_every_shape_is_read_in_z_order(tmp_path: Path) -> None:
    samples.make_image(tmp_path / "a.jpg")
    samples.write_text(
        tmp_path / "annotations.xml",
        f"""<annotations><image id="0" name="a.jpg" width="{WIDTH}" height="{HEIGHT}">
        <polygon label="top" points="5,5;14,5;14,14;5,14" z_order="5" group_id="3"/>
        <box label="under" xtl="0" ytl="0" xbr="20" ybr="20" z_order="1"/>
        <box label="turned" xtl="30" ytl="10" xbr="40" ybr="14" rotation="90"/>
        <ellipse label="round" cx="30" cy="30" rx="6" ry="4"/>
        <polyline label="line" points="1,30;9,30"/><points label="dots" points="3,3;4,4"/>
        <cuboid label="c" xtl1="1"/><tag label="sunny"/></image></annotations>""",
    )
    imported = read_first(tmp_path)
    kinds = [(shape.label, shape.kind) for shape in imported.annotation.shapes]
    assert kinds[-2:] == [("under", "rectangle"), ("top", "polygon")]
    assert ("turned", "oriented_rectangle") in kinds
    assert ("line", "linestrip") in kinds
    assert imported.annotation.shapes[-1].group_id == 3
    found = rasterise_classes(imported, "under", "top")
    assert (found[0:5, 0:20] == 1).all()
    assert not found[20, 0:20].any(), "a box from 0 to 20 covers 20 pixels"
    assert len([note for note in imported.notes if "left out" in note]) == 2
    assert any("ellipse" in note for note in imported.notes)


def test_an_entity_bomb_is_refused_before_it_is_expanded(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><annotations>&b;</annotations>'
    samples.write_text(tmp_path / "annotations.xml", bomb)
    found = detect(tmp_path, ReadOptions(), "cvat")
    assert "declares entities" in found.declined["cvat"]


@pytest.mark.parametrize(("left", "top"), [(-1, 0), (0, -1), (WIDTH - 3, 0), (0, HEIGHT - 1)])
def test_a_mask_that_leaves_the_image_is_left_out_with_a_note(left: int, top: int, tmp_path: Path) -> None:
    samples.make_image(tmp_path / "a.jpg")
    samples.write_text(
        tmp_path / "annotations.xml",
        f"""<annotations><image id="0" name="a.jpg" width="{WIDTH}" height="{HEIGHT}">
        <mask label="cat" rle="0,8" left="{left}" top="{top}" width="4" height="2"/></image></annotations>""",
    )
    imported = read_first(tmp_path)
    assert not imported.annotation.shapes
    assert imported.notes == (f"<mask> 1 was left out (its mask at {left},{top} of 4 x 2 leaves the image)",)
