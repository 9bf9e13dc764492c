"""Fixtures: a window with its own settings, and a folder of images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.shape import Shape
from segstudio.project.item import Item
from segstudio.project.store import save
from segstudio.ui.app import make_window
from segstudio.ui.window import MainWindow

TABLE = ClassTable.from_names(["_background_", "car", "road"])


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    folder = str(tmp_path / "settings")
    for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
        QSettings.setPath(QSettings.Format.NativeFormat, scope, folder)


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """Closed after the test, without the question about unsaved work."""
    made = make_window()
    made.show()
    qtbot.waitExposed(made)
    yield made
    monkeypatch.setattr(MainWindow, "_agrees_to_lose", lambda *_: True)
    assert made.close()
    qtbot.waitUntil(lambda: made.jobs.idle)
    made.deleteLater()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images: two with a polygon, one without labels, one with a broken label file."""
    home = tmp_path / "images"
    home.mkdir()
    rng = np.random.default_rng(0)
    for number in range(4):
        path = home / f"p{number}.png"
        Image.fromarray(rng.integers(0, 255, (120, 160, 3), dtype=np.uint8)).save(path)
        if number < 2:
            shape = Shape("car", "polygon", ((20.0, 20.0), (80.0, 20.0), (80.0, 90.0)))
            save(Item(path.name, path, path.with_suffix(".json")), Annotation(120, 160, (shape,)), TABLE, None)
    (home / "p3.json").write_text('{"shapes": [ broken')
    return home


@pytest.fixture
def opened(window: MainWindow, folder: Path, qtbot: QtBot) -> MainWindow:
    window.open_path(folder)
    wait_for(qtbot, lambda: window.state.image is not None and len(window.state.item_states) == 4)
    wait_for(qtbot, lambda: len(window.state.table) == 2 and window.jobs.idle)
    return window


def wait_for(qtbot: QtBot, condition: Callable[[], bool], timeout_ms: int = 20_000) -> None:
    qtbot.waitUntil(condition, timeout=timeout_ms)


assert os.environ["QT_API"] == "pyside6"
