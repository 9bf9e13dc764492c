"""Panes of the canvas: one, or two while labels and prediction are compared; and the divider between them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from segstudio.app.layers import LABELS, NO_COMPARE, PREDICTION, SIDE_BY_SIDE, SWIPE, Layers
from segstudio.app.state import State
from segstudio.ui.canvas.transform import ViewTransform

_GRAB_PX = 7
_MIN_SHARE = 0.02  # of the width, left to each pane


@dataclass(frozen=True)
class Pane:
    """A part of the canvas with its own view; `only` names the one layer that it shows in a comparison."""

    area: QRect
    view: ViewTransform
    only: str = ""


def make_panes(layers: Layers, area: QRect, view: ViewTransform) -> list[Pane]:
    """One pane, or labels on the left and prediction on the right."""
    if layers.compare == NO_COMPARE:
        return [Pane(area, view)]
    left_width = area.width() // 2 if layers.compare == SIDE_BY_SIDE else round(layers.divider * area.width())
    left = QRect(0, 0, left_width, area.height())
    right = QRect(left_width, 0, area.width() - left_width, area.height())
    moved = view.pan(left_width, 0) if layers.compare == SIDE_BY_SIDE else view
    return [Pane(left, view, LABELS), Pane(right, moved, PREDICTION)]


def pane_at(panes: list[Pane], at: QPointF) -> Pane:
    return next((pane for pane in panes if pane.area.contains(at.toPoint())), panes[0])


def pane_size(layers: Layers, width: float, height: float) -> tuple[float, float]:
    """Width and height that an image is fitted into."""
    return width / 2 if layers.compare == SIDE_BY_SIDE else width, height


class Divider(QObject):
    """Drags the divider of a swipe. Ignores presses that are not on the divider."""

    def __init__(self, state: State, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._state = state
        self._canvas = canvas
        self._dragging = False
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QMouseEvent):
            return False
        match event.type():
            case QEvent.Type.MouseButtonPress if event.button() == Qt.MouseButton.LeftButton:
                self._dragging = self._is_at(event.position())
                return self._dragging
            case QEvent.Type.MouseMove if self._dragging:
                share = event.position().x() / max(1, self._canvas.width())
                divider = min(1 - _MIN_SHARE, max(_MIN_SHARE, share))
                self._state.set_layers(replace(self._state.layers, divider=divider))
                return True
            case QEvent.Type.MouseButtonRelease if self._dragging:
                self._dragging = False
                return True
        return False

    def _is_at(self, at: QPointF) -> bool:
        layers = self._state.layers
        swiping = layers.compare == SWIPE and self._state.image is not None
        return swiping and abs(at.x() - layers.divider * self._canvas.width()) <= _GRAB_PX
