"""Icons of one family (Phosphor) at one size, in the colour of the text."""

from __future__ import annotations

import os

from PySide6.QtGui import QGuiApplication, QIcon, QPalette

os.environ.setdefault("QT_API", "pyside6")  # otherwise qtawesome uses PyQt5 if labelme has installed it

import qtawesome  # after QT_API is set

NAMES = {
    "open": "ph.folder-open",
    "save": "ph.floppy-disk",
    "undo": "ph.arrow-u-up-left",
    "redo": "ph.arrow-u-up-right",
    "locked": "ph.lock",
    "unlocked": "ph.lock-open",
    "train": "ph.play",
    "stop": "ph.stop",
    "pause": "ph.pause",
    "more": "ph.dots-three",
    "predict": "ph.sparkle",
    "import": "ph.download-simple",
    "export": "ph.export",
    "fit": "ph.frame-corners",
    "add": "ph.plus",
    "shown": "ph.eye",
    "hidden": "ph.eye-slash",
    "next": "ph.caret-right",
    "previous": "ph.caret-left",
    "done": "ph.check-circle",
    "close": "ph.x",
    "info": "ph.info",
    "problem": "ph.warning",
}


def icon(name: str) -> QIcon:
    """An icon by a name of NAMES or an icon id of qtawesome, in the palette's current colours."""
    palette = QGuiApplication.palette()
    return qtawesome.icon(
        NAMES.get(name, name),
        color=palette.color(QPalette.ColorRole.ButtonText),
        color_disabled=palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText),
        color_on="white",
    )
