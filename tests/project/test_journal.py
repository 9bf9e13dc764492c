"""The recovery journal: unsaved labels come back after a crash, and one window at a time holds it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
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


HOLD = """
import sys, time
from pathlib import Path
from segstudio.project.journal import JournalLock
lock = JournalLock()
print(lock.acquire(Path(sys.argv[1])), flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "cache"


@pytest.fixture
def item(tmp_path: Path) -> Item:
    path = tmp_path / "p" / "été 1.png"
    path.parent.mkdir()
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(path)
    return Item("été 1.png", path, path.with_suffix(".json"))


def found_next_time(folder: Path, items: list[Item]) -> list:
    """The entries and problems that the next session finds."""
    journal.set_aside(folder)
    return list(journal.read_entries(folder, items))


def drawn() -> Annotation:
    mask = np.zeros((40, 60), bool)
    mask[5:20, 7:30] = True
    mask[9, 9] = False
    return Annotation(40, 60, (Shape("car", MASK, bitmap=Bitmap.from_array(mask)),), extra={"mine": [1, 2]})


def test_an_entry_comes_back_as_it_was(item: Item) -> None:
    folder = item.image.parent
    assert not journal.has_journal(folder)
    assert list(folder.iterdir()) == [item.image], "asking creates nothing"
    journal.write_entry(folder, item, drawn(), TABLE)
    assert journal.has_journal(folder)
    (entry,) = found_next_time(folder, [item])
    assert entry.item == item
    assert entry.annotation.shapes == drawn().shapes
    assert entry.annotation.extra["mine"] == [1, 2]
    journal.remove_entry(folder, item)
    assert not list(found_next_time(folder, [item]))


def test_an_entry_equal_to_the_images_file_is_deleted(item: Item) -> None:
    folder = item.image.parent
    path = journal.write_entry(folder, item, drawn(), TABLE)
    save(item, drawn(), TABLE, None)
    assert found_next_time(folder, [item]) == []
    assert not (path.parent / "left" / path.name).exists()


def test_a_broken_entry_is_reported_and_the_others_are_read(item: Item) -> None:
    folder = item.image.parent
    path = journal.write_entry(folder, item, drawn(), TABLE)
    path.with_name("0.json").write_text("{ broken")
    found = list(found_next_time(folder, [item]))
    assert {type(each) for each in found} == {Problem, journal.JournalEntry}
    assert "delete it" in str(next(each for each in found if isinstance(each, Problem)))


def test_the_entry_of_an_image_that_is_gone_is_kept(item: Item) -> None:
    path = journal.write_entry(item.image.parent, item, drawn(), TABLE)
    assert not found_next_time(item.image.parent, [])
    assert (path.parent / "left" / path.name).exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other access rights")
def test_the_users_cache_is_used_where_the_project_cannot_be_written_to(item: Item, cache: Path) -> None:
    folder = item.image.parent
    (folder / ".segstudio").write_text("a file where a folder should be")
    path = journal.write_entry(folder, item, drawn(), TABLE)
    assert cache in path.parents
    (entry,) = found_next_time(folder, [item])
    assert entry.annotation.shapes == drawn().shapes


def test_an_entry_without_shapes_is_kept_while_the_images_file_cannot_be_read(item: Item) -> None:
    folder = item.image.parent
    journal.write_entry(folder, item, Annotation(40, 60), TABLE)
    item.annotation_path.write_text("{ broken")
    (entry,) = found_next_time(folder, [item])
    assert (entry.annotation.shapes, entry.stamp) == ((), None)


def test_an_entry_in_the_project_replaces_the_one_in_the_users_cache(item: Item) -> None:
    folder = item.image.parent
    blocker = folder / ".segstudio"
    blocker.write_text("a file where a folder should be")
    old = journal.write_entry(folder, item, drawn(), TABLE)
    blocker.unlink()
    new = journal.write_entry(folder, item, Annotation(40, 60), TABLE)
    assert folder in new.parents
    assert not old.exists()


def test_an_entry_set_aside_is_not_written_over_by_a_new_one(item: Item) -> None:
    folder = item.image.parent
    journal.write_entry(folder, item, drawn(), TABLE)
    journal.set_aside(folder)
    journal.write_entry(folder, item, Annotation(40, 60), TABLE)
    (entry,) = journal.read_entries(folder, [item])
    assert entry.annotation.shapes == drawn().shapes


def test_an_entry_older_than_its_file_is_marked_and_one_of_a_broken_file_has_no_stamp(item: Item) -> None:
    folder = item.image.parent
    path = journal.write_entry(folder, item, drawn(), TABLE)
    os.utime(path, (1, 1))
    save(item, Annotation(40, 60), TABLE, None)
    (entry,) = found_next_time(folder, [item])
    assert entry.older
    item.annotation_path.write_text("{ broken")
    (entry,) = found_next_time(folder, [item])
    assert entry.stamp is None


def test_an_entry_that_was_not_answered_survives_a_second_crash(item: Item) -> None:
    folder = item.image.parent
    journal.write_entry(folder, item, drawn(), TABLE)
    (first,) = found_next_time(folder, [item])
    journal.write_entry(folder, item, Annotation(40, 60, (Shape("car", "rectangle", ((1, 1), (9, 9))),)), TABLE)
    (second,) = found_next_time(folder, [item])
    assert [shape.kind for shape in second.annotation.shapes] == ["rectangle"], "the newest comes first"
    assert [entry.path for entry in found_next_time(folder, [item])] == [second.path]
    journal.remove_entry(folder, item)
    (again,) = found_next_time(folder, [item])
    assert again.annotation == first.annotation
    again.path.unlink()
    assert found_next_time(folder, [item]) == []


def test_one_window_at_a_time_holds_the_journal_of_a_project(tmp_path: Path) -> None:
    one, two = journal.JournalLock(), journal.JournalLock()
    for name in ("p", "q"):
        (tmp_path / name).mkdir()
    assert one.acquire(tmp_path / "p")
    assert one.acquire(tmp_path / "p"), "it holds it already"
    assert not two.acquire(tmp_path / "p")
    assert two.acquire(tmp_path / "q")
    assert (one.project, two.project) == (tmp_path / "p", tmp_path / "q")
    assert not one.acquire(tmp_path / "q")
    one.release()
    assert one.project is None
    assert not two.acquire(tmp_path / "p"), "the journal of another project is still held"
    two.release()
    assert two.acquire(tmp_path / "p")
    two.release()


def test_another_thread_can_release_the_lock(tmp_path: Path) -> None:
    one, two = journal.JournalLock(), journal.JournalLock()
    assert one.acquire(tmp_path)
    thread = threading.Thread(target=one.release)
    thread.start()
    thread.join()
    assert two.acquire(tmp_path)
    two.release()


def test_another_process_holds_the_journal_until_it_is_killed(tmp_path: Path) -> None:
    lock = journal.JournalLock()
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "True\n"
            assert not lock.acquire(tmp_path)
        finally:
            other.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    assert lock.acquire(tmp_path), "the lock of a process that died is free"
    lock.release()


def test_the_lock_is_in_the_users_cache_where_the_project_cannot_be_written_to(tmp_path: Path, cache: Path) -> None:
    (tmp_path / ".segstudio").write_text("a file where a folder should be")
    one, two = journal.JournalLock(), journal.JournalLock()
    assert one.acquire(tmp_path)
    assert not two.acquire(tmp_path)
    assert list(cache.rglob("*.lock"))
    one.release()
    (cache / "segstudio").rename(cache / "moved")
    (cache / "segstudio").write_text("no folder either")
    assert not one.acquire(tmp_path), "without a place for a lock file the journal is not held"


@pytest.mark.skipif(sys.platform != "linux", reason="the paths of Linux")
def test_the_cache_is_where_0_1_0_had_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/ann")
    _, cache = journal.folders(Path("/data/p"))
    assert cache == Path("/home/ann/.cache/segstudio/journal/d8b285dd2ec9897e")
