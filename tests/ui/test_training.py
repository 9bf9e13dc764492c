"""Training in the window: dialog, pause, resume, masks added while training, runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QSpinBox, QTableWidget
from pytestqt.qtbot import QtBot

from segstudio.app.train_form import TrainContext
from segstudio.app.training_options import FIELDS, default_of
from segstudio.app.training_run import TrainChoices
from segstudio.core.annotation import Annotation
from segstudio.core.shape import Shape
from segstudio.training.config import TrainConfig
from segstudio.training.events import Decision, EpochDone, Preview, Proposal, SamplesAdded, Started, StepDone
from segstudio.ui.dialogs.compare_runs import CompareRunsDialog
from segstudio.ui.dialogs.split import SplitDialog
from segstudio.ui.dialogs.train import TrainDialog
from segstudio.ui.window import MainWindow
from tests.ui.conftest import wait_for

QUICK = {
    "minutes": "0",
    "width": "4",
    "depth": "2",
    "patch_size": "32",
    "batch_size": "2",
    "device": "cpu",
    "augment": "no",
}


def train(window: MainWindow, qtbot: QtBot, name: str, steps: int = 4, **more: str) -> None:
    window.training.train(TrainChoices(name, {**QUICK, "steps": str(steps), **more}))
    wait_for(qtbot, lambda: not window.state.training and window.jobs.idle)


def start_endless(window: MainWindow, qtbot: QtBot, name: str) -> list[object]:
    """Start an endless run and wait for its first step; returns its events."""
    events: list[object] = []
    window.training.reported.connect(events.append)
    window.training.train(TrainChoices(name, {**QUICK, "steps": "1000000"}))
    wait_for(qtbot, lambda: any(isinstance(event, StepDone) for event in events))
    return events


def steps_of(events: list[object]) -> int:
    return max(event.step for event in events if isinstance(event, StepDone))


def test_the_dialog_returns_only_changed_options_and_the_config_accepts_all(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = TrainDialog(TrainContext("r", 5, runs=("old",)))
    qtbot.addWidget(dialog)
    assert dialog.choices() == TrainChoices("r", {"minutes": "2.0", "device": "auto", "unlabelled": "background"})
    for key, editor in dialog._editors.items():
        if isinstance(editor, QSpinBox):
            editor.setValue(default_of(key) + 32)
        elif isinstance(editor, QComboBox):
            editor.setCurrentIndex((editor.currentIndex() + 1) % editor.count())
        elif hasattr(editor, "toggle"):
            editor.toggle()
        elif hasattr(editor, "setValue"):
            editor.setValue(default_of(key) / 2 + 0.01)
    dialog._editors["loss"].setText("bce+dice")
    dialog._editors["encoder"].setText("resnet18")
    settings = dialog.choices().settings
    assert {row.key for row in FIELDS} <= set(settings)
    made = TrainConfig(run_dir=tmp_path / "r").with_texts(settings)
    assert made.weight_decay == pytest.approx(0.015)
    assert (made.seed, made.patch_size, made.loss) == (32, 32, "bce+dice")


def test_a_proposal_shows_automatic_values_and_warnings(qtbot: QtBot) -> None:
    dialog = TrainDialog(TrainContext("r", 5))
    qtbot.addWidget(dialog)
    choices = (
        Decision("width", "16", "a step stays short"),
        Decision("upsampling", "transposed", "learns how to enlarge"),
    )
    dialog.show_proposal(Proposal(choices, ("everything labelled is car",), ("a", "b"), ("c",)))
    assert "16" in dialog._editors["width"].text()
    assert "transposed" in dialog._editors["upsampling"].currentText()
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("2 images for training, 1 for validation" in text for text in texts)
    assert any("everything labelled is car" in text for text in texts)
    table = dialog.findChild(QTableWidget)
    assert any(table.item(row, 2).text() == "a step stays short" for row in range(table.rowCount()))
    assert dialog._start.isEnabled()


def test_a_run_name_that_is_taken_or_invalid_disables_train(qtbot: QtBot) -> None:
    dialog = TrainDialog(TrainContext("r", 5, taken=frozenset(["run-1"])))
    qtbot.addWidget(dialog)
    for name, fine in (("run-1", False), ("a/b", False), ("", False), ("run-2", True)):
        dialog._name.setText(name)
        assert dialog._start.isEnabled() == fine
    dialog.show_problem("patch 33 must be a multiple of 8")
    assert not dialog._start.isEnabled()


def test_the_wheel_over_an_option_changes_nothing(qtbot: QtBot) -> None:
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    dialog = TrainDialog(TrainContext("r", 5))
    qtbot.addWidget(dialog)
    dialog.show()
    editor = dialog._editors["width"]
    wheel = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(editor, wheel)
    assert editor.value() == 0


def test_the_split_chosen_in_the_dialog_is_used_by_the_run(opened: MainWindow, qtbot: QtBot) -> None:
    opened.training.request()
    dialog = opened.findChild(TrainDialog)
    wait_for(qtbot, lambda: dialog._split.isEnabled())
    dialog._split.click()
    split = dialog.findChild(SplitDialog)
    before = split.held_out()
    assert sorted(before.values()) == [False, True]
    for row in range(2):
        item = split._list.item(row)
        other = Qt.CheckState.Unchecked if before[item.text()] else Qt.CheckState.Checked
        item.setCheckState(other)
    split.accept()
    wait_for(qtbot, lambda: opened.jobs.idle)
    assert opened.state.project.held_out == {}  # until the run begins
    for key in ("width", "depth", "patch_size", "batch_size"):
        dialog._editors[key].setValue(int(QUICK[key]))
    dialog._minutes.setValue(0.1)
    dialog._editors["steps"].setValue(2)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    wait_for(qtbot, lambda: opened.state.training)
    wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)
    plain = json.loads((opened.state.project.runs_folder / "run-1" / "split.json").read_text())
    assert plain["val"] == [name for name, held in before.items() if not held]


def test_a_run_pauses_resumes_and_stops_while_paused(opened: MainWindow, qtbot: QtBot) -> None:
    events = start_endless(opened, qtbot, "r")
    opened.actions_by_name["pause"].trigger()
    assert opened.state.paused
    assert opened.training_panel._pause.text() == "Resume"
    reached = [-1]

    def is_paused() -> bool:
        before, reached[0] = reached[0], steps_of(events)
        return before == reached[0]

    qtbot.waitUntil(is_paused, timeout=10_000)
    reached_step = steps_of(events)
    opened.actions_by_name["pause"].trigger()
    wait_for(qtbot, lambda: steps_of(events) > reached_step)
    opened.actions_by_name["pause"].trigger()
    opened.training.stop()
    wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)
    assert opened.running._runs["r"].resumable


def test_a_stopped_run_resumes_at_its_last_step(opened: MainWindow, qtbot: QtBot) -> None:
    events = start_endless(opened, qtbot, "r")
    opened.training.stop()
    wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)
    first = steps_of(events)
    events.clear()
    opened.actions_by_name["resume"].trigger()
    wait_for(qtbot, lambda: any(isinstance(event, StepDone) for event in events))
    assert next(event.step for event in events if isinstance(event, StepDone)) > first
    opened.training.stop()
    wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)
    assert list(opened.running._runs) == ["r"]


def test_a_mask_saved_while_training_is_added_and_shown(opened: MainWindow, qtbot: QtBot) -> None:
    events = start_endless(opened, qtbot, "r")
    waiting: list[int] = []
    opened.training.waiting.connect(waiting.append)
    item = next(item for item in opened.state.items if item.name == "p2.png")
    shape = Shape("car", "polygon", ((10.0, 10.0), (60.0, 10.0), (60.0, 70.0)))
    opened.workspace.saved.emit(item, Annotation(120, 160, (shape,)))
    assert waiting == [1]
    assert "1 new mask will be added" in opened.training_panel._note.text()
    wait_for(qtbot, lambda: any(isinstance(event, SamplesAdded) for event in events))
    opened.training.stop()
    wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)
    split = json.loads((opened.state.project.runs_folder / "r" / "split.json").read_text())
    assert "p2.png" in split["train"] + split["val"]
    assert "p2.png" in opened.state.project.held_out


def test_another_project_opened_while_training_is_not_trained_on(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    from PIL import Image

    events = start_endless(opened, qtbot, "r")
    other = tmp_path / "other"
    other.mkdir()
    Image.new("RGB", (160, 120)).save(other / "p0.png")
    opened.open_path(other)
    wait_for(qtbot, lambda: opened.state.image is not None and opened.state.image.item.image.parent == other)
    shape = Shape("car", "polygon", ((10.0, 10.0), (60.0, 10.0), (60.0, 70.0)))
    opened.workspace.saved.emit(opened.state.image.item, Annotation(120, 160, (shape,)))
    events.clear()
    wait_for(qtbot, lambda: any(isinstance(event, StepDone) for event in events))
    assert opened.training._open_image() is None
    opened.training.stop()
    wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)
    assert not any(isinstance(event, SamplesAdded) for event in events)
    assert opened.state.run == ""


def test_the_preview_shows_the_visible_part_in_its_place(opened: MainWindow, qtbot: QtBot) -> None:
    opened.canvas.set_view(opened.canvas.view.zoom_at(40, opened.canvas.view.to_screen(30, 30)))
    events: list[object] = []
    opened.training.reported.connect(events.append)
    opened.training.train(TrainChoices("r", {**QUICK, "steps": "1000000"}))
    wait_for(qtbot, lambda: any(isinstance(e, Preview) and e.box is not None for e in events))
    part = next(e for e in events if isinstance(e, Preview) and e.box is not None)
    assert part.prediction.labels.shape == (part.box.height, part.box.width)
    assert opened.state.image.prediction.labels.shape == (120, 160)
    opened.training.stop()
    wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)


def test_runs_are_renamed_compared_used_and_deleted(opened: MainWindow, qtbot: QtBot) -> None:
    train(opened, qtbot, "one")
    train(opened, qtbot, "two", width="6")
    panel, flow = opened.runs_panel, opened.running
    wait_for(qtbot, lambda: set(flow._runs) == {"one", "two"})
    assert opened.state.run == "two"
    flow.compare(["one", "two"])
    dialog = opened.findChild(CompareRunsDialog)
    table = dialog.findChild(QTableWidget)
    rows = {table.item(row, 0).text(): [table.item(row, c).text() for c in (1, 2)] for row in range(table.rowCount())}
    assert rows["width"] == ["4", "6"]
    assert rows["steps"] == ["4", "4"]
    dialog.close()
    flow.use("one")
    wait_for(qtbot, lambda: opened.state.run == "one" and opened.jobs.idle)
    assert opened.state.scores  # those of its last validation
    flow.rename("one", "first")
    wait_for(qtbot, lambda: set(flow._runs) == {"first", "two"} and opened.jobs.idle)
    assert opened.state.run == "first"
    flow.rename("first", "two")
    wait_for(qtbot, lambda: "there is a run of this name" in opened.messages.text)
    flow.delete(["first"])
    wait_for(qtbot, lambda: set(flow._runs) == {"two"} and opened.jobs.idle)
    assert opened.state.run == ""
    assert not (opened.state.project.runs_folder / "first").exists()
    row = panel._rows.topLevelItem(0)
    assert row.text(0) == "two"


def test_a_model_is_exported_and_the_result_is_shown(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    train(opened, qtbot, "one")
    opened.running.export_to("one", tmp_path / "one.onnx")
    wait_for(qtbot, lambda: "differ from torch by at most" in opened.messages.text, 60_000)
    assert (tmp_path / "one.onnx").stat().st_size > 1000
    wait_for(qtbot, lambda: opened.jobs.idle)
    opened.running.export_to("one", tmp_path / "one.onnx")
    wait_for(qtbot, lambda: "already exists" in opened.messages.text)


def test_a_run_cannot_be_renamed_or_deleted_while_training(opened: MainWindow, qtbot: QtBot) -> None:
    start_endless(opened, qtbot, "r")
    wait_for(qtbot, lambda: "r" in opened.running._runs)
    opened.running.rename("r", "other")
    opened.running.delete(["r"])
    opened.runs_panel._rows.topLevelItem(0).setSelected(True)
    QTest.keyClick(opened.runs_panel._rows, Qt.Key.Key_F2)
    opened.training.stop()
    wait_for(qtbot, lambda: not opened.state.training and opened.jobs.idle)
    assert (opened.state.project.runs_folder / "r" / "config.json").is_file()


def test_a_failure_shows_its_cause_and_a_details_button(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    import segstudio.training.engine as engine

    def broken(*_: object) -> object:
        yield Started(Path("r"), "", 1, 1)
        raise ZeroDivisionError("no more zeros")

    monkeypatch.setattr(engine, "train", broken)
    opened.training.train(TrainChoices("r", {**QUICK, "steps": "4"}))
    wait_for(qtbot, lambda: not opened.state.training)
    assert "no more zeros" in opened.messages.text
    assert opened.training_panel._headline.text() == "Failed"
    button = next(each for each in opened.messages._buttons if each.isVisible())
    assert button.text() == "Details"
    button.click()
    box = next(each for each in opened.findChildren(QDialog) if hasattr(each, "detailedText"))
    assert "ZeroDivisionError" in box.detailedText()
    box.close()
    assert opened.state.image is not None


def test_a_training_that_is_slow_to_stop_is_reported(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading
    import time

    import segstudio.training.engine as engine

    may_leave = threading.Event()

    def slow(*_: object) -> object:
        try:
            for step in range(1_000_000):
                yield StepDone(step, 0.1, 1.0, 9.0)
                time.sleep(0.005)  # no step is so short that its events fill the queue of the window
        finally:
            may_leave.wait(20)

    monkeypatch.setattr(engine, "train", slow)
    events: list[object] = []
    opened.training.reported.connect(events.append)
    opened.training.train(TrainChoices("r", {**QUICK, "steps": "4"}))
    wait_for(qtbot, lambda: bool(events))
    opened.training._late.setInterval(50)
    opened.training.stop()
    wait_for(qtbot, lambda: "is finishing its step" in opened.messages.text)
    may_leave.set()
    wait_for(qtbot, lambda: not opened.state.training)


def test_curves_of_loss_miou_and_every_class_grow(opened: MainWindow, qtbot: QtBot) -> None:
    import numpy as np

    panel = opened.training_panel
    opened.state.set_training(True)
    row = {"step": 2, "miou": 0.2, "iou": {"_background_": 0.3, "car": None}}
    panel.show_event(Started(Path("r"), "", 2, 1, (), (row,)))
    panel.show_event(StepDone(5, 0.5, 0.7, 3.0, 12.0, 2_000_000_000, 1e-3))
    panel.show_event(EpochDone(5, 0.7, np.zeros((2, 2), np.int64), 0.4, 0.4, ("_background_", "car"), (0.5, 0.3)))
    panel._curves._draw()
    assert list(panel._curves._miou_curve.getData()[1]) == [0.2, 0.4]
    assert list(panel._curves._class_curves["car"].getData()[1]) == [0.3]
    assert "12.0 patches/s" in panel._pace.text()
    assert "2.0 GB" in panel._pace.text()
    assert "mIoU 0.200" in panel._numbers.text()  # of the earlier session, until there is a new one
    opened.state.set_training(False)
