"""The canvas in its window: objects, recovery, walking, seeing, keys."""

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
from PySide6.QtGui import QImage, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.app.layers import OUTLINE, SIDE_BY_SIDE
from segstudio.core.classes import UNLABELLED
from segstudio.core.prediction import Prediction
from segstudio.core.raster import rasterise
from segstudio.core.shape import RECTANGLE, Shape
from segstudio.core.stroke import Marks, with_selected
from segstudio.ui.action_rows import ACTIONS
from segstudio.ui.dialogs.palette import Command, rank
from segstudio.ui.dialogs.shortcuts import ShortcutsDialog
from segstudio.ui.keymap import PRESETS, Keymap, clashes, preset, split
from segstudio.ui.window import MainWindow
from tests.ui.conftest import wait_for

ROOT = Path(__file__).resolve().parents[2]


def at(window: MainWindow, x: float, y: float) -> QPoint:
    return window.canvas.view.to_screen(x, y).toPoint()


def add(window: MainWindow, *corners: tuple[float, float, float, float]) -> None:
    for x0, y0, x1, y1 in corners:
        window.session.document.add("r", Shape("car", RECTANGLE, ((x0, y0), (x1, y1))))
    window.session.edited.emit()


def select(window: MainWindow, *places: int) -> None:
    shapes = window.session.document.annotation.shapes
    window.session.set_marks(with_selected(Marks(), frozenset(shapes[place].uid for place in places)))


def walk(window: MainWindow, qtbot: QtBot, name: str) -> None:
    window.opening.open_item(name)
    wait_for(qtbot, lambda: window.session.image is not None and window.session.image.item.name == name)


# -- objects


def test_objects_are_copied_into_another_image(opened: MainWindow, qtbot: QtBot) -> None:
    select(opened, 0)
    opened.objects_flow.copy()
    walk(opened, qtbot, "p2.png")
    opened.objects_flow.paste()
    assert [shape.kind for shape in opened.session.document.annotation.shapes] == ["polygon"]
    assert opened.session.document.selected == [0]


def test_the_detail_slider_changes_the_last_conversion_as_one_step(opened: MainWindow) -> None:
    document = opened.session.document
    opened.objects_flow.land(document, "clear", document.annotation.with_shapes(()))
    opened.session.choose(tool="brush", class_id=1, radius_px=20)
    QTest.mouseClick(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 80, 60))
    select(opened, 0)
    opened.session.set_option("detail_px", 0.0)
    opened.reshaping.to_polygon()
    many, steps = len(document.annotation.shapes[0].points), len(document.history)
    opened.session.set_option("detail_px", 4.0)
    assert len(document.annotation.shapes[0].points) < many
    assert len(document.history) == steps
    assert (rasterise(document.annotation, document.table) == document.plane).all()


def test_a_large_object_is_changed_in_a_job_and_dropped_if_the_image_changed(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segstudio.ui.features import edit_runner

    monkeypatch.setattr(edit_runner, "_AT_ONCE_PIXELS", 0)
    add(opened, (20, 20, 60, 60))
    select(opened, 1)
    before = (opened.session.document.plane != UNLABELLED).sum()
    opened.reshaping.grow()
    wait_for(qtbot, lambda: opened.session.jobs.idle)
    assert (opened.session.document.plane != UNLABELLED).sum() > before
    opened.reshaping.grow()
    add(opened, (90, 90, 110, 110))
    wait_for(qtbot, lambda: opened.session.jobs.idle)
    assert "dropped" in opened.messages.text


def test_hidden_objects_are_not_shown_and_come_back(opened: MainWindow) -> None:
    add(opened, (20, 20, 60, 60))
    select(opened, 1)
    opened.marking.hide()
    image = opened.session.image
    assert image.shown.plane[40, 22] == UNLABELLED != image.document.plane[40, 22]
    opened.session.choose(tool="brush", class_id=0, radius_px=4)
    QTest.mouseClick(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 100, 100))
    assert image.shown.plane[100, 100] == 0
    opened.marking.show_all()
    assert image.shown.plane is image.document.plane


def test_the_list_of_objects_and_the_canvas_select_the_same(opened: MainWindow, qtbot: QtBot) -> None:
    opened.workspaces.show_dock("objects")
    wait_for(qtbot, opened.objects.isVisible)
    add(opened, (90, 20, 120, 60), (90, 70, 120, 110))
    panel = opened.objects
    panel._table.selectRow(0)
    assert opened.session.document.selected == [2]
    assert opened.session.tool.name == "select"
    QTest.mouseClick(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 100, 40))
    assert {index.row() for index in panel._table.selectionModel().selectedIndexes()} == {1}
    panel._filter.setText("polygon")
    assert [shape.kind for shape in panel._model.shapes] == ["polygon"]


