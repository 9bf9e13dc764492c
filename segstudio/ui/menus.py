"""Toolbars and menus, laid out from the actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton

from segstudio.tools.toolbox import GROUPS
from segstudio.ui.actions import ActionSet

_TOOLBAR = (
    ("open", "import", "save"),
    ("undo", "redo"),
    ("train", "pause", "stop", "predict"),
    ("export",),
)
_WITH_TEXT = ("open", "import", "train", "stop", "predict", "export")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Menus", text)


def place_toolbar(window: QMainWindow, actions: ActionSet) -> None:
    bar = _make_bar("toolbar", _tr("Main toolbar"), actions, _TOOLBAR)
    bar.setIconSize(QSize(20, 20))
    for name in _WITH_TEXT:
        button = bar.widgetForAction(actions[name])
        if isinstance(button, QToolButton):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    window.addToolBar(bar)


def place_tools(window: QMainWindow, actions: ActionSet) -> None:
    """All tools in groups, down the left side."""
    names = [[kind.info.name for kind in group] for group in GROUPS]
    bar = _make_bar("tools", _tr("Tools"), actions, names)
    bar.setIconSize(QSize(18, 18))
    window.addToolBar(Qt.ToolBarArea.LeftToolBarArea, bar)


def _make_bar(name: str, title: str, actions: ActionSet, groups: Sequence[Sequence[str]]) -> QToolBar:
    bar = QToolBar(title)
    bar.setObjectName(name)
    bar.setMovable(False)
    for index, group in enumerate(groups):
        if index:
            bar.addSeparator()
        for each in group:
            bar.addAction(actions[each])
    return bar


def place_menus(window: QMainWindow, actions: ActionSet) -> dict[str, QMenu]:
    """The menus by their untranslated names, "Menu/Submenu" for deeper ones."""
    words = {
        "File": _tr("&File"),
        "Edit": _tr("&Edit"),
        "Object": _tr("&Object"),
        "Object/Order": _tr("Order"),
        "Object/Combine": _tr("Combine"),
        "Object/Shape": _tr("Shape"),
        "Object/Parts": _tr("Parts"),
        "Tools": _tr("&Tools"),
        "Tools/Painting rules": _tr("Painting rules"),
        "View": _tr("&View"),
        "View/Labels": _tr("Labels"),
        "View/Compare": _tr("Compare"),
        "View/Aids": _tr("Aids"),
        "View/Workspace": _tr("Workspace"),
        "Model": _tr("&Model"),
        "Help": _tr("&Help"),
    }
    menus: dict[str, QMenu] = {}
    for action in actions.actions:
        top = action.menu.split("/")[0]
        if top not in menus:
            menus[top] = window.menuBar().addMenu(words[top])
        if action.menu not in menus:
            menus[action.menu] = menus[top].addMenu(words[action.menu])
        menus[action.menu].addAction(actions[action.name])
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
