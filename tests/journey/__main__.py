"""Usage: python -m tests.journey IMAGES VOC_FOLDER SCREENSHOTS   (needs a DISPLAY)

Opens the images, paints, undoes, redoes, saves, reopens, trains while painting, shows prediction, probability map
and metrics, exports, closes. Each step is asserted and leaves a screenshot.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QSpinBox,
    QTableWidget,
    QTabWidget,
    QToolButton,
)

from segstudio.app.training_options import FIELDS
from segstudio.core.raster import rasterise
from segstudio.core.sample import resolve_unlabelled
from segstudio.project.project import open_project
from segstudio.project.store import load
from segstudio.ui.app import make_window
from segstudio.ui.dialogs.export_data import ExportDialog
from segstudio.ui.window import MainWindow
from tests.journey.mouse import click, drag, key, move, spin_until, write, xdotool

NAME = "2011_000003.jpg"


class Journey:
    """One window, driven with mouse and keys."""

    def __init__(self, app: QApplication, screenshots: Path) -> None:
        self.app = app
        self.screenshots = screenshots
        screenshots.mkdir(parents=True, exist_ok=True)
        self.window = make_window()
        self.window.move(0, 0)
        self.window.resize(1280, 800)
        self.window.show()
        spin_until(self.window.windowHandle().isExposed, "the window on the screen")
        xdotool("windowfocus", int(self.window.winId()))
        self.window.activateWindow()

    def shot(self, name: str) -> None:
        for _ in range(10):
            self.app.processEvents()
        self.window.screen().grabWindow(0).save(str(self.screenshots / f"{name}.png"))

    def at(self, x: float, y: float) -> QPoint:
        return self.window.canvas.view.to_screen(x, y).toPoint()

    def press(self, action: str) -> None:
        """Click the button in the toolbar."""
        wanted = self.window.actions_by_name[action]
        button = next(b for b in self.window.findChildren(QToolButton) if b.defaultAction() is wanted)
        spin_until(button.isEnabled, f"{action} enabled")
        click(button)

    def open(self, folder: Path) -> None:
        self.window.open_path(folder)
        state = self.window.state
        spin_until(lambda: state.image is not None and len(state.item_states) == 3, "the images")
        spin_until(lambda: self.window.jobs.idle, "the list")

    @property
    def plane(self) -> np.ndarray:
        return self.window.state.image.document.plane


def paint_undo_redo_save(journey: Journey, folder: Path) -> None:
    state = journey.window.state
    key("5")  # sofa's row is 18; 5 is bottle in VOC's list
    assert state.table[state.settings.class_id].name == "bottle", state.settings
    before = journey.plane.copy()
    drag(journey.window.canvas, *(journey.at(x, 60) for x in (60, 110, 160)))
    painted = journey.plane.copy()
    assert (painted[60, 60:160] == 5).all(), "the stroke is on the plane"
    journey.shot("1-painted")
    key("ctrl+z")
    assert (journey.plane == before).all(), "undo"
    key("ctrl+y")
    assert (journey.plane == painted).all(), "redo"
    key("ctrl+s")
    spin_until(lambda: not state.unsaved, "the save")
    shapes = json.loads((folder / "2011_000003.json").read_text())["shapes"]
    assert shapes[-1]["shape_type"] == "mask", "the stroke is in the file"
    key("d")
    spin_until(lambda: state.image.item.name != NAME, "the next image")
    key("a")
    spin_until(lambda: state.image.item.name == NAME, "the image again")
    assert (journey.plane == painted).all(), "reopened"


def train_while_painting(journey: Journey) -> None:
    state = journey.window.state
    steps: list[int] = []
    journey.window.training.reported.connect(lambda event: steps.append(getattr(event, "step", 0)))
    journey.press("train")
    spin_until(lambda: journey.app.activeModalWidget() is not None, "the dialog")
    dialog = journey.app.activeModalWidget()
    assert isinstance(dialog, QDialog)
    xdotool("windowfocus", int(dialog.winId()))
    tabs = dialog.findChild(QTabWidget)
    assert tabs is not None
    journey.shot("2-train-dialog")
    for _ in range(2):
        key("ctrl+Tab")
    spin_until(dialog.findChild(QSpinBox, "width").isVisible, "the options")
    spin_until(lambda: "16" in dialog.findChild(QSpinBox, "width").text(), "the proposed values", 60)
    journey.shot("2-train-all-options")
    for name, text in (("width", "8"), ("steps", "20")):
        table = tabs.findChild(QTableWidget)
        table.scrollTo(table.model().index([row.key for row in FIELDS].index(name), 0))
        click(dialog.findChild(QSpinBox, name))
        key("ctrl+a")
        write(text)
    key("Return")
    spin_until(lambda: state.training, "the training")
    xdotool("windowfocus", int(journey.window.winId()))
    spin_until(lambda: any(step > 0 for step in steps), "the first step")
    strokes = 0
    while state.training and strokes < 6:
        row = 120 + 12 * strokes
        drag(journey.window.canvas, *(journey.at(x, row) for x in (40, 90, 140)))
        assert (journey.plane[row, 40:140] == state.settings.class_id).all(), "painted while training"
        strokes += 1
        journey.shot("3-painting-while-training")
    spin_until(lambda: not state.training, "the end of the training", 120)
    assert strokes > 0
    assert max(steps) == 20, steps


def look_at_the_result(journey: Journey) -> None:
    state = journey.window.state
    spin_until(lambda: state.image.prediction is not None, "the prediction")
    assert state.image.prediction.step == 20
    spin_until(lambda: len(state.scores) == 3 and journey.window.jobs.idle, "the mIoU of each image")
    assert state.layers.prediction.visible
    journey.window.docks.show("annotate")
    journey.shot("4-prediction")
    for layer in ("probability_map", "errors"):
        click(journey.window.findChild(QCheckBox, f"layer-{layer}"), QPoint(8, 10))
    assert state.layers.probability_map.visible
    assert state.layers.errors.visible
    spin_until(lambda: journey.window.metrics.headline != "mIoU –", "the metrics of the image")
    move(journey.window.canvas, journey.at(250, 200))
    journey.shot("5-probability-map-errors-metrics")
    journey.window.set_theme("dark")
    journey.shot("6-dark")
    journey.window.resize(1920, 1080)
    spin_until(lambda: journey.window.width() == 1920, "the large window")
    journey.shot("7-dark-1920")
    journey.window.set_theme("light")


def export(journey: Journey, folder: Path, out: Path) -> None:
    state = journey.window.state
    key("ctrl+s")
    spin_until(lambda: not state.unsaved and journey.window.jobs.idle, "the save")
    journey.press("export")
    spin_until(lambda: journey.app.activeModalWidget() is not None, "the dialog")
    dialog = journey.app.activeModalWidget()
    assert isinstance(dialog, ExportDialog)
    xdotool("windowfocus", int(dialog.winId()))
    field = next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == "New folder")
    click(field)
    key("ctrl+a")
    write(str(out))
    journey.shot("8-export-dialog")
    key("Tab")
    click(dialog.findChild(QDialogButtonBox).buttons()[0])
    spin_until(lambda: "exported" in dialog.report.text, "the end of the export")
    journey.shot("9-exported")
    key("Escape")
    project = open_project(folder)
    for item in project.items():
        with Image.open(out / "SegmentationClass" / f"{item.image.stem}.png") as image:
            truth = resolve_unlabelled(rasterise(load(item).annotation, project.table), "background")
            assert image.mode == "P"
            assert (np.asarray(image) == truth).all(), item.name
    assert (out / "ImageSets" / "Segmentation" / "val.txt").read_text().strip()


def main(folder: Path, out: Path, screenshots: Path) -> None:
    app = QApplication([])
    journey = Journey(app, screenshots)
    assert app.platformName() == "xcb"
    journey.shot("0-empty")
    journey.open(folder)
    assert "torch" not in sys.modules, "the window opens without torch"
    paint_undo_redo_save(journey, folder)
    train_while_painting(journey)
    look_at_the_result(journey)
    export(journey, folder, out)
    assert isinstance(journey.window, MainWindow)
    assert journey.window.close()
    print("arrived")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
