"""Toolbar and menus, laid out from the actions."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton

from segstudio.ui.actions import ACTIONS

_TOOLBAR = (
    ("open", "import", "save"),
    ("undo", "redo"),
    ("brush", "eraser", "polygon"),
    ("train", "stop", "predict"),
    ("export",),
)
_WITH_TEXT = ("open", "import", "train", "stop", "predict", "export")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Menus", text)


def place_toolbar(window: QMainWindow, actions: dict[str, QAction]) -> None:
    bar = QToolBar(_tr("Main toolbar"))
    bar.setObjectName("toolbar")
    bar.setMovable(False)
    bar.setIconSize(QSize(20, 20))
    for index, group in enumerate(_TOOLBAR):
        if index:
            bar.addSeparator()
        for name in group:
            bar.addAction(actions[name])
    for name in _WITH_TEXT:
        button = bar.widgetForAction(actions[name])
        if isinstance(button, QToolButton):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    window.addToolBar(bar)


def place_menus(window: QMainWindow, actions: dict[str, QAction]) -> dict[str, QMenu]:
    """The menus by their untranslated names."""
    words = {
        "File": _tr("&File"),
        "Edit": _tr("&Edit"),
        "View": _tr("&View"),
        "Tools": _tr("&Tools"),
        "Model": _tr("&Model"),
    }
    menus = {name: window.menuBar().addMenu(word) for name, word in words.items()}
    for row in ACTIONS:
        menus[row.menu].addAction(actions[row.name])
    return menus


def add_toggle(menu: QMenu, text: str, on: bool, before: QAction | None = None) -> QAction:
    action = QAction(text, menu, checkable=True)
    action.setChecked(on)
    menu.insertAction(before, action) if before is not None else menu.addAction(action)
    return action


def add_choice(menu: QMenu, chosen: str, words: dict[str, str]) -> QActionGroup:
    """One of several; each action's `data` is its key."""
    group = QActionGroup(menu)
    for key, word in words.items():
        action = add_toggle(menu, word, key == chosen)
        action.setData(key)
        group.addAction(action)
    return group


def digit_actions(window: QMainWindow) -> QActionGroup:
    """0 to 9 without a place in a menu; each action's `data` is its digit."""
    group = QActionGroup(window)
    for digit in range(10):
        action = QAction(window)
        action.setShortcut(QKeySequence(str(digit)))
        action.setData(digit)
        group.addAction(action)
        window.addAction(action)
    return group
