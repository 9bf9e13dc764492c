"""Usage: python -m tests.journey.canvas IMAGES SCREENSHOTS   (needs a DISPLAY)

Activates each tool by its key, uses it with the mouse on an image of simple objects, and checks the labels; then
rules, objects, view, shortcuts, and other images. Each step leaves a screenshot.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from segstudio.app.layers import OUTLINE, SIDE_BY_SIDE, SWIPE
from segstudio.core.classes import UNLABELLED, ClassTable
from segstudio.core.painting_rules import OBJECTS
from segstudio.core.prediction import Prediction
from segstudio.project.project import Project
from segstudio.ui.dialogs.palette import CommandPalette
from segstudio.ui.dialogs.shortcut_sheet import ShortcutSheet
from tests.assist.tiny_sam import install
from tests.journey.__main__ import Journey
from tests.journey.mouse import click, drag, key, move, spin_until, wheel, write, xdotool

HEIGHT, WIDTH = 300, 400
DISC = (110.0, 150.0, 60.0)  # x, y, radius
BOX = (230, 80, 330, 220)  # x0, y0, x1, y1


def disc() -> np.ndarray:
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    x, y, radius = DISC
    return (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 <= radius**2


def box() -> np.ndarray:
    out = np.zeros((HEIGHT, WIDTH), bool)
    out[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    return out


def make_images(folder: Path) -> None:
    """Three gray images with a pale disc and a blue box."""
    folder.mkdir(parents=True)
    for number in range(3):
        pixels = np.full((HEIGHT, WIDTH, 3), 90 + number, np.uint8)
        pixels[disc()] = (230, 220, 200)
        pixels[box()] = (30, 60, 170)
        noise = np.random.default_rng(number).integers(0, 8, pixels.shape, dtype=np.uint8)
        Image.fromarray(pixels + noise).save(folder / f"p{number}.png")
    Project(folder, ClassTable.from_names(["_background_", "disc", "box"])).save()


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


class Drawing(Journey):
    """Mouse input in image pixels."""

    @property
    def document(self):
        return self.window.state.image.document

    def of(self, class_id: int) -> np.ndarray:
        return self.document.plane == class_id

    def idle(self) -> None:
        spin_until(lambda: self.window.jobs.idle, "the work behind the tool")

    def drag(self, *way: tuple[float, float], button: int = 1, held: str = "") -> None:
        drag(self.window.canvas, *(self.at(x, y) for x, y in way), button=button, held=held)
        self.idle()

    def click(self, x: float, y: float, button: int = 1, held: str = "") -> None:
        click(self.window.canvas, self.at(x, y), button=button, held=held)
        self.idle()

    def tool(self, letter: str, name: str) -> None:
        key(letter)
        assert self.window.state.tool.info.name == name, (letter, self.window.state.tool.info.name)

    def clear(self) -> None:
        """Undo everything, so that each tool starts on an empty image."""
        while self.document.history.undo_name is not None:
            key("ctrl+z")
        assert (self.document.plane == UNLABELLED).all()

    def one_step(self) -> None:
        assert len(self.document.history) == 1, self.document.history.undo_name


def brush_and_eraser(j: Drawing) -> None:
    j.tool("b", "brush")
    key("1")
    radius = j.window.state.settings.radius_px
    key("bracketright")
    assert j.window.state.settings.radius_px > radius
    wheel(j.window.canvas, j.at(200, 150), -2, held="alt")
    assert j.window.state.settings.radius_px < radius * 1.2
    start = j.at(200, 40)
    drag(j.window.canvas, start, start + QPoint(40, 0), held="ctrl")
    assert j.window.state.settings.radius_px > radius
    j.window.state.choose(radius_px=8)
    j.drag((40, 40), (120, 40), (200, 60))
    assert j.of(1)[40, 40:120].all()
    j.one_step()
    j.click(350, 60, held="shift")
    assert j.of(1)[60, 200:350].all()
    key("2", "x")
    assert j.window.state.settings.class_id == 1
    j.tool("e", "eraser")
    j.drag((100, 20), (100, 80))
    assert not j.of(1)[40, 100]
    j.shot("40-brush-and-eraser")
    key("ctrl+z", "ctrl+z", "ctrl+z", "ctrl+y")
    assert j.of(1)[40, 100]
    j.clear()


def shapes(j: Drawing) -> None:
    key("1")
    j.tool("p", "polygon")
    for x, y in ((50, 90), (170, 90), (170, 210), (50, 210)):
        j.click(x, y)
    key("Return")
    assert j.of(1)[95:205, 55:165].all()
    move(j.window.canvas, j.at(110, 90))
    j.drag((110, 90), (110, 50))
    assert len(j.document.annotation.shapes[0].points) == 5
    j.shot("41-polygon")
    key("2")
    j.tool("shift+r", "oriented rectangle")
    for x, y in ((230, 120), (300, 90), (320, 180)):
        j.click(x, y)
    j.tool("r", "rectangle")
    j.drag((340, 40), (380, 100))
    j.tool("c", "circle")
    j.drag((340, 240), (365, 240))
    j.tool("shift+l", "line")
    for x, y in ((40, 240), (100, 270), (160, 240)):
        j.click(x, y)
    key("Return")
    j.tool("shift+p", "point")
    j.click(210, 270)
    kinds = [shape.kind for shape in j.document.annotation.shapes]
    assert kinds == ["polygon", "oriented_rectangle", "rectangle", "circle", "linestrip", "point"], kinds
    j.shot("42-shapes")
    j.clear()


def regions(j: Drawing) -> None:
    key("1")
    j.tool("l", "lasso")
    j.drag((40, 40), (180, 40), (180, 260), (40, 260))
    assert j.of(1)[50:250, 45:175].all()
    j.tool("f", "bucket")
    key("2")
    j.click(100, 100)
    assert j.of(2)[100, 100]
    assert not j.of(1).any()
    j.shot("43-lasso-and-bucket")
    j.clear()


def looking_tools(j: Drawing) -> None:
    key("1")
    j.tool("w", "wand")
    start, more = j.at(110, 150), j.at(110, 150) + QPoint(12, 0)
    move(j.window.canvas, start)
    xdotool("mousedown", 1)
    move(j.window.canvas, more)
    j.idle()
    j.shot("44-wand")
    xdotool("mouseup", 1)
    j.idle()
    assert iou(j.of(1), disc()) > 0.97
    j.one_step()
    j.clear()
    j.tool("i", "scissors")
    for x, y in ((231, 81), (329, 81), (329, 219), (231, 219)):
        j.click(x, y)
    key("BackSpace")
    j.idle()
    j.click(231, 219)
    j.shot("45-scissors")
    key("Return")
    assert iou(j.of(1), box()) > 0.93, iou(j.of(1), box())
    j.one_step()
    j.clear()
    j.tool("g", "grabcut")
    j.drag((35, 75), (185, 225))
    j.drag((110, 150), (130, 150))
    j.shot("46-grabcut")
    key("Return")
    assert iou(j.of(1), disc()) > 0.95
    j.one_step()
    j.clear()
    j.tool("s", "superpixel")
    j.window.state.choose(radius_px=3)
    j.drag((90, 130), (130, 130), (130, 170), (90, 170))
    assert j.of(1).sum() > 1500
    assert (j.of(1) & ~disc()).sum() < 0.1 * j.of(1).sum()
    j.shot("47-superpixels")
    j.one_step()
    j.clear()


def scribbles_and_ai(j: Drawing) -> None:
    j.window.state.choose(radius_px=4)
    key("1")
    j.tool("m", "watershed")
    j.drag((80, 150), (140, 150))
    key("2")
    j.drag((30, 60), (190, 60), (190, 240), (30, 240))
    j.shot("48-watershed")
    key("Return")
    assert iou(j.of(1), disc()) > 0.95
    j.one_step()
    j.clear()
    key("1")
    j.tool("q", "ai")
    spin_until(lambda: "belongs at" in j.window.messages.text, "which file goes where")
    j.shot("49-ai-without-weights")
    install(Path.home())
    j.click(110, 150)
    spin_until(lambda: j.window.state.tool.preview(j.document).mask is not None, "the model's answer")
    j.shot("50-ai")
    key("Return")
    assert iou(j.of(1), disc()) > 0.98
    j.one_step()
    j.clear()


def predictions(j: Drawing) -> None:
    state = j.window.state
    labels = np.where(disc(), 1, np.where(box(), 2, 0)).astype(np.uint8)
    probabilities = np.stack([np.where(labels == index, 230, 12) for index in range(3)]).astype(np.uint8)
    found = Prediction(
        state.image.item.name,
        1,
        ("_background_", "disc", "box"),
        labels,
        probabilities,
        255 - probabilities.max(axis=0),
    )
    j.window.predicting.show(found)
    state.set_layers(state.layers.with_layer("prediction", visible=True))
    state.choose(radius_px=20)
    j.tool("t", "accept")
    j.drag((110, 150), (280, 150))
    assert j.of(1)[150, 100:160].all()
    assert j.of(2)[150, 240:280].all()
    j.shot("51-accept")
    j.drag((110, 150), (111, 150), button=3)
    assert j.of(0)[150, 110]
    key("ctrl+shift+t")
    assert (j.of(1) == disc()).all()
    j.clear()
    state.set_layers(replace(state.layers, probability_of="disc"))
    key("1")
    j.tool("shift+t", "threshold")
    move(j.window.canvas, j.at(112, 152))
    j.idle()
    j.shot("52-threshold")
    key("Return")
    assert (j.of(1) == disc()).all()
    for letter, how, name in (("y", SWIPE, "53-swipe"), ("shift+y", SIDE_BY_SIDE, "54-side-by-side")):
        key(letter)
        assert state.layers.compare == how
        j.shot(name)
        key(letter)
    j.clear()


def objects(j: Drawing) -> None:
    state = j.window.state
    key("1")
    j.tool("r", "rectangle")
    j.drag((40, 40), (120, 120))
    key("2")
    j.drag((90, 90), (200, 200))
    j.tool("v", "select")
    j.click(60, 60)
    j.drag((60, 60), (70, 65))
    assert np.allclose(j.document.annotation.shapes[0].points[0], (50, 45), atol=1)
    before = j.document.annotation.shapes[0].points[0]
    key("Right", "shift+Down")
    assert j.document.annotation.shapes[0].points[0] == (before[0] + 1, before[1] + 10)
    j.click(180, 180, held="shift")
    assert len(j.document.selected) == 2
    j.window.docks.show_dock("objects")
    j.shot("55-select")
    key("ctrl+alt+u")
    assert len(j.document.annotation.shapes) == 1
    key("ctrl+alt+p")
    assert j.document.annotation.shapes[0].kind == "polygon"
    key("ctrl+alt+m", "ctrl+c")
    j.tool("k", "knife")
    j.drag((125, 30), (125, 230))
    assert len(j.document.annotation.shapes) == 2
    j.shot("56-knife")
    key("d")
    spin_until(lambda: state.image.item.name == "p1.png", "the next image")
    key("ctrl+v")
    assert len(j.document.annotation.shapes) == 1
    key("a")
    spin_until(lambda: state.image.item.name == "p0.png", "the image before")
    assert len(j.document.annotation.shapes) == 2
    j.tool("v", "select")
    click(j.window.canvas, j.at(100, 100), button=3)
    spin_until(lambda: isinstance(QApplication.activePopupWidget(), QMenu), "the menu of the object")
    j.shot("57-object-menu")
    QApplication.activePopupWidget().close()
    key("ctrl+a", "ctrl+Delete")
    assert not j.document.annotation.shapes
    j.clear()


def rules(j: Drawing) -> None:
    key("1")
    j.tool("b", "brush")
    j.window.state.choose(radius_px=20)
    j.drag((100, 100), (200, 100))
    key("alt+2", "2")
    j.drag((100, 110), (200, 110))
    assert j.of(1)[85:115, 100:200].all()
    key("alt+1", "1", "shift+k", "2")
    j.drag((100, 100), (200, 100))
    assert j.of(1)[85:115, 100:200].all()
    j.shot("58-locked-class")
    key("1", "shift+k", "shift+o")
    assert j.window.state.rules.mode == OBJECTS
    before = len(j.document.annotation.shapes)
    j.drag((300, 250), (330, 250))
    j.drag((60, 250), (90, 250))
    assert len(j.document.annotation.shapes) == before + 2
    key("shift+o")
    j.clear()


def seeing_and_keys(j: Drawing) -> None:
    key("1")
    j.drag((100, 100), (200, 100))
    key("o")
    assert j.window.state.layers.style == OUTLINE
    j.shot("59-outline")
    key("o", "o", "ctrl+alt+c")
    j.shot("60-colour-blind-safe")
    key("ctrl+alt+c", "ctrl+shift+c")
    wheel(j.window.canvas, j.at(100, 100), 14)
    assert j.window.canvas.view.zoom > 20
    j.shot("61-grid-navigator-crosshair")
    key("ctrl+shift+c", "ctrl+f", "u")
    j.drag((100, 100), (200, 175))
    assert j.window.state.tool.preview(j.document).text.startswith("12")
    j.shot("62-ruler")
    key("F1")
    spin_until(lambda: j.window.findChildren(ShortcutSheet), "the shortcut sheet")
    j.shot("63-keys")
    xdotool("windowfocus", int(j.window.findChildren(ShortcutSheet)[0].winId()))  # no window manager does it here
    key("Escape")
    spin_until(lambda: not any(sheet.isVisible() for sheet in j.window.findChildren(ShortcutSheet)), "the sheet closed")
    xdotool("windowfocus", int(j.window.winId()))
    key("ctrl+k")
    spin_until(lambda: any(palette.isVisible() for palette in j.window.findChildren(CommandPalette)), "the palette")
    write("lasso")
    j.shot("64-palette")
    key("Return")
    spin_until(lambda: j.window.state.tool.info.name == "lasso", "the command done")
    line = next(line for line in j.window.images.findChildren(QLineEdit))
    key("ctrl+l")
    write("status:labelled")
    spin_until(lambda: "p2.png" not in j.window.listing.names, "the list filtered")
    j.shot("65-query")
    line.clear()
    j.window.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
    j.clear()


def main(images: Path, screenshots: Path) -> None:
    make_images(images)
    journey = Drawing(QApplication(sys.argv[:1]), screenshots)
    journey.open(images)
    journey.window.canvas.setFocus()
    for part in (
        brush_and_eraser,
        shapes,
        regions,
        looking_tools,
        scribbles_and_ai,
        predictions,
        objects,
        rules,
        seeing_and_keys,
    ):
        part(journey)
    spin_until(lambda: journey.window.jobs.idle, "all that runs")
    journey.window.close()
    print("arrived")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
