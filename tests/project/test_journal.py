"""The recovery journal: what is written aside comes back, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import ClassTable
from segstudio.core.shape import MASK, Shape
from segstudio.events import Problem
from segstudio.project import journal
from segstudio.project.item import Item
from segstudio.project.store import save

TABLE = ClassTable.from_names(["_background_", "car"])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def item(tmp_path: Path) -> Item:
    path = tmp_path / "p" / "été 1.png"
    path.parent.mkdir()
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(path)
    return Item("été 1.png", path, path.with_suffix(".json"))


def left(folder: Path, items: list[Item]) -> list:
    """What the next session finds."""
    journal.set_aside(folder)
    return list(journal.entries(folder, items))


def drawn() -> Annotation:
    mask = np.zeros((40, 60), bool)
    mask[5:20, 7:30] = True
    mask[9, 9] = False
    return Annotation(40, 60, (Shape("car", MASK, bitmap=Bitmap.from_array(mask)),), extra={"mine": [1, 2]})


def test_an_entry_comes_back_as_it_was(item: Item) -> None:
    folder = item.image.parent
    journal.put(folder, item, drawn(), TABLE)
    (entry,) = left(folder, [item])
    assert entry.item == item
    assert entry.annotation.shapes == drawn().shapes
    assert entry.annotation.extra["mine"] == [1, 2]
    journal.remove(folder, item)
    assert not list(left(folder, [item]))


def test_an_entry_that_says_what_the_file_says_is_cleared_away(item: Item) -> None:
    folder = item.image.parent
    path = journal.put(folder, item, drawn(), TABLE)
    save(item, drawn(), TABLE, None)
    assert left(folder, [item]) == []
    assert not (path.parent / "left" / path.name).exists()


def test_a_broken_entry_is_named_and_the_rest_goes_on(item: Item) -> None:
    folder = item.image.parent
    path = journal.put(folder, item, drawn(), TABLE)
    path.with_name("0.json").write_text("{ broken")
    found = list(left(folder, [item]))
    assert {type(each) for each in found} == {Problem, journal.Entry}
    assert "delete it" in str(next(each for each in found if isinstance(each, Problem)))


def test_the_entry_of_a_image_that_is_gone_is_kept(item: Item) -> None:
    path = journal.put(item.image.parent, item, drawn(), TABLE)
    assert not left(item.image.parent, [])
    assert (path.parent / "left" / path.name).exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights are another matter on Windows")
def test_where_the_project_cannot_be_written_the_users_cache_is(item: Item, cache: Path) -> None:
    folder = item.image.parent
    (folder / ".segstudio").write_text("a file where a folder should be")
    path = journal.put(folder, item, drawn(), TABLE)
    assert cache in path.parents
    (entry,) = left(folder, [item])
    assert entry.annotation.shapes == drawn().shapes


def test_what_was_left_is_not_written_over_by_what_comes(item: Item) -> None:
    folder = item.image.parent
    journal.put(folder, item, drawn(), TABLE)
    journal.set_aside(folder)
    journal.put(folder, item, Annotation(40, 60), TABLE)
    (entry,) = journal.entries(folder, [item])
    assert entry.annotation.shapes == drawn().shapes


def test_an_entry_older_than_its_file_says_so_and_one_of_a_broken_file_has_no_stamp(item: Item) -> None:
    folder = item.image.parent
    path = journal.put(folder, item, drawn(), TABLE)
    os.utime(path, (1, 1))
    save(item, Annotation(40, 60), TABLE, None)
    (entry,) = left(folder, [item])
    assert entry.older
    item.annotation_path.write_text("{ broken")
    (entry,) = left(folder, [item])
    assert entry.stamp is None
