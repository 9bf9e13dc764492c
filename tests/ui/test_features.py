"""Features in the window: what a second request, a failure or a change in between must not lose."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from segstudio.core.annotation import Annotation
from segstudio.core.shape import Shape
from segstudio.errors import SegstudioError
from segstudio.project import journal
from segstudio.project.store import load
from segstudio.tools.tool import ToolWork
from segstudio.ui.features import train_dialog
from segstudio.ui.window import MainWindow
from tests.ui.conftest import wait_for


def open_ramp(window: MainWindow, qtbot: QtBot, folder: Path) -> None:
    """An image of 16 bits whose values rise from left to right."""
    folder.mkdir()
    ramp = (np.arange(160, dtype=np.uint16)[None, :] * 300 + np.zeros((120, 1), np.uint16)).astype(np.uint16)
    Image.fromarray(ramp).save(folder / "ramp.png")
    window.open_path(folder)
    wait_for(qtbot, lambda: window.state.image is not None and window.jobs.idle)


def test_while_the_window_of_values_is_dragged_the_image_follows(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    open_ramp(window, qtbot, tmp_path / "deep")
    shown: list[tuple[int, int] | None] = []
    window.state.levels_changed.connect(lambda: shown.append(window.state.image.window))
    for low in range(1000, 5000, 1000):
        display = replace(window.state.layers.display, window=(low, 40_000))
        window.viewing.set_display(display)
    wait_for(qtbot, lambda: window.jobs.idle)
    assert shown == [(1000, 40_000), (4000, 40_000)], "the first is not dropped, those that waited are"


def test_a_white_point_below_the_black_point_is_put_right_in_its_field(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    open_ramp(window, qtbot, tmp_path / "deep")
    fields = {field.accessibleName(): field for field in window.findChildren(QSpinBox)}
    fields["Black at"].setValue(10)
    fields["White at"].setValue(11)
    for _ in range(2):
        fields["White at"].setValue(5)
        assert fields["White at"].value() == 11


def test_images_read_ahead_are_still_encoded_after_the_window_of_values_changed(
    opened: MainWindow, qtbot: QtBot
) -> None:
    wait_for(qtbot, lambda: bool(opened.assisting._neighbours))
    opened.viewing.set_display(replace(opened.state.layers.display, window=(0, 100)))
    wait_for(qtbot, lambda: opened.state.image.window == (0, 100))
    assert opened.assisting._neighbours


def test_duplicates_are_found_although_an_option_changes_while_they_are_searched(
    opened: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(folder / "p0.png", folder / "copy.png")
    shutil.copy(folder / "p0.json", folder / "copy.json")
    opened.open_path(folder)
    wait_for(qtbot, lambda: len(opened.state.item_states) == 5 and opened.jobs.idle)
    gather, found = train_dialog.gather, train_dialog.find_duplicate_images
    searching, go_on = threading.Event(), threading.Event()

    def gather_slowly(*of: object) -> Iterator[object]:
        for event in gather(*of):
            time.sleep(0.1)  # longer than events are held back
            yield event

    def search_slowly(items: object) -> list[list[str]]:
        searching.set()
        go_on.wait(10)
        return found(items)

    monkeypatch.setattr(train_dialog, "gather", gather_slowly)
    monkeypatch.setattr(train_dialog, "find_duplicate_images", search_slowly)
    feature = opened.train_dialog
    feature.open()
    wait_for(qtbot, searching.is_set)
    wait_for(qtbot, lambda: bool(feature._samples))
    feature._propose(feature._dialog.choices().settings | {"width": "8"})
    go_on.set()
    wait_for(qtbot, lambda: opened.jobs.idle)
    assert [sorted(group) for group in feature._duplicates] == [["copy.png", "p0.png"]]
    feature._dialog.reject()


def test_work_that_fails_takes_back_what_the_tool_had_drawn_for_it(opened: MainWindow, qtbot: QtBot) -> None:
    tool, used = opened.state.tool, []

    def fail() -> object:
        raise SegstudioError("no result")

    work = [ToolWork(fail)]
    tool.pending_work = lambda: work.pop() if work else None
    opened.state.use_tool(lambda document: None)
    opened.state.tool_used.connect(lambda: used.append(1))
    wait_for(qtbot, lambda: opened.messages.text == "no result")
    wait_for(qtbot, lambda: bool(used))
    del tool.pending_work


def test_recovered_labels_are_saved_with_the_names_that_classes_have_by_then(
    opened: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    item = next(each for each in opened.state.items if each.name == "p1.png")
    shape = Shape("car", "rectangle", ((1.0, 1.0), (9.0, 9.0)))
    journal.write_entry(folder, item, Annotation(120, 160, (shape,)), opened.state.table)
    assert opened.workspace.holds_journal(folder)
    journal.set_aside(folder)
    opened.recovery.search()
    wait_for(qtbot, lambda: "p1.png" in opened.messages.text)
    recover = next(each for each in opened.messages.findChildren(QPushButton) if each.text() == "Recover")
    opened.state.update_project(replace(opened.state.project, table=opened.state.table.with_renamed(1, "vehicle")))
    recover.click()
    wait_for(qtbot, lambda: opened.jobs.idle)
    assert [each.label for each in load(item).annotation.shapes] == ["vehicle"]


def test_a_tip_names_the_key_and_why_the_action_cannot_run_now(window: MainWindow, opened: MainWindow) -> None:
    undo = opened.actions_by_name["undo"]
    assert not undo.isEnabled()
    assert undo.toolTip() == "Undo (Ctrl+Z)\nThere is nothing to undo."
    opened.state.document.add("draw", Shape("car", "rectangle", ((1.0, 1.0), (9.0, 9.0))))
    assert undo.isEnabled()
    assert undo.toolTip() == "Undo (Ctrl+Z)"
    opened.actions_by_name.set_keys(dict.fromkeys(opened.actions_by_name.qactions, "") | {"undo": "Ctrl+J"})
    assert undo.toolTip() == "Undo (Ctrl+J)"


def test_actions_on_one_thing_are_together_in_their_menu(window: MainWindow) -> None:
    names = [action.name for action in window.actions_by_name.actions if action.menu == "Object"]
    assert names[:9] == [
        "cut", "copy", "paste", "paste_previous", "duplicate", "delete", "select_all", "select_none", "set_class",
    ]  # fmt: skip
