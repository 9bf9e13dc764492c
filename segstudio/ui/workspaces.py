"""The docks around the canvas, and the sets of them for annotating, training and reviewing."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget

from segstudio.ui.settings import Settings

ANNOTATE, TRAIN, REVIEW = "annotate", "train", "review"

_SHOWN = {
    ANNOTATE: ("images", "objects", "classes", "display", "layers", "runs", "training", "metrics"),
    TRAIN: ("images", "display", "layers", "runs", "training"),
    REVIEW: ("images", "display", "layers", "metrics"),
}
_HEIGHTS = {"classes": 280, "layers": 210, "metrics": 240, "training": 480}
_LEFT_PX, _RIGHT_PX = 250, 310
_TABS = (("classes", "objects"), ("layers", "display"), ("metrics", "training"), ("training", "runs"))
_VERSION = 3


class Workspaces(QObject):
    """Every dock can be closed, floated and restored; the canvas stays where it is."""

    def __init__(self, window: QMainWindow, panels: dict[str, QWidget], settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._docks = {name: self._dock(name, panel) for name, panel in panels.items()}
        for first, second in _TABS:
            window.tabifyDockWidget(self._docks[first], self._docks[second])
        for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.hide()  # Qt leaves some behind that nobody uses; those in use it shows again itself
        self._first = window.saveState(_VERSION)

    def toggles(self) -> list[QAction]:
        """One for each dock, for the menu."""
        return [dock.toggleViewAction() for dock in self._docks.values()]

    def show_dock(self, name: str) -> None:
        """Show it, in front of the dock that shares its place."""
        self._docks[name].show()
        self._docks[name].raise_()

    def annotate(self) -> None:
        self.show(ANNOTATE)

    def train(self) -> None:
        self.show(TRAIN)

    def review(self) -> None:
        self.show(REVIEW)

    def show(self, workspace: str) -> None:
        for name, dock in self._docks.items():
            dock.setVisible(name in _SHOWN[workspace])
        for name in ("classes", "layers", _SHOWN[workspace][-1]):
            self._docks[name].raise_()
        self._balance()

    def reset(self) -> None:
        self._window.restoreState(self._first, _VERSION)
        self.show(ANNOTATE)

    def restore(self) -> None:
        """As the program was left, or the first layout."""
        if not self._window.restoreGeometry(self._settings.load_bytes("geometry")):
            self._window.resize(1280, 800)
        if not self._window.restoreState(self._settings.load_bytes("docks"), _VERSION):
            self.show(ANNOTATE)
            QTimer.singleShot(0, self._balance)  # sizes hold only once the window is laid out

    def remember(self) -> None:
        self._settings.save_bytes("geometry", self._window.saveGeometry())
        self._settings.save_bytes("docks", self._window.saveState(_VERSION))

    def _dock(self, name: str, panel: QWidget) -> QDockWidget:
        words = {
            "images": QCoreApplication.translate("Workspaces", "Images"),
            "classes": QCoreApplication.translate("Workspaces", "Classes"),
            "objects": QCoreApplication.translate("Workspaces", "Objects"),
            "layers": QCoreApplication.translate("Workspaces", "Layers"),
            "display": QCoreApplication.translate("Workspaces", "View"),
            "metrics": QCoreApplication.translate("Workspaces", "This image"),
            "training": QCoreApplication.translate("Workspaces", "Training"),
            "runs": QCoreApplication.translate("Workspaces", "Runs"),
        }
        dock = QDockWidget(words[name], self._window)
        dock.setObjectName(name)
        dock.setWidget(panel)
        self._window.addDockWidget(_area(name), dock)
        return dock

    def _balance(self) -> None:
        shown = {name: dock for name, dock in self._docks.items() if not dock.isHidden() and not dock.isFloating()}
        right = [name for name in _HEIGHTS if name in shown and not (name == "training" and "metrics" in shown)]
        if "images" in shown:
            self._window.resizeDocks([shown["images"]], [_LEFT_PX], Qt.Orientation.Horizontal)
        if right:
            self._window.resizeDocks([shown[right[0]]], [_RIGHT_PX], Qt.Orientation.Horizontal)
            docks, heights = [shown[name] for name in right], [_HEIGHTS[name] for name in right]
            self._window.resizeDocks(docks, heights, Qt.Orientation.Vertical)


def _area(name: str) -> Qt.DockWidgetArea:
    return Qt.DockWidgetArea.LeftDockWidgetArea if name == "images" else Qt.DockWidgetArea.RightDockWidgetArea
