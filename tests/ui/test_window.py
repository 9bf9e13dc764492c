"""The window, used with mouse and keys."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from segstudio.app.training_run import TrainChoices
from segstudio.core.classes import UNLABELLED
from segstudio.core.prediction import Prediction
from segstudio.ui.window import MainWindow
from tests.ui.conftest import wait_for

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def at(window: MainWindow, x: float, y: float) -> QPoint:
    return window.canvas.view.to_screen(x, y).toPoint()


def drag(window: MainWindow, *way: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(window.canvas, button, pos=at(window, *way[0]))
    for point in way[1:]:
        QTest.mouseMove(window.canvas, at(window, *point))
    QTest.mouseRelease(window.canvas, button, pos=at(window, *way[-1]))


def show(window: MainWindow, name: str, qtbot: QtBot) -> None:
    window.opening.open_item(name)
    wait_for(qtbot, lambda: window.state.image is not None and window.state.image.item.name == name)


def shapes_on_disk(folder: Path, name: str) -> list[dict]:
    return json.loads((folder / name).read_text("utf-8"))["shapes"]


def test_a_stroke_is_painted_undone_redone_and_saved_automatically(
    opened: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    document = opened.state.image.document
    before = document.plane.copy()
    drag(opened, (100, 60), (120, 60), (140, 80))
    assert document.plane[60, 110] == 1
    painted = document.plane.copy()
    QTest.keyClick(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (document.plane == before).all()
    QTest.keyClick(opened, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert (document.plane == painted).all()
    wait_for(qtbot, lambda: not opened.state.unsaved)
    kinds = [shape["shape_type"] for shape in shapes_on_disk(folder, "p0.json")]
    assert kinds == ["polygon", "mask"]


def test_an_undo_is_saved_automatically(opened: MainWindow, folder: Path, qtbot: QtBot) -> None:
    drag(opened, (100, 60), (140, 60))
    wait_for(qtbot, lambda: len(shapes_on_disk(folder, "p0.json")) == 2)
    opened.state.undo()
    wait_for(qtbot, lambda: len(shapes_on_disk(folder, "p0.json")) == 1)


def test_history_survives_opening_another_image(opened: MainWindow, qtbot: QtBot) -> None:
    drag(opened, (100, 60), (140, 60))
    painted = opened.state.image.document.plane.copy()
    QTest.keyClick(opened.canvas, Qt.Key.Key_D)
    wait_for(qtbot, lambda: opened.state.image.item.name == "p1.png")
    assert opened.state.image.document.history.undo_name is None
    QTest.keyClick(opened.canvas, Qt.Key.Key_A)
    wait_for(qtbot, lambda: opened.state.image.item.name == "p0.png")
    assert (opened.state.image.document.plane == painted).all()
    opened.state.undo()
    assert opened.state.image.document.plane[60, 120] == UNLABELLED
    opened.state.redo()
    assert (opened.state.image.document.plane == painted).all()


def test_a_polygon_is_drawn_and_its_vertex_moved(opened: MainWindow, qtbot: QtBot) -> None:
    show(opened, "p2.png", qtbot)
    QTest.keyClick(opened.canvas, Qt.Key.Key_P)
    for point in ((30, 30), (100, 30), (100, 90)):
        drag(opened, point)
    QTest.keyClick(opened.canvas, Qt.Key.Key_Return)
    (shape,) = opened.state.image.document.annotation.shapes
    assert shape.kind == "polygon"
    drag(opened, (100, 90), (120, 100), (140, 110))
    (shape,) = opened.state.image.document.annotation.shapes
    assert np.allclose(shape.points[2], (140, 110), atol=1)
    QTest.mouseMove(opened.canvas, at(opened, 95, 50))
    QTest.keyClick(opened.canvas, Qt.Key.Key_Delete)
    assert opened.state.image.document.annotation.shapes == ()


def test_digits_choose_the_class_and_brackets_the_size(opened: MainWindow) -> None:
    QTest.keyClick(opened.canvas, Qt.Key.Key_0)
    assert opened.state.settings.class_id == 0
    QTest.keyClick(opened.canvas, Qt.Key.Key_1)
    assert opened.state.settings.class_id == 1
    QTest.keyClick(opened.canvas, Qt.Key.Key_7)
    assert opened.state.settings.class_id == 1
    assert "no class 7" in opened.messages.text
    size = opened.state.settings.radius_px
    QTest.keyClick(opened.canvas, Qt.Key.Key_BracketRight)
    assert opened.state.settings.radius_px > size


def test_letters_typed_into_the_filter_trigger_no_shortcut(opened: MainWindow) -> None:
    QTest.keyClick(opened.canvas, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    field = opened.images.findChild(QLineEdit)
    assert field.hasFocus()
    QTest.keyClicks(field, "dp1e")
    assert field.text() == "dp1e"
    assert opened.state.tool.info.name == "brush"
    assert opened.state.image.item.name == "p0.png"
    field.setText("p1")
    assert opened.listing.names == ["p1.png"]


def test_the_wheel_zooms_at_the_pointer_and_middle_drag_pans(opened: MainWindow) -> None:
    where = QPointF(at(opened, 30, 40))
    before = opened.canvas.view.to_image(where)
    globally = QPointF(opened.canvas.mapToGlobal(where.toPoint()))
    none, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(where, globally, QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, none, phase, False)
    zoom = opened.canvas.view.zoom
    QApplication.sendEvent(opened.canvas, event)
    assert opened.canvas.view.zoom == pytest.approx(zoom * 1.25**2)
    assert opened.canvas.view.to_image(where) == pytest.approx(before)
    dx = opened.canvas.view.dx
    plane = opened.state.image.document.plane.copy()
    start = opened.canvas.rect().center()
    QTest.mousePress(opened.canvas, MIDDLE, pos=start)
    QTest.mouseMove(opened.canvas, start + QPoint(35, 0))
    QTest.mouseRelease(opened.canvas, MIDDLE, pos=start + QPoint(35, 0))
    assert opened.canvas.view.dx == pytest.approx(dx + 35)
    QTest.keyPress(opened.canvas, Qt.Key.Key_Space)
    QTest.mousePress(opened.canvas, LEFT, pos=start)
    QTest.mouseMove(opened.canvas, start - QPoint(35, 0))
    QTest.mouseRelease(opened.canvas, LEFT, pos=start - QPoint(35, 0))
    QTest.keyRelease(opened.canvas, Qt.Key.Key_Space)
    assert opened.canvas.view.dx == pytest.approx(dx)
    assert (opened.state.image.document.plane == plane).all()


def test_holding_h_shows_the_bare_image(opened: MainWindow) -> None:
    def pixel() -> tuple[int, ...]:
        return opened.canvas.grab().toImage().pixelColor(at(opened, 70, 40)).getRgb()[:3]

    opened.state.set_layers(opened.state.layers.with_layer("labels", opacity=1.0))
    assert pixel() == (128, 0, 0)
    QTest.keyPress(opened.canvas, Qt.Key.Key_H)
    with Image.open(opened.state.image.item.image) as image:
        near = np.asarray(image)[38:43, 68:73].reshape(-1, 3)
    assert pixel() in {tuple(int(v) for v in rgb) for rgb in near}
    QTest.keyRelease(opened.canvas, Qt.Key.Key_H)
    assert pixel() == (128, 0, 0)


def test_hiding_a_class_and_recolouring_show_at_once(opened: MainWindow) -> None:
    def pixel() -> tuple[int, ...]:
        return opened.canvas.grab().toImage().pixelColor(at(opened, 70, 40)).getRgb()[:3]

    opened.state.set_layers(opened.state.layers.with_layer("labels", opacity=1.0))
    opened.classing.recolour(1, (0, 200, 0))
    assert pixel() == (0, 200, 0)
    opened.classing.toggle_visible(1)
    assert pixel() != (0, 200, 0)


def test_a_renamed_class_is_renamed_in_every_file(opened: MainWindow, folder: Path, qtbot: QtBot) -> None:
    opened.classing.rename(1, "vehicle")
    wait_for(qtbot, lambda: shapes_on_disk(folder, "p1.json")[0]["label"] == "vehicle")
    opened.classing.rename(1, "_background_")
    assert "already" in opened.messages.text
    assert opened.state.table[1].name == "vehicle"
    drag(opened, (100, 60), (140, 60))
    wait_for(qtbot, lambda: {s["label"] for s in shapes_on_disk(folder, "p0.json")} == {"vehicle"})
    assert json.loads((folder / ".segstudio" / "project.json").read_text())["classes"][1]["name"] == "vehicle"


def test_a_class_is_added_and_drawn_with(opened: MainWindow, folder: Path, qtbot: QtBot) -> None:
    opened.classing.add("road")
    assert opened.state.settings.class_id == 2
    drag(opened, (100, 60), (140, 60))
    wait_for(qtbot, lambda: "road" in {s["label"] for s in shapes_on_disk(folder, "p0.json")})


def test_a_file_that_cannot_be_parsed_is_shown_as_such_and_stays_byte_identical(
    opened: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    before = (folder / "p3.json").read_bytes()
    assert opened.state.item_states["p3.png"].problem
    show(opened, "p3.png", qtbot)
    assert opened.state.image.read_only
    assert "p3.json" in opened.messages.text
    drag(opened, (50, 50), (90, 90))
    assert (opened.state.image.document.plane == UNLABELLED).all()
    opened.workspace.save()
    opened.drawing.toggle_done()
    assert opened.close()
    assert (folder / "p3.json").read_bytes() == before


def test_a_failed_save_is_shown_and_can_be_retried(
    opened: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "p0.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        drag(opened, (100, 60), (140, 60))
        wait_for(qtbot, lambda: "No space left" in opened.messages.text)
    assert opened.state.unsaved
    assert (folder / "p0.json").read_bytes() == before
    opened.workspace.retry()
    wait_for(qtbot, lambda: not opened.state.unsaved)
    assert len(shapes_on_disk(folder, "p0.json")) == 2


def test_labels_that_could_not_be_saved_are_kept_while_other_images_are_open(
    opened: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        drag(opened, (100, 60), (140, 60))
        show(opened, "p1.png", qtbot)
        wait_for(qtbot, lambda: opened.workspace.unsaved_names == ["p0.png"])
        show(opened, "p0.png", qtbot)
        assert opened.state.image.document.plane[60, 120] == 1
        assert opened.state.unsaved
        show(opened, "p1.png", qtbot)
        wait_for(qtbot, lambda: opened.jobs.idle)
    opened.workspace.retry()
    wait_for(qtbot, lambda: opened.workspace.unsaved_names == [])
    assert len(shapes_on_disk(folder, "p0.json")) == 2


def test_a_file_changed_by_another_program_is_not_overwritten(opened: MainWindow, folder: Path, qtbot: QtBot) -> None:
    changed = (folder / "p0.json").read_text() + "\n"
    (folder / "p0.json").write_text(changed)
    drag(opened, (100, 60), (140, 60))
    wait_for(qtbot, lambda: "changed by another program" in opened.messages.text)
    assert (folder / "p0.json").read_text() == changed
    assert opened.state.unsaved


def test_closing_with_labels_that_cannot_be_saved_asks_and_can_be_cancelled(
    opened: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    (folder / "p0.json").write_text((folder / "p0.json").read_text() + "\n")
    drag(opened, (100, 60), (140, 60))
    with monkeypatch.context() as patch:
        patch.setattr(MainWindow, "_agrees_to_lose", lambda _, names: bool(asked.append(names)))
        assert not opened.close()
    assert asked == [["p0.png"]]
    assert opened.isVisible()
    assert opened.state.image.document.plane[60, 120] == 1


def test_an_edit_on_a_second_visit_is_saved_like_one_on_the_first(
    opened: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    for row, count in ((30, 2), (100, 2)):
        drag(opened, (100, row), (140, row))
        wait_for(qtbot, lambda: not opened.state.unsaved)
        assert len(shapes_on_disk(folder, "p0.json")) == count
        show(opened, "p1.png", qtbot)
        show(opened, "p0.png", qtbot)
    mask = opened.state.image.document.annotation.shapes[-1].bitmap
    assert mask.box.y0 < 40
    assert mask.box.y1 > 90


def test_opening_another_folder_writes_the_last_edits_of_the_first(
    opened: MainWindow, folder: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    Image.new("RGB", (90, 70)).save(other / "p0.png")
    drag(opened, (100, 60), (140, 60))
    opened.open_path(other)
    wait_for(qtbot, lambda: opened.state.image is not None and opened.jobs.idle)
    assert opened.state.image.document.plane.shape == (70, 90)
    assert len(shapes_on_disk(folder, "p0.json")) == 2
    assert not (other / "p0.json").exists()
    assert opened.state.settings.class_id < len(opened.state.table)


def test_what_is_drawn_while_the_next_image_loads_is_kept(opened: MainWindow, folder: Path, qtbot: QtBot) -> None:
    opened.opening.open_item("p1.png")
    drag(opened, (100, 60), (140, 60))  # p0 is still on the screen
    wait_for(qtbot, lambda: opened.state.image.item.name == "p1.png" and opened.jobs.idle)
    assert len(shapes_on_disk(folder, "p0.json")) == 2
    show(opened, "p0.png", qtbot)
    assert opened.state.image.document.plane[60, 120] == 1


def test_a_conflict_ends_when_the_file_version_is_used_or_the_file_is_moved(
    opened: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    theirs = (folder / "p1.json").read_text().replace("80.0", "81.0")
    (folder / "p0.json").write_text(theirs)
    drag(opened, (100, 60), (140, 60))
    wait_for(qtbot, lambda: "changed by another program" in opened.messages.text)
    opened.workspace.discard(opened.state.image.item)
    wait_for(qtbot, lambda: opened.state.image is not None)
    assert opened.state.image.document.annotation.shapes[0].points[1] == (81.0, 20.0)
    (folder / "p0.json").unlink()
    drag(opened, (100, 60), (140, 60))
    wait_for(qtbot, lambda: (folder / "p0.json").exists())


def test_undo_removes_open_points_before_it_undoes_an_edit(opened: MainWindow) -> None:
    drag(opened, (100, 60), (140, 60))
    opened.state.choose(tool="polygon")
    for point in ((30, 30), (100, 30)):
        drag(opened, point)
    for _ in range(2):
        opened.state.undo()
        assert opened.state.image.document.plane[60, 120] == 1
    opened.state.undo()
    assert opened.state.image.document.plane[60, 120] == UNLABELLED


def test_a_stroke_keeps_its_class_whatever_key_is_pressed_meanwhile(opened: MainWindow) -> None:
    QTest.mousePress(opened.canvas, LEFT, pos=at(opened, 100, 60))
    QTest.keyClick(opened.canvas, Qt.Key.Key_0)
    QTest.mouseMove(opened.canvas, at(opened, 140, 60))
    QTest.mouseRelease(opened.canvas, LEFT, pos=at(opened, 140, 60))
    assert (opened.state.image.document.plane[60, 100:140] == 1).all()


def test_a_polygon_started_on_one_image_does_not_continue_on_the_next(opened: MainWindow, qtbot: QtBot) -> None:
    opened.state.choose(tool="polygon")
    for point in ((30, 30), (100, 30), (100, 90)):
        drag(opened, point)
    show(opened, "p2.png", qtbot)
    QTest.keyClick(opened.canvas, Qt.Key.Key_Return)
    QTest.keyClick(opened.canvas, Qt.Key.Key_Delete)
    assert opened.state.image.document.annotation.shapes == ()


def test_stop_works_while_samples_are_gathered(opened: MainWindow, folder: Path, qtbot: QtBot) -> None:
    opened.training.train(TrainChoices("r", {"steps": "5", "width": "4", "patch_size": "32", "minutes": "0"}))
    assert opened.state.training
    opened.training.stop()
    wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)
    assert not (folder / ".segstudio" / "runs" / "r").exists()


def test_a_training_that_cannot_start_shows_why_and_another_can_follow(
    opened: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    settings = {"steps": "2", "width": "4", "patch_size": "32", "minutes": "0", "device": "cpu"}
    opened.training.train(TrainChoices("r", {**settings, "device": "gpu"}))
    wait_for(qtbot, lambda: not opened.state.training)
    assert "not on this machine" in opened.messages.text
    for _ in range(2):
        opened.training.train(TrainChoices("r", settings))
        wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)
    assert "there is a run of this name" in opened.messages.text
    assert opened.state.run == "r"
    assert set(opened.state.scores) == {"p0.png", "p1.png"}
    opened.predicting.predict()
    wait_for(qtbot, lambda: opened.state.image.prediction is not None)


def test_a_prediction_for_another_image_is_dropped(opened: MainWindow) -> None:
    planes = np.zeros((120, 160), np.uint8)
    late = Prediction("p1.png", 5, ("_background_", "car"), planes, np.zeros((2, 120, 160), np.uint8), planes)
    opened.predicting.show(late)
    assert opened.state.image.prediction is None


def test_metrics_follow_labels_and_prediction(opened: MainWindow, qtbot: QtBot) -> None:
    image = opened.state.image
    opened.state.set_layers(opened.state.layers.with_layer("errors", visible=True))
    labels = np.where(image.document.plane == 1, 1, 0).astype(np.uint8)
    opened.predicting.show(
        Prediction("p0.png", 5, ("_background_", "car"), labels, np.zeros((2, 120, 160), np.uint8), labels)
    )
    opened.metrics.refresh()
    assert "1.000" in opened.metrics.headline
    drag(opened, (100, 60), (140, 60))
    wait_for(qtbot, lambda: "1.000" not in opened.metrics.headline)
    assert image.errors[60, 120] == 1
    assert image.errors[30, 70] == 0


def test_marking_as_done_is_saved(opened: MainWindow, folder: Path, qtbot: QtBot) -> None:
    QTest.keyClick(opened, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    wait_for(qtbot, lambda: opened.state.item_states["p0.png"].status == "done")
    assert json.loads((folder / "p0.json").read_text())["segstudio"] == {"status": "done"}


def test_a_folder_that_cannot_be_written_to_still_opens(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        window.open_path(folder)
        wait_for(qtbot, lambda: len(window.state.item_states) == 4)
    finally:
        folder.chmod(0o755)


def test_a_missing_path_is_reported(window: MainWindow, tmp_path: Path) -> None:
    window.open_path(tmp_path / "none.png")
    assert "no such file" in window.messages.text


def test_an_image_path_opens_its_folder_at_that_image(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    window.open_path(folder / "p2.png")
    wait_for(qtbot, lambda: window.state.image is not None)
    assert window.state.image.item.name == "p2.png"


def test_a_broken_image_is_reported_and_the_next_one_opens(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    (folder / "p0.png").write_bytes(b"no image")
    window.open_path(folder)
    wait_for(qtbot, lambda: "p0.png" in window.messages.text)
    window.opening.next()
    wait_for(qtbot, lambda: window.state.image is not None)
    assert window.state.image.item.name == "p1.png"


def test_every_action_has_a_text_a_tip_and_its_own_key(window: MainWindow) -> None:
    keys = [key.toString() for action in window.actions_by_name.qactions.values() for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    for action in window.actions_by_name.qactions.values():
        assert action.text()
        assert action.toolTip()
        assert action.shortcuts()


def test_both_themes_and_all_workspaces_can_be_shown(opened: MainWindow) -> None:
    for theme in ("dark", "light"):
        opened.set_theme(theme)
        assert (opened.palette().window().color().lightness() < 128) == (theme == "dark")
    for workspace in ("train", "review", "annotate"):
        opened.docks.show(workspace)
    opened.docks.reset()


def test_ten_thousand_images_are_listed_without_a_pause(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    import time

    home = tmp_path / "many"
    home.mkdir()
    Image.new("L", (8, 8)).save(home / "0.png")
    data = (home / "0.png").read_bytes()
    for number in range(1, 10_000):
        (home / f"{number}.png").write_bytes(data)
    longest, last = 0.0, time.monotonic()

    def listed() -> bool:
        nonlocal longest, last
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        return len(window.state.item_states) == 10_000

    window.open_path(home)
    assert len(window.state.items) < 10_000  # open_path returns before the list is complete
    wait_for(qtbot, listed, 60_000)
    assert longest < 2.0  # only a hang fails; speed is measured in tests/bench
    assert [item.name for item in window.state.items[:3]] == ["0.png", "1.png", "2.png"]
