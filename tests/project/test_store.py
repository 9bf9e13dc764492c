"""Labels on disk are not lost: unreadable files stay as they are, changes by others are noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segstudio.core.annotation import Annotation
from segstudio.errors import FileError
from segstudio.events import Problem
from segstudio.project.item import DONE, Item
from segstudio.project.relabel import Relabelled, relabel
from segstudio.project.store import load, save, stamp_of, status_of, with_status
from tests.project.items import CAR, TABLE, make_item


def test_an_image_without_a_file_has_an_empty_annotation_of_its_size(tmp_path: Path) -> None:
    stored = load(make_item(tmp_path))
    assert (stored.annotation, stored.stamp, stored.read_only) == (Annotation(30, 40), None, False)


def test_a_saved_annotation_is_loaded_again_and_its_image_path_is_relative_with_forward_slashes(tmp_path: Path) -> None:
    item = Item("a.png", make_item(tmp_path).image, tmp_path / "labels" / "a.json")
    stamp = save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    assert json.loads(item.annotation_path.read_text())["imagePath"] == "../a.png"
    assert load(item).annotation.shapes == (CAR,)
    assert load(item).stamp == stamp


@pytest.mark.parametrize("data", [b"{ broken", b"[]", b"\xff\xfe\x00", b""])
def test_an_unreadable_file_is_read_only_and_never_written_over(data: bytes, tmp_path: Path) -> None:
    item = make_item(tmp_path)
    item.annotation_path.write_bytes(data)
    stored = load(item)
    assert stored.read_only
    assert "a.json" in stored.problem
    with pytest.raises(FileError, match="changed by another program"):
        save(item, stored.annotation, TABLE, None)
    assert item.annotation_path.read_bytes() == data


def test_a_file_changed_by_another_program_is_not_written_over(tmp_path: Path) -> None:
    item = make_item(tmp_path)
    stamp = save(item, Annotation(30, 40), TABLE, None)
    item.annotation_path.write_text(item.annotation_path.read_text() + "\n")
    before = item.annotation_path.read_bytes()
    with pytest.raises(FileError, match="changed by another program"):
        save(item, Annotation(30, 40, (CAR,)), TABLE, stamp)
    assert item.annotation_path.read_bytes() == before


def test_the_status_is_kept_in_one_key_beside_everything_else(tmp_path: Path) -> None:
    annotation = with_status(Annotation(30, 40, extra={"segstudio": {"note": 1}, "other": 2}), DONE)
    item = make_item(tmp_path)
    save(item, annotation, TABLE, None)
    read = load(item).annotation
    assert status_of(read) == DONE
    assert read.extra["segstudio"] == {"note": 1, "status": DONE}
    assert read.extra["other"] == 2


def test_a_renamed_class_is_written_to_the_files(tmp_path: Path) -> None:
    items = [make_item(tmp_path, f"p{number}.png") for number in range(3)]
    for item in items[:2]:
        save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    items[2].annotation_path.write_text("{ broken")
    table = TABLE.with_renamed(1, "vehicle")
    events = list(relabel(items, table))
    assert sum(isinstance(event, Relabelled) for event in events) == 2
    before = stamp_of(items[0])
    assert not any(isinstance(event, Relabelled) for event in relabel(items, table)), "nothing is left to do"
    assert stamp_of(items[0]) == before
    assert [event.where for event in events if isinstance(event, Problem)] == ["p2.png"]
    assert load(items[0]).annotation.labels == ["vehicle"]
    assert stamp_of(items[2]) is not None
