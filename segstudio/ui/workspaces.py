"""Workspaces: the docks around the canvas, and which of them are shown to annotate, train and review."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QScrollArea, QTabBar

from segstudio.ui.actions import Action
from segstudio.ui.panels.panel import ANNOTATE, REVIEW, TRAIN, Panel, PanelInfo
from segstudio.ui.settings import Settings
from segstudio.ui.widgets import scroll_widget

_LEFT_WIDTH_PX, _RIGHT_WIDTH_PX = 250, 310
_VERSION = 4


class Workspaces(QObject):
    """Makes the docks. Each can be closed, floated and restored."""

    def __init__(self, window: QMainWindow, panels: Sequence[Panel], settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._docks: dict[str, QDockWidget] = {}
        self._groups: dict[str, list[PanelInfo]] = {}
        for panel in panels:
            self._add(panel)
        for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.hide()  # Qt leaves unused tab bars visible; it shows those in use again itself
        self._default_state = window.saveState(_VERSION)

    def toggles(self) -> list[QAction]:
        """Actions for the menu that show and hide each dock."""
        return [dock.toggleViewAction() for dock in self._docks.values()]

    def show_dock(self, name: str) -> None:
        """Show a dock, in front of those in the same tab group."""
        self._docks[name].show()
        self._docks[name].raise_()

    def actions(self) -> tuple[Action, ...]:
        """One for each workspace."""
        menu = "View/Workspace"
        return (
            Action("annotate_space", self.tr("Workspace: annotate"), "Ctrl+1", lambda: self.show(ANNOTATE), menu),
            Action("train_space", self.tr("Workspace: train"), "Ctrl+2", lambda: self.show(TRAIN), menu),
            Action("review_space", self.tr("Workspace: review"), "Ctrl+3", lambda: self.show(REVIEW), menu),
        )

    def show(self, workspace: str) -> None:
        """Show the docks of `workspace` at their default sizes."""
        for group in self._groups.values():
            for info in reversed(group):
                self._docks[info.name].setVisible(workspace in info.workspaces)
                self._docks[info.name].raise_()
        self._resize_docks()

    def reset(self) -> None:
        self._window.restoreState(self._default_state, _VERSION)
        self.show(ANNOTATE)

    def restore(self) -> None:
        """Restore the layout of the last session, or show the default layout."""
        if not self._window.restoreGeometry(self._settings.load_bytes("geometry")):
            self._window.resize(1280, 800)
        if not self._window.restoreState(self._settings.load_bytes("docks"), _VERSION):
            self.show(ANNOTATE)
            QTimer.singleShot(0, self._resize_docks)  # sizes are only kept once the window is laid out

    def store(self) -> None:
        """Store the layout for the next session."""
        self._settings.save_bytes("geometry", self._window.saveGeometry())
        self._settings.save_bytes("docks", self._window.saveState(_VERSION))

    def _add(self, panel: Panel) -> None:
        info, window = panel.info, self._window
        dock = self._docks[info.name] = QDockWidget(QCoreApplication.translate("Panel", info.title), window)
        dock.setObjectName(info.name)
        dock.setWidget(scroll_widget(QScrollArea(), panel) if info.scrolls else panel)
        area = Qt.DockWidgetArea.LeftDockWidgetArea if info.left else Qt.DockWidgetArea.RightDockWidgetArea
        window.addDockWidget(area, dock)
        group = self._groups.setdefault(info.group, [])
        if group:
            window.tabifyDockWidget(self._docks[group[-1].name], dock)
        group.append(info)

    def _resize_docks(self) -> None:
        docked = {name for name, dock in self._docks.items() if not dock.isHidden() and not dock.isFloating()}
        fronts = [next((info for info in group if info.name in docked), None) for group in self._groups.values()]
        shown = [info for info in fronts if info is not None]
        for info, width in [(info, _LEFT_WIDTH_PX if info.left else _RIGHT_WIDTH_PX) for info in shown]:
            self._window.resizeDocks([self._docks[info.name]], [width], Qt.Orientation.Horizontal)
        sized = [info for info in shown if info.height_px]
        docks, heights = [self._docks[info.name] for info in sized], [info.height_px for info in sized]
        self._window.resizeDocks(docks, heights, Qt.Orientation.Vertical)
