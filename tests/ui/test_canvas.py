"""The canvas in its window: objects, recovery, navigation between images, view, shortcuts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeySequence, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.app.command_search import rank
from segstudio.app.display import Display
from segstudio.app.key_presets import PRESETS
from segstudio.app.layers import OUTLINE, SIDE_BY_SIDE
from segstudio.core.classes import UNLABELLED
from segstudio.core.painting_rules import Marks, with_selected
from segstudio.core.prediction import Prediction
from segstudio.core.raster import rasterise
from segstudio.core.shape import RECTANGLE, Shape
from segstudio.ui.actions import split_keys
from segstudio.ui.dialogs.palette import Command
from segstudio.ui.dialogs.shortcuts import ShortcutsDialog
from segstudio.ui.window import MainWindow
from tests.ui.conftest import wait_for

ROOT = Path(__file__).resolve().parents[2]


def at(window: MainWindow, x: float, y: float) -> QPoint:
    return window.canvas.view.to_screen(x, y).toPoint()


def add(window: MainWindow, *corners: tuple[float, float, float, float]) -> None:
    for x0, y0, x1, y1 in corners:
        window.state.document.add("r", Shape("car", RECTANGLE, ((x0, y0), (x1, y1))))


def select(window: MainWindow, *places: int) -> None:
    shapes = window.state.document.annotation.shapes
    window.state.set_marks(with_selected(Marks(), frozenset(shapes[place].uid for place in places)))


def walk(window: MainWindow, qtbot: QtBot, name: str) -> None:
    window.opening.open_item(name)
    wait_for(qtbot, lambda: window.state.image is not None and window.state.image.item.name == name)


# -- objects


def test_objects_are_copied_into_another_image(opened: MainWindow, qtbot: QtBot) -> None:
    select(opened, 0)
    opened.objects_feature.copy()
    walk(opened, qtbot, "p2.png")
    opened.objects_feature.paste()
    assert [shape.kind for shape in opened.state.document.annotation.shapes] == ["polygon"]
    assert opened.state.document.selected == [0]


def test_the_detail_slider_changes_the_last_conversion_as_one_step(opened: MainWindow) -> None:
    document = opened.state.document
    opened.objects_feature.apply(document, "clear", document.annotation.with_shapes(()))
    opened.state.choose(tool="brush", class_id=1, radius_px=20)
    QTest.mouseClick(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 80, 60))
    select(opened, 0)
    opened.state.set_option("detail_px", 0.0)
    opened.actions_by_name["to_polygon"].trigger()
    many, steps = len(document.annotation.shapes[0].points), len(document.history)
    opened.state.set_option("detail_px", 4.0)
    assert len(document.annotation.shapes[0].points) < many
    assert len(document.history) == steps
    assert (rasterise(document.annotation, document.table) == document.plane).all()


def test_a_large_object_is_changed_in_a_job_and_dropped_if_the_image_changed(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segstudio.ui.features import reshape

    monkeypatch.setattr(reshape, "_AT_ONCE_PIXELS", 0)
    add(opened, (20, 20, 60, 60))
    select(opened, 1)
    before = (opened.state.document.plane != UNLABELLED).sum()
    opened.actions_by_name["grow"].trigger()
    wait_for(qtbot, lambda: opened.jobs.idle)
    assert (opened.state.document.plane != UNLABELLED).sum() > before
    opened.actions_by_name["grow"].trigger()
    add(opened, (90, 90, 110, 110))
    wait_for(qtbot, lambda: opened.jobs.idle)
    assert "dropped" in opened.messages.text


def test_hidden_objects_are_not_drawn_until_shown_again(opened: MainWindow) -> None:
    add(opened, (20, 20, 60, 60))
    select(opened, 1)
    opened.selecting.hide()
    image = opened.state.image
    assert image.visible_labels.plane[40, 22] == UNLABELLED != image.document.plane[40, 22]
    opened.state.choose(tool="brush", class_id=0, radius_px=4)
    QTest.mouseClick(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 100, 100))
    assert image.visible_labels.plane[100, 100] == 0
    opened.selecting.show_all()
    assert image.visible_labels.plane is image.document.plane


def test_objects_panel_and_canvas_share_the_selection(opened: MainWindow, qtbot: QtBot) -> None:
    opened.docks.show_dock("objects")
    wait_for(qtbot, opened.objects.isVisible)
    add(opened, (90, 20, 120, 60), (90, 70, 120, 110))
    panel = opened.objects
    panel._table.selectRow(0)
    assert opened.state.document.selected == [2]
    assert opened.state.tool.info.name == "select"
    QTest.mouseClick(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 100, 40))
    assert {index.row() for index in panel._table.selectionModel().selectedIndexes()} == {1}
    panel._filter.setText("polygon")
    assert [shape.kind for shape in panel._model.shapes] == ["polygon"]


def test_delete_works_with_any_active_tool(opened: MainWindow) -> None:
    add(opened, (90, 20, 120, 60))
    select(opened, 1)
    opened.state.choose(tool="brush")
    opened.canvas.setFocus()
    QTest.keyClick(opened.canvas, Qt.Key.Key_Delete)
    assert len(opened.state.document.annotation.shapes) == 1


# -- nothing is lost


def test_after_a_crash_recovery_is_offered_and_the_labels_are_saved(
    window: MainWindow, folder: Path, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.crash", str(folder), str(tmp_path / "other")], cwd=ROOT, timeout=90
    )
    assert done.returncode == -signal.SIGKILL
    before = (folder / "p0.json").read_bytes()
    window.open_path(folder)
    wait_for(qtbot, lambda: "ended before" in window.messages.text)
    assert (folder / "p0.json").read_bytes() == before
    window.messages._on_remedy(0)
    wait_for(qtbot, lambda: window.jobs.idle and not window.state.unsaved)
    assert len(json.loads((folder / "p0.json").read_text())["shapes"]) == 2
    assert not list((folder / ".segstudio" / "journal").rglob("*.json"))


def test_after_a_failed_save_labels_stay_unsaved_and_can_be_saved_again_or_elsewhere(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from segstudio.errors import FileError

    real = opened.workspace._save

    def full(*_: object) -> None:
        raise FileError("p0.json", "there is no space left", "free some space")

    monkeypatch.setattr(opened.workspace, "_save", full)
    add(opened, (90, 20, 120, 60))
    opened.workspace.save_now()
    wait_for(qtbot, lambda: "no space" in opened.messages.text)
    assert opened.state.unsaved
    opened.saving.write_copy(opened.state.image.item, tmp_path / "mine.json")
    wait_for(qtbot, lambda: (tmp_path / "mine.json").is_file())
    monkeypatch.setattr(opened.workspace, "_save", real)
    opened.messages._on_remedy(0)
    wait_for(qtbot, lambda: not opened.state.unsaved)


def test_discarding_one_images_labels_keeps_the_unsaved_labels_of_another(
    opened: MainWindow, qtbot: QtBot, folder: Path
) -> None:
    opened.saving.set_autosave(False)
    first = opened.state.image.item
    add(opened, (90, 20, 120, 60))
    walk(opened, qtbot, "p2.png")
    add(opened, (10, 10, 30, 30))
    opened.workspace.discard(first)
    assert opened.state.image.item.name == "p2.png"
    assert len(opened.state.document.annotation.shapes) == 1
    walk(opened, qtbot, "p0.png")
    assert len(opened.state.document.annotation.shapes) == 1


def test_unsaved_labels_survive_a_file_that_became_unreadable(opened: MainWindow, qtbot: QtBot, folder: Path) -> None:
    opened.saving.set_autosave(False)
    add(opened, (90, 20, 120, 60))
    walk(opened, qtbot, "p1.png")
    (folder / "p0.json").write_text("<<<<<<< merge conflict")
    os.utime(folder / "p0.png")
    walk(opened, qtbot, "p0.png")
    assert len(opened.state.document.annotation.shapes) == 2
    assert opened.workspace.unsaved_names == ["p0.png"]
    opened.workspace.keep_mine(opened.state.image.item)
    wait_for(qtbot, lambda: not opened.state.unsaved)
    assert len(json.loads((folder / "p0.json").read_text())["shapes"]) == 2


def test_history_and_hidden_objects_survive_opening_another_image(opened: MainWindow, qtbot: QtBot) -> None:
    add(opened, (90, 20, 120, 60))
    select(opened, 1)
    opened.selecting.hide()
    walk(opened, qtbot, "p1.png")
    walk(opened, qtbot, "p0.png")
    assert len(opened.state.document.marks.hidden) == 1
    opened.state.undo()
    assert len(opened.state.document.annotation.shapes) == 1


def test_an_image_read_ahead_is_read_again_if_its_labels_changed(
    opened: MainWindow, qtbot: QtBot, folder: Path
) -> None:
    wait_for(qtbot, lambda: [p.item.name for p in opened.reading_ahead.read_neighbours()] == ["p1.png"])
    content = json.loads((folder / "p1.json").read_text())
    content["shapes"] = []
    (folder / "p1.json").write_text(json.dumps(content))
    walk(opened, qtbot, "p1.png")
    assert opened.state.image.document.annotation.shapes == ()


def test_a_tool_result_for_a_closed_image_is_dropped(opened: MainWindow, qtbot: QtBot) -> None:
    opened.state.choose(tool="wand", class_id=1)
    QTest.mousePress(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 30, 100))
    QTest.mouseRelease(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 30, 100))
    walk(opened, qtbot, "p2.png")
    wait_for(qtbot, lambda: opened.jobs.idle)
    assert opened.state.document.annotation.shapes == ()


# -- view


def test_pen_pressure_reaches_the_tool(opened: MainWindow) -> None:
    opened.state.choose(tool="brush", class_id=0, radius_px=20)
    pen = QPointingDevice.primaryPointingDevice()
    place = QPointF(at(opened, 120, 100))

    def send(kind: QTabletEvent.Type, pressure: float, buttons: Qt.MouseButton) -> None:
        event = QTabletEvent(
            kind, pen, place, place, pressure, 0, 0, 0, 0, 0, Qt.KeyboardModifier.NoModifier,
            Qt.MouseButton.LeftButton, buttons,
        )  # fmt: skip
        QApplication.sendEvent(opened.canvas, event)

    send(QTabletEvent.Type.TabletPress, 0.5, Qt.MouseButton.LeftButton)
    send(QTabletEvent.Type.TabletRelease, 0.0, Qt.MouseButton.NoButton)
    painted = int((opened.state.document.plane == 0).sum())
    assert abs(painted - np.pi * 100) < 40


def test_side_by_side_draws_in_both_panes_and_a_stroke_does_not_jump(opened: MainWindow) -> None:
    image = opened.state.image
    labels = np.zeros((120, 160), np.uint8)
    found = Prediction(image.item.name, 1, ("_background_", "car"), labels, np.zeros((2, 120, 160), np.uint8), labels)
    opened.predicting.show(found)
    opened.viewing.compare(SIDE_BY_SIDE)
    assert opened.state.layers.compare == SIDE_BY_SIDE
    left, right = opened.canvas.panes
    x, y = opened.canvas.to_image(QPointF(left.view.to_screen(40, 50)))
    assert (round(x), round(y)) == (40, 50)
    x, y = opened.canvas.to_image(QPointF(right.view.to_screen(40, 50)))
    assert (round(x), round(y)) == (40, 50)
    opened.state.choose(tool="brush", class_id=0, radius_px=3)
    start, end = left.view.to_screen(150, 60).toPoint(), right.view.to_screen(10, 60).toPoint()
    QTest.mousePress(opened.canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(opened.canvas, end)
    QTest.mouseRelease(opened.canvas, Qt.MouseButton.LeftButton, pos=end)
    assert not (opened.state.document.plane[55:65, :100] == 0).any()


def test_label_style_and_palette_change_the_screen_and_not_the_labels(opened: MainWindow) -> None:
    before, plane = opened.canvas.grab().toImage(), opened.state.document.plane.copy()
    opened.viewing.next_style()
    assert opened.state.layers.style == OUTLINE
    outlined = opened.canvas.grab().toImage()
    opened.viewing.toggle_palette()
    safe = opened.canvas.grab().toImage()
    assert before != outlined != safe
    assert (opened.state.document.plane == plane).all()


# -- shortcuts


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_gives_a_key_two_meanings_and_names_an_action_that_is_not_there(
    window: MainWindow, name: str
) -> None:
    keymap = window.shortcuts.keymap
    keys = keymap.preset_keys(name)
    assert keymap.find_clashes(keys) == {}
    assert {action.name for action in keymap.actions} == set(keys)


def test_own_keys_of_an_action_that_was_renamed_are_kept(window: MainWindow) -> None:
    window.settings.own_keys = {"toggle_heat": "Ctrl+Alt+9"}
    assert window.shortcuts.keymap.keys["toggle_probability_map"] == "Ctrl+Alt+9"


def test_a_disabled_action_says_why_in_its_tip_and_in_the_palette(window: MainWindow, opened: MainWindow) -> None:
    assert not opened.actions_by_name["accept_all"].isEnabled()
    assert "Predict this image first." in opened.actions_by_name["accept_all"].toolTip()
    refused = {command.text: command.refusal for command in opened.shortcuts._commands() if command.refusal}
    assert refused["Accept the whole prediction"] == "Predict this image first."
    assert "Train" not in refused


def test_a_shortcut_clash_is_found_resolved_and_stored(opened: MainWindow) -> None:
    keymap = opened.shortcuts.keymap
    dialog = ShortcutsDialog(keymap, opened)
    dialog._filter.setText("Brush")
    dialog._tree.setCurrentItem(dialog._tree.topLevelItem(0))
    dialog._edit.setKeySequence(QKeySequence("E"))
    dialog._edit.editingFinished.emit()
    assert "more than one action" in dialog._message.text()
    dialog._resolve_clash()
    dialog.accept()
    assert split_keys(keymap.keys["brush"]) == ["E"]
    assert split_keys(keymap.keys["eraser"]) == []
    opened.shortcuts.apply()
    assert opened.actions_by_name["brush"].shortcut().toString() == "E"
    dialog.deleteLater()


def test_the_palette_ranks_commands_that_start_with_the_text_first() -> None:
    from PySide6.QtGui import QIcon

    commands = [Command(text, "Tools", "", QIcon(), lambda: None) for text in ("Fill holes", "Bucket fill", "Lasso")]
    ranks = [rank("fill", command) for command in commands]
    assert ranks[0] < ranks[1]
    assert ranks[2] is None


def test_a_window_of_values_applies_to_one_image_only(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    from dataclasses import replace

    from PIL import Image

    home = tmp_path / "deep"
    home.mkdir()
    ramp = (np.arange(160, dtype=np.uint16)[None, :] * 300 + np.zeros((120, 1), np.uint16)).astype(np.uint16)
    for name in ("d0", "d1"):
        Image.fromarray(ramp).save(home / f"{name}.png")
    window.open_path(home)
    wait_for(qtbot, lambda: window.state.image is not None and window.jobs.idle)
    first = window.state.image
    window.viewing.set_display(replace(window.state.layers.display, window=(3000, 6000)))
    wait_for(qtbot, lambda: first.window == (3000, 6000))
    shown = first.levels[0][0, :, 0]
    assert (shown[:10] == 0).all()
    assert (shown[21:] == 255).all()
    assert 100 < shown[15] < 155
    walk(window, qtbot, "d1.png")
    assert window.state.layers.display.window is None
    walk(window, qtbot, "d0.png")
    assert window.state.layers.display.window == window.state.image.window
    window.viewing.set_display(Display())
    wait_for(qtbot, lambda: window.state.image.window is None)
    assert window.state.image.levels[0][0, 80, 0] < 255


def test_brightness_applies_to_the_whole_canvas_and_to_partial_repaints(opened: MainWindow) -> None:
    before = _bytes_of(opened.canvas.grab().toImage())
    opened.viewing.set_display(Display(0.2, 0.1, 1.3))
    opened.canvas.set_view(opened.canvas.view.zoom_at(2.0, QPointF(100, 100)))
    whole = opened.canvas.grab().toImage()
    assert (_bytes_of(whole) != before).mean() > 0.2
    part = opened.canvas.rect().adjusted(61, 47, -101, -83)
    again = _bytes_of(opened.canvas.grab(part).toImage())
    # Qt rounds pixel edges at the clip, so single rows there may differ
    assert (again != _bytes_of(whole.copy(part))).mean() < 0.01


def _bytes_of(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).copy()
