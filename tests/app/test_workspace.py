"""Unsaved work has one owner: nothing that was drawn disappears by opening, leaving, saving, failing or crashing."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from PIL import Image

from segstudio.app.image_cache import ImageCache
from segstudio.app.open_image import OpenImage, read_open_image
from segstudio.app.working_copy import Status
from segstudio.app.workspace import AUTOSAVE_AFTER_S, AUTOSAVE_WITHIN_S, JOURNAL_AFTER_S, Workspace
from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.painting_rules import Marks
from segstudio.core.shape import Shape
from segstudio.errors import FileError
from segstudio.project import journal, store
from segstudio.project.item import Item
from segstudio.project.project import Project, open_project
from tests.app.executor import FreeJournal, ManualExecutor

TABLE = ClassTable.from_names(["_background_", "car"])
SIZE = (24, 32)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Desk:
    """A workspace on real files, with an executor and a clock that the test drives, and a disk that can fail."""

    def __init__(self, folder: Path, names: tuple[str, ...] = ("a.png", "b.png", "c.png")) -> None:
        self.folder = folder
        for name in names:
            if not (folder / name).exists():
                Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(folder / name)
        self.start()

    def start(self) -> None:
        """Start the program: a new workspace on the same files."""
        self.executor, self.clock = ManualExecutor(), Clock()
        self.disk_full = False
        self.workspace = Workspace(self.executor, FreeJournal(), self._save, self.clock)
        self.failures: list[tuple[str, str]] = []
        self.workspace.failed.connect(lambda item, error: self.failures.append((item.name, str(error))))
        self.project: Project = open_project(self.folder)
        self.project = Project(self.project.folder, TABLE)
        self.items = {item.name: item for item in self.project.items()}
        self.image: OpenImage | None = None
        self.workspace.set_project(self.project)

    def _save(self, item: Item, annotation: Annotation, table: ClassTable, known: store.Stamp) -> store.Stamp:
        if self.disk_full:
            raise FileError(item.annotation_path, "cannot be written (no space left on device)", "free some space")
        return store.save(item, annotation, table, known)

    def open(self, name: str) -> None:
        """As the window does: the image is read after everything that is queued."""
        self.workspace.checkpoint()
        self.executor.run_all()
        item = self.items[name]
        self.image = read_open_image(self.project, item, self.workspace.kept(item))
        self.workspace.open(self.image, self.project)
        self.image.document.on_commit = lambda edit: self.workspace.edit(self.image.document.annotation)

    def draw(self, x: float) -> Annotation:
        shape = Shape("car", "rectangle", ((x, 2.0), (x + 3, 9.0)))
        document = self.image.document
        document.apply("draw", document.annotation.with_added(shape))
        return document.annotation

    def wait(self, seconds: float) -> None:
        self.clock.now_s += seconds
        self.workspace.run_due()

    def shapes_on_disk(self, name: str) -> list[tuple[float, float]]:
        return [shape.points[0] for shape in store.load(self.items[name], SIZE).annotation.shapes]

    def status(self, name: str) -> Status:
        return self.workspace.copy(self.items[name]).status


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_edit_is_saved_after_a_rest_and_the_copy_becomes_clean(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    assert desk.status("a.png") is Status.DIRTY
    desk.wait(AUTOSAVE_AFTER_S / 2)
    assert not desk.executor.queue
    desk.wait(AUTOSAVE_AFTER_S)
    assert desk.status("a.png") is Status.SAVING
    desk.executor.run_all()
    assert desk.status("a.png") is Status.CLEAN
    assert desk.shapes_on_disk("a.png") == [(1.0, 2.0)]
    assert desk.workspace.due_s() is None or desk.workspace.run_due() is None


def test_edits_that_follow_one_another_are_saved_every_few_seconds(desk: Desk) -> None:
    desk.open("a.png")
    started = desk.clock.now_s
    number = 0
    while not desk.workspace.copy(desk.items["a.png"]).attempted:
        desk.draw(number)
        desk.wait(AUTOSAVE_AFTER_S / 2)
        number += 1
        assert desk.clock.now_s - started < AUTOSAVE_WITHIN_S + 1
    assert desk.clock.now_s - started >= AUTOSAVE_WITHIN_S - 1


def test_without_autosave_leaving_writes_nothing_and_keeps_the_work_and_its_history(desk: Desk) -> None:
    desk.workspace.set_autosave(False)
    desk.open("a.png")
    drawn = desk.draw(1)
    desk.open("b.png")
    desk.executor.run_all()
    assert desk.shapes_on_disk("a.png") == []
    assert desk.workspace.unsaved_names == ["a.png"]
    desk.open("a.png")
    assert desk.image.document.annotation is drawn
    desk.image.document.undo()
    assert desk.status("a.png") is Status.CLEAN  # undone to what the file has


def test_undoing_after_a_save_is_unsaved_again(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.workspace.save_now()
    desk.executor.run_all()
    desk.image.document.undo()
    assert desk.status("a.png") is Status.DIRTY
    desk.wait(AUTOSAVE_AFTER_S)
    desk.executor.run_all()
    assert desk.shapes_on_disk("a.png") == []


def test_a_failed_save_is_reported_and_retry_writes_it_also_for_images_left(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.disk_full = True
    desk.open("b.png")
    desk.executor.run_all()
    assert {name for name, _ in desk.failures} == {"a.png"}
    assert "no space left" in desk.failures[0][1]
    assert desk.status("a.png") is Status.FAILED
    desk.disk_full = False
    desk.workspace.retry()
    desk.executor.run_all()
    assert desk.status("a.png") is Status.CLEAN
    assert desk.shapes_on_disk("a.png") == [(1.0, 2.0)]


def test_a_file_that_another_program_changed_is_not_overwritten_until_the_user_says_so(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.workspace.save_now()
    desk.executor.run_all()
    path = desk.items["a.png"].annotation_path
    content = json.loads(path.read_text("utf-8"))
    content["shapes"][0]["points"] = [[9, 9], [12, 12]]
    path.write_text(json.dumps(content) + " ", "utf-8")
    mine = desk.draw(5)
    desk.wait(AUTOSAVE_AFTER_S)
    desk.executor.run_all()
    assert desk.status("a.png") is Status.CONFLICTED
    assert desk.shapes_on_disk("a.png") == [(9.0, 9.0)]
    told = len(desk.failures)
    desk.wait(10)
    desk.executor.run_all()
    assert len(desk.failures) == told  # a conflict is not tried again without an edit
    desk.workspace.keep_mine(desk.items["a.png"])
    desk.executor.run_all()
    assert desk.shapes_on_disk("a.png") == [shape.points[0] for shape in mine.shapes]


def test_taking_the_files_version_drops_the_copy_and_asks_for_a_reload(desk: Desk) -> None:
    reloads: list[str] = []
    desk.workspace.reload_needed.connect(lambda item: reloads.append(item.name))
    desk.open("a.png")
    desk.draw(1)
    desk.workspace.discard(desk.items["a.png"])
    assert reloads == ["a.png"]
    assert desk.workspace.unsaved_names == []
    desk.executor.run_all()
    assert desk.shapes_on_disk("a.png") == []


def test_a_queued_save_of_discarded_work_writes_nothing(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.workspace.save_now()
    desk.workspace.discard(desk.items["a.png"])
    desk.executor.run_all()
    assert not desk.items["a.png"].annotation_path.exists()


def test_work_that_arrives_while_the_image_is_read_is_not_replaced_by_the_file(desk: Desk) -> None:
    item = desk.items["a.png"]
    read = read_open_image(desk.project, item, desk.workspace.kept(item))
    recovered = Annotation(*SIZE, (Shape("car", "rectangle", ((1.0, 1.0), (4.0, 4.0))),))
    desk.workspace.adopt(item, recovered, None, desk.project)
    desk.workspace.open(read, desk.project)
    assert read.document.annotation is recovered
    assert desk.workspace.is_unsaved(item)


def test_a_clean_copy_gives_way_to_a_file_that_changed(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.open("b.png")
    desk.executor.run_all()
    theirs = Annotation(*SIZE, (Shape("car", "rectangle", ((7.0, 7.0), (9.0, 9.0))),))
    store.save(desk.items["a.png"], theirs, TABLE, store.stamp_of(desk.items["a.png"]))
    os.utime(desk.items["a.png"].annotation_path, ns=(1, 1))
    desk.open("a.png")
    assert [shape.points[0] for shape in desk.image.document.annotation.shapes] == [(7.0, 7.0)]


def test_an_image_read_ahead_is_not_used_after_its_file_or_its_labels_changed(desk: Desk) -> None:
    cache, item = ImageCache(), desk.items["a.png"]
    cache.add(read_open_image(desk.project, item, None))
    assert cache.take(item, None) is not None
    cache.add(read_open_image(desk.project, item, None))
    store.save(item, Annotation(*SIZE, (Shape("car", "point", ((3.0, 3.0),)),)), TABLE, None)
    assert cache.take(item, None) is None
    cache.add(read_open_image(desk.project, item, None))
    Image.fromarray(np.full((*SIZE, 3), 9, np.uint8)).save(item.image)
    os.utime(item.image, ns=(5, 5))
    assert cache.take(item, None) is None
    cache.add(read_open_image(desk.project, item, None))
    desk.open("a.png")
    desk.draw(2)
    assert cache.take(item, desk.workspace.kept(item)) is None


def test_unsaved_work_is_journalled_within_a_second_and_removed_once_saved(desk: Desk) -> None:
    desk.disk_full = True
    desk.open("a.png")
    desk.draw(1)
    desk.wait(JOURNAL_AFTER_S)
    desk.executor.run_all()
    entries = list((desk.folder / ".segstudio" / "journal").glob("*.json"))
    assert len(entries) == 1
    desk.disk_full = False
    desk.workspace.save_now()
    desk.executor.run_all()
    assert not list((desk.folder / ".segstudio" / "journal").glob("*.json"))


def test_a_save_that_ends_after_newer_edits_keeps_their_journal_entry(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.workspace.save_now()  # still queued
    desk.draw(5)
    desk.workspace.flush_journal()
    desk.executor.run_next()  # the save of the first stroke
    desk.executor.run_all()
    assert list((desk.folder / ".segstudio" / "journal").glob("*.json"))


def test_a_save_that_failed_is_tried_again_when_the_image_is_left(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.disk_full = True
    desk.wait(AUTOSAVE_AFTER_S)
    desk.executor.run_all()
    desk.disk_full = False
    desk.open("b.png")
    desk.executor.run_all()
    assert desk.shapes_on_disk("a.png") == [(1.0, 2.0)]


def test_old_histories_are_dropped_over_the_budget_but_never_unsaved_work(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.app.workspace.HISTORY_BUDGET_BYTES", 0)
    desk.open("a.png")
    desk.draw(1)
    desk.open("b.png")
    desk.workspace.set_autosave(False)
    desk.draw(2)
    desk.open("c.png")
    desk.draw(3)
    desk.open("a.png")
    desk.open("c.png")
    assert desk.workspace.unsaved_names == ["b.png", "c.png"]
    assert desk.workspace.copy(desk.items["a.png"]) is None or not desk.workspace.is_unsaved(desk.items["a.png"])


def test_forgetting_saved_copies_keeps_unsaved_work(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.open("b.png")
    desk.executor.run_all()
    desk.workspace.set_autosave(False)
    desk.draw(2)
    desk.open("c.png")
    desk.workspace.forget_saved()
    assert desk.workspace.copy(desk.items["a.png"]) is None
    assert desk.workspace.unsaved_names == ["b.png"]


def test_a_file_written_by_another_job_of_ours_still_conflicts_with_unsaved_work(desk: Desk) -> None:
    item = desk.items["a.png"]
    desk.workspace.set_autosave(False)
    desk.open("a.png")
    desk.draw(1)
    theirs = Annotation(*SIZE, (Shape("car", "point", ((3.0, 3.0),)),))
    desk.workspace.set_stamp(item, store.save(item, theirs, TABLE, None))
    desk.workspace.save_now()
    desk.executor.run_all()
    assert desk.status("a.png") is Status.CONFLICTED
    assert desk.shapes_on_disk("a.png") == [(3.0, 3.0)]


def test_recovered_work_is_one_edit_on_top_of_what_is_in_memory(desk: Desk) -> None:
    desk.open("a.png")
    drawn = desk.draw(1)
    desk.open("b.png")
    desk.executor.run_all()
    recovered = drawn.with_added(Shape("car", "rectangle", ((9.0, 2.0), (12.0, 9.0))))
    desk.workspace.adopt(desk.items["a.png"], recovered, store.stamp_of(desk.items["a.png"]), desk.project)
    desk.open("a.png")
    assert desk.image.document.annotation is recovered
    desk.image.document.undo()
    assert desk.image.document.annotation is drawn


def test_labels_are_written_with_the_names_of_the_present_classes(desk: Desk) -> None:
    desk.workspace.set_autosave(False)
    desk.open("a.png")
    desk.draw(1)
    desk.open("b.png")
    desk.workspace.update_project(Project(desk.project.folder, TABLE.with_renamed(1, "vehicle")))
    desk.workspace.retry()
    desk.executor.run_all()
    assert store.load(desk.items["a.png"], SIZE).annotation.labels[0] == "vehicle"


def test_entries_of_an_earlier_session_are_set_aside_when_the_project_is_opened(desk: Desk) -> None:
    desk.disk_full = True
    desk.open("a.png")
    desk.draw(1)
    desk.wait(JOURNAL_AFTER_S)
    desk.executor.run_all()
    desk.start()
    assert not list((desk.folder / ".segstudio" / "journal").glob("*.json"))
    assert list((desk.folder / ".segstudio" / "journal").rglob("*.json"))


def test_undoing_to_what_the_file_has_removes_the_journal_entry(desk: Desk) -> None:
    desk.workspace.set_autosave(False)
    desk.open("a.png")
    desk.draw(1)
    desk.wait(JOURNAL_AFTER_S)
    desk.executor.run_all()
    assert list((desk.folder / ".segstudio" / "journal").glob("*.json"))
    desk.image.document.undo()
    desk.executor.run_all()
    assert not list((desk.folder / ".segstudio" / "journal").glob("*.json"))


def test_undoing_while_the_edit_is_being_saved_is_saved_too(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.workspace.save_now()
    desk.image.document.undo()
    assert desk.status("a.png") is Status.DIRTY  # the file will have the edit
    desk.executor.run_all()
    assert desk.status("a.png") is Status.DIRTY
    desk.wait(AUTOSAVE_AFTER_S)
    desk.executor.run_all()
    assert desk.shapes_on_disk("a.png") == []
    assert desk.status("a.png") is Status.CLEAN


def test_undoing_while_the_edit_is_being_saved_is_saved_when_the_image_is_left(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.workspace.save_now()
    desk.image.document.undo()
    desk.workspace.leave()
    desk.executor.run_all()
    assert desk.workspace.unsaved_names == []
    assert desk.shapes_on_disk("a.png") == []


def test_an_edit_undone_while_its_save_fails_leaves_nothing_unsaved(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.disk_full = True
    desk.workspace.save_now()
    desk.workspace.flush_journal()
    desk.image.document.undo()
    desk.executor.run_all()
    assert desk.status("a.png") is Status.CLEAN
    assert not list((desk.folder / ".segstudio" / "journal").glob("*.json"))


def test_opening_an_image_again_tries_once_more_to_save_its_work(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.disk_full = True
    desk.open("b.png")
    desk.executor.run_all()
    desk.disk_full = False
    desk.open("a.png")
    desk.wait(AUTOSAVE_AFTER_S)
    desk.executor.run_all()
    assert desk.shapes_on_disk("a.png") == [(1.0, 2.0)]


def test_a_conflict_is_reported_again_when_its_image_is_opened_again(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    store.save(desk.items["a.png"], Annotation(*SIZE, ()), TABLE, None)
    desk.open("b.png")
    desk.executor.run_all()
    assert [name for name, _ in desk.failures] == ["a.png"]
    desk.open("a.png")
    desk.wait(AUTOSAVE_AFTER_S)
    desk.executor.run_all()
    assert [name for name, _ in desk.failures] == ["a.png", "a.png"]


def test_leaving_an_image_writes_its_file_and_no_journal_entry_beside_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write_entry = journal.write_entry
    monkeypatch.setattr(
        journal,
        "write_entry",
        lambda folder, item, *rest: written.append(item.name) or write_entry(folder, item, *rest),
    )
    desk.open("a.png")
    desk.draw(1)
    desk.open("b.png")
    desk.executor.run_all()
    assert (written, desk.shapes_on_disk("a.png")) == ([], [(1.0, 2.0)])


def test_work_whose_save_fails_after_its_image_was_left_is_journalled(desk: Desk) -> None:
    desk.open("a.png")
    desk.draw(1)
    desk.disk_full = True
    desk.open("b.png")
    desk.executor.run_all()
    assert len(list((desk.folder / ".segstudio" / "journal").glob("*.json"))) == 1


def test_unsaved_work_is_shown_again_although_its_file_became_unreadable(desk: Desk) -> None:
    desk.workspace.set_autosave(False)
    desk.open("a.png")
    drawn = desk.draw(1)
    desk.open("b.png")
    desk.items["a.png"].annotation_path.write_text("<<<<<<< merge conflict", "utf-8")
    desk.open("a.png")
    assert desk.image.document.annotation is drawn
    assert not desk.image.read_only


def test_selected_and_hidden_objects_are_kept_by_the_image_cache(desk: Desk) -> None:
    cache, item = ImageCache(), desk.items["a.png"]
    desk.open("a.png")
    desk.draw(1)
    desk.open("b.png")
    desk.executor.run_all()
    cache.add(read_open_image(desk.project, item, desk.workspace.kept(item)))
    desk.open("a.png")
    hidden = Marks(hidden=frozenset({desk.image.document.annotation.shapes[0].uid}))
    desk.workspace.set_marks(hidden)
    desk.open("b.png")
    assert cache.take(item, desk.workspace.kept(item)).document.marks == hidden


def test_opening_a_project_writes_nothing(desk: Desk) -> None:
    desk.open("a.png")
    desk.open("b.png")
    desk.executor.run_all()
    assert not (desk.folder / ".segstudio").exists()


class AnyHand(RuleBasedStateMachine):
    """Any sequence of edits, walks, saves, failures, other programs and crashes: the newest annotation of each image
    is in its file, in memory as unsaved work, or in the journal. Only the user's own word removes it."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.desk = Desk(self.folder)
        self.newest: dict[str, list[tuple[float, float]]] = {}  # what the user drew last, by image
        self.by_others: set[str] = set()  # images whose file another program wrote since
        self.count = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def remember(self) -> None:
        image = self.desk.image
        self.newest[image.item.name] = [shape.points[0] for shape in image.document.annotation.shapes]

    @rule(name=st.sampled_from(["a.png", "b.png", "c.png"]))
    def open(self, name: str) -> None:
        self.desk.open(name)
        shown = [shape.points[0] for shape in self.desk.image.document.annotation.shapes]
        if name in self.newest and name not in self.by_others:
            assert shown == self.newest[name]

    @precondition(lambda self: self.desk.image is not None)
    @rule()
    def draw(self) -> None:
        self.count += 1
        self.desk.draw(float(self.count % 25))
        self.remember()

    @precondition(lambda self: self.desk.image is not None)
    @rule()
    def undo(self) -> None:
        if self.desk.image.document.undo() is not None:
            self.remember()

    @precondition(lambda self: self.desk.image is not None)
    @rule()
    def redo(self) -> None:
        if self.desk.image.document.redo() is not None:
            self.remember()

    @rule(seconds=st.sampled_from([0.2, 0.8, 1.1, 5.0]))
    def wait(self, seconds: float) -> None:
        self.desk.wait(seconds)

    @precondition(lambda self: self.desk.executor.queue)
    @rule()
    def run_one_job(self) -> None:
        self.desk.executor.run_next()

    @rule()
    def run_all_jobs(self) -> None:
        self.desk.executor.run_all()

    @rule(full=st.booleans())
    def fill_or_free_the_disk(self, full: bool) -> None:
        self.desk.disk_full = full

    @rule(on=st.booleans())
    def switch_autosave(self, on: bool) -> None:
        self.desk.workspace.set_autosave(on)

    @rule()
    def save_now(self) -> None:
        self.desk.workspace.save_now()

    @rule()
    def retry(self) -> None:
        self.desk.workspace.retry()

    @rule(name=st.sampled_from(["a.png", "b.png", "c.png"]))
    def another_program_writes(self, name: str) -> None:
        self.count += 1
        item = self.desk.items[name]
        theirs = Annotation(*SIZE, (Shape("car", "point", ((float(self.count % 25), 20.0),)),))
        store.save(item, theirs, TABLE, store.stamp_of(item))
        os.utime(item.annotation_path, ns=(self.count, self.count))
        if not self.desk.workspace.is_unsaved(item):
            self.newest.pop(name, None)
        self.by_others.add(name)

    @rule(name=st.sampled_from(["a.png", "b.png", "c.png"]), mine=st.booleans())
    def decide_a_conflict(self, name: str, mine: bool) -> None:
        copy = self.desk.workspace.copy(self.desk.items[name])
        if copy is None or copy.status is not Status.CONFLICTED:
            return
        if mine:
            self.desk.workspace.keep_mine(self.desk.items[name])
            return
        self.desk.workspace.discard(self.desk.items[name])
        self.newest.pop(name, None)
        if self.desk.image is not None and self.desk.image.item.name == name:
            self.desk.image = None

    @rule()
    def crash_and_recover(self) -> None:
        """Everything older than a second is in the journal or saved; the user recovers all of it."""
        self.desk.workspace.flush_journal()
        self.desk.executor.run_all()
        unsaved = set(self.desk.workspace.unsaved_names)
        self.desk.start()
        items = list(self.desk.items.values())
        found = [event for event in journal.read_entries(self.folder, items) if not hasattr(event, "what")]
        assert {entry.item.name for entry in found} >= {name for name in unsaved if self._differs(name)}
        for entry in found:
            self.desk.workspace.adopt(entry.item, entry.annotation, entry.stamp, self.desk.project)
            assert [shape.points[0] for shape in entry.annotation.shapes] == self.newest[entry.item.name]
        self.by_others -= {entry.item.name for entry in found}

    def _differs(self, name: str) -> bool:
        return self.desk.shapes_on_disk(name) != self.newest[name]

    @invariant()
    def newest_work_is_somewhere(self) -> None:
        if not hasattr(self, "desk"):
            return
        for name, points in self.newest.items():
            copy = self.desk.workspace.copy(self.desk.items[name])
            in_memory = copy is not None and [shape.points[0] for shape in copy.annotation.shapes] == points
            if copy is not None and copy.unsaved:
                assert in_memory, name
            elif name not in self.by_others:
                assert self.desk.shapes_on_disk(name) == points, name


AnyHand.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnyHand = AnyHand.TestCase
