"""Workspaces: the docks around the canvas, and which of them are shown to annotate, train and review."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget

from segstudio.ui.actions import Action
from segstudio.ui.settings import Settings

ANNOTATE, TRAIN, REVIEW = "annotate", "train", "review"

_DOCKS = {
    ANNOTATE: ("images", "objects", "classes", "view", "layers", "runs", "training", "metrics"),
    TRAIN: ("images", "view", "layers", "runs", "training"),
    REVIEW: ("images", "view", "layers", "metrics"),
}
_HEIGHTS_PX = {"classes": 280, "layers": 210, "metrics": 240, "training": 480}
_LEFT_WIDTH_PX, _RIGHT_WIDTH_PX = 250, 310
_TABS = (("classes", "objects"), ("layers", "view"), ("metrics", "training"), ("training", "runs"))
_VERSION = 4


class Workspaces(QObject):
    """Makes the docks. Each can be closed, floated and restored."""

    def __init__(self, window: QMainWindow, panels: dict[str, QWidget], settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._docks = {name: self._make_dock(name, panel) for name, panel in panels.items()}
        for first, second in _TABS:
            window.tabifyDockWidget(self._docks[first], self._docks[second])
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
        for name, dock in self._docks.items():
            dock.setVisible(name in _DOCKS[workspace])
        for name in ("classes", "layers", _DOCKS[workspace][-1]):
            self._docks[name].raise_()
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

    def _make_dock(self, name: str, panel: QWidget) -> QDockWidget:
        titles = {
            "images": QCoreApplication.translate("Workspaces", "Images"),
            "classes": QCoreApplication.translate("Workspaces", "Classes"),
            "objects": QCoreApplication.translate("Workspaces", "Objects"),
            "layers": QCoreApplication.translate("Workspaces", "Layers"),
            "view": QCoreApplication.translate("Workspaces", "View"),
            "metrics": QCoreApplication.translate("Workspaces", "Metrics"),
            "training": QCoreApplication.translate("Workspaces", "Training"),
            "runs": QCoreApplication.translate("Workspaces", "Runs"),
        }
        dock = QDockWidget(titles[name], self._window)
        dock.setObjectName(name)
        dock.setWidget(panel)
        self._window.addDockWidget(_area(name), dock)
        return dock

    def _resize_docks(self) -> None:
        docked = {name: dock for name, dock in self._docks.items() if not dock.isHidden() and not dock.isFloating()}
        right = [name for name in _HEIGHTS_PX if name in docked and not (name == "training" and "metrics" in docked)]
        if "images" in docked:
            self._window.resizeDocks([docked["images"]], [_LEFT_WIDTH_PX], Qt.Orientation.Horizontal)
        if right:
            self._window.resizeDocks([docked[right[0]]], [_RIGHT_WIDTH_PX], Qt.Orientation.Horizontal)
            docks, heights = [docked[name] for name in right], [_HEIGHTS_PX[name] for name in right]
            self._window.resizeDocks(docks, heights, Qt.Orientation.Vertical)


def _area(name: str) -> Qt.DockWidgetArea:
    return Qt.DockWidgetArea.LeftDockWidgetArea if name == "images" else Qt.DockWidgetArea.RightDockWidgetArea