def test_delete_works_with_any_tool_in_hand(opened: MainWindow) -> None:
    add(opened, (90, 20, 120, 60))
    select(opened, 1)
    opened.session.choose(tool="brush")
    opened.canvas.setFocus()
    QTest.keyClick(opened.canvas, Qt.Key.Key_Delete)
    assert len(opened.session.document.annotation.shapes) == 1


# -- nothing is lost


def test_after_a_crash_the_labels_are_offered_recovered_and_saved(
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
    wait_for(qtbot, lambda: window.session.jobs.idle and not window.session.dirty)
    assert len(json.loads((folder / "p0.json").read_text())["shapes"]) == 2
    assert not list((folder / ".segstudio" / "journal").rglob("*.json"))


def test_a_failed_save_stays_dirty_and_can_be_tried_again_or_written_elsewhere(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from segstudio.errors import FileError
    from segstudio.ui.features import save as flow

    real = flow.save

    def full(*_: object) -> None:
        raise FileError("p0.json", "there is no space left", "free some space")

    monkeypatch.setattr(flow, "save", full)
    add(opened, (90, 20, 120, 60))
    opened.saving.save_now()
    wait_for(qtbot, lambda: "no space" in opened.messages.text)
    assert opened.session.dirty
    opened.copying.write(opened.session.image.item, tmp_path / "mine.json")
    wait_for(qtbot, lambda: (tmp_path / "mine.json").is_file())
    monkeypatch.setattr(flow, "save", real)
    opened.messages._on_remedy(0)
    wait_for(qtbot, lambda: not opened.session.dirty)


def test_taking_the_files_version_of_one_image_spares_the_drawing_on_another(
    opened: MainWindow, qtbot: QtBot, folder: Path
) -> None:
    opened.saving.set_autosave(False)
    first = opened.session.image.item
    add(opened, (90, 20, 120, 60))
    walk(opened, qtbot, "p2.png")
    add(opened, (10, 10, 30, 30))
    opened.saving.discard(first)
    assert opened.session.image.item.name == "p2.png"
    assert len(opened.session.document.annotation.shapes) == 1
    walk(opened, qtbot, "p0.png")
    assert len(opened.session.document.annotation.shapes) == 1


def test_unsaved_work_outlives_a_file_that_went_bad(opened: MainWindow, qtbot: QtBot, folder: Path) -> None:
    opened.saving.set_autosave(False)
    add(opened, (90, 20, 120, 60))
    walk(opened, qtbot, "p1.png")
    (folder / "p0.json").write_text("<<<<<<< merge conflict")
    os.utime(folder / "p0.png")
    walk(opened, qtbot, "p0.png")
    assert len(opened.session.document.annotation.shapes) == 2
    assert opened.saving.unsaved_names == ["p0.png"]
    opened.saving.keep_mine(opened.session.image.item)
    wait_for(qtbot, lambda: not opened.session.dirty)
    assert len(json.loads((folder / "p0.json").read_text())["shapes"]) == 2


def test_history_hiding_and_selection_survive_walking_away_and_back(opened: MainWindow, qtbot: QtBot) -> None:
    add(opened, (90, 20, 120, 60))
    select(opened, 1)
    opened.marking.hide()
    walk(opened, qtbot, "p1.png")
    walk(opened, qtbot, "p0.png")
    assert len(opened.session.document.marks.hidden) == 1
    opened.annotating.undo()
    assert len(opened.session.document.annotation.shapes) == 1


def test_a_neighbour_is_read_ahead_and_not_shown_if_its_labels_changed(
    opened: MainWindow, qtbot: QtBot, folder: Path
) -> None:
    wait_for(qtbot, lambda: [p.item.name for p in opened.prefetching.at_hand()] == ["p1.png"])
    content = json.loads((folder / "p1.json").read_text())
    content["shapes"] = []
    (folder / "p1.json").write_text(json.dumps(content))
    walk(opened, qtbot, "p1.png")
    assert opened.session.image.document.annotation.shapes == ()


def test_a_result_for_a_image_left_behind_is_dropped(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.choose(tool="wand", class_id=1)
    QTest.mousePress(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 30, 100))
    QTest.mouseRelease(opened.canvas, Qt.MouseButton.LeftButton, pos=at(opened, 30, 100))
    walk(opened, qtbot, "p2.png")
    wait_for(qtbot, lambda: opened.session.jobs.idle)
    assert opened.session.document.annotation.shapes == ()


# -- seeing


def test_a_pens_pressure_and_its_eraser_reach_the_tool(opened: MainWindow) -> None:
    opened.session.choose(tool="brush", class_id=0, radius_px=20)
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
    painted = int((opened.session.document.plane == 0).sum())
    assert abs(painted - np.pi * 100) < 40


def test_side_by_side_draws_in_both_halves_and_a_stroke_does_not_jump(opened: MainWindow) -> None:
    image = opened.session.image
    labels = np.zeros((120, 160), np.uint8)
    found = Prediction(image.item.name, 1, ("_background_", "car"), labels, np.zeros((2, 120, 160), np.uint8), labels)
    opened.predicting.show(found)
    opened.seeing.side_by_side()
    assert opened.session.layers.compare == SIDE_BY_SIDE
    left, right = opened.canvas.panes
    x, y = opened.canvas.to_image(QPointF(left.view.to_screen(40, 50)))
    assert (round(x), round(y)) == (40, 50)
    x, y = opened.canvas.to_image(QPointF(right.view.to_screen(40, 50)))
    assert (round(x), round(y)) == (40, 50)
    opened.session.choose(tool="brush", class_id=0, radius_px=3)
    start, end = left.view.to_screen(150, 60).toPoint(), right.view.to_screen(10, 60).toPoint()
    QTest.mousePress(opened.canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(opened.canvas, end)
    QTest.mouseRelease(opened.canvas, Qt.MouseButton.LeftButton, pos=end)
    assert not (opened.session.document.plane[55:65, :100] == 0).any()


def test_outlines_colours_and_display_change_the_screen_and_not_the_labels(opened: MainWindow) -> None:
    before, plane = opened.canvas.grab().toImage(), opened.session.document.plane.copy()
    opened.seeing.next_style()
    assert opened.session.layers.style == OUTLINE
    outlined = opened.canvas.grab().toImage()
    opened.seeing.toggle_palette()
    safe = opened.canvas.grab().toImage()
    assert before != outlined != safe
    assert (opened.session.document.plane == plane).all()


# -- keys


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_gives_a_key_two_meanings_and_every_action_has_one(name: str) -> None:
    keys = preset(name)
    assert clashes(keys) == {}
    assert {row.name for row in ACTIONS} == set(keys)


def test_a_clash_is_found_taken_away_and_kept_in_the_settings(opened: MainWindow) -> None:
    keymap = Keymap(opened.settings)
    dialog = ShortcutsDialog(keymap, opened)
    dialog._filter.setText("Brush")
    dialog._tree.setCurrentItem(dialog._tree.topLevelItem(0))
    dialog._set("E", "brush")
    assert "two things" in dialog._message.text()
    dialog._take_away()
    dialog._on_ok()
    assert split(keymap.keys["brush"]) == ["E"]
    assert split(keymap.keys["eraser"]) == []
    opened.keys.apply()
    assert opened.actions_by_name["brush"].shortcut().toString() == "E"
    dialog.deleteLater()


def test_the_palette_ranks_what_begins_so_first() -> None:
    from PySide6.QtGui import QIcon

    commands = [Command(text, "Tools", "", QIcon(), lambda: None) for text in ("Fill holes", "Bucket fill", "Lasso")]
    ranks = [rank("fill", command) for command in commands]
    assert ranks[0] < ranks[1]
    assert ranks[2] is None


def test_another_window_of_values_is_shown_and_left_with_its_image(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    from dataclasses import replace

    from PIL import Image

    home = tmp_path / "deep"
    home.mkdir()
    ramp = (np.arange(160, dtype=np.uint16)[None, :] * 300 + np.zeros((120, 1), np.uint16)).astype(np.uint16)
    for name in ("d0", "d1"):
        Image.fromarray(ramp).save(home / f"{name}.png")
    window.open_path(home)
    wait_for(qtbot, lambda: window.session.image is not None and window.session.jobs.idle)
    first = window.session.image
    window.showing.set(replace(window.session.layers.display, window=(3000, 6000)))
    wait_for(qtbot, lambda: first.window == (3000, 6000))
    shown = first.levels[0][0, :, 0]
    assert (shown[:10] == 0).all()
    assert (shown[21:] == 255).all()
    assert 100 < shown[15] < 155
    walk(window, qtbot, "d1.png")
    assert window.session.layers.display.window is None
    walk(window, qtbot, "d0.png")
    assert window.session.layers.display.window == window.session.image.window
    window.showing.reset()
    wait_for(qtbot, lambda: window.session.image.window is None)
    assert window.session.image.levels[0][0, 80, 0] < 255


def test_brightness_changes_the_screen_and_so_does_every_part_repainted_later(opened: MainWindow) -> None:
    from segstudio.app.display import Display

    before = _bytes_of(opened.canvas.grab().toImage())
    opened.showing.set(Display(0.2, 0.1, 1.3))
    opened.canvas.set_view(opened.canvas.view.zoomed(2.0, QPointF(100, 100)))
    whole = opened.canvas.grab().toImage()
    assert (_bytes_of(whole) != before).mean() > 0.2
    part = opened.canvas.rect().adjusted(61, 47, -101, -83)
    again = _bytes_of(opened.canvas.grab(part).toImage())
    # Qt rounds a pixel's edge by the clip, so single rows on an edge may differ
    assert (again != _bytes_of(whole.copy(part))).mean() < 0.01


def _bytes_of(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).copy()
