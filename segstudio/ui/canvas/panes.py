"""What the canvas is divided into when labels and prediction are compared, and the divider between."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QSize, QSizeF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from segstudio.app.layers import LABELS, NO_COMPARE, PREDICTION, SIDE_BY_SIDE, SWIPE, Layers
from segstudio.core.box import Box
from segstudio.ui.canvas.transform import ViewTransform
from segstudio.ui.session import Session

_GRAB_PX = 7
_RIM = 0.02  # as far as the divider goes


@dataclass(frozen=True)
class Pane:
    """A part of the canvas with a view of its own; `only` names the one layer that it compares."""

    area: QRect
    view: ViewTransform
    only: str = ""


def panes_of(layers: Layers, area: QRect, view: ViewTransform) -> list[Pane]:
    """One, or labels on the left and prediction on the right."""
    if layers.compare == NO_COMPARE:
        return [Pane(area, view)]
    across = area.width() // 2 if layers.compare == SIDE_BY_SIDE else round(layers.divider * area.width())
    left, right = QRect(0, 0, across, area.height()), QRect(across, 0, area.width() - across, area.height())
    moved = view.moved(across, 0) if layers.compare == SIDE_BY_SIDE else view
    return [Pane(left, view, LABELS), Pane(right, moved, PREDICTION)]


def pane_at(panes: list[Pane], at: QPointF) -> Pane:
    return next((pane for pane in panes if pane.area.contains(at.toPoint())), panes[0])


def pane_size(layers: Layers, whole: QSize) -> QSizeF:
    """What an image is fitted into."""
    return QSizeF(whole.width() / 2 if layers.compare == SIDE_BY_SIDE else whole.width(), whole.height())


def visible_box(session: Session, view: ViewTransform, size: QSize) -> Box | None:
    """The part of the open image on the screen; None without an image or with none of it in view."""
    image = session.image
    if image is None:
        return None
    pane = pane_size(session.layers, size)
    (x0, y0), (x1, y1) = view.to_image(QPointF(0, 0)), view.to_image(QPointF(pane.width(), pane.height()))
    box = Box(int(y0), int(x0), int(y1) + 1, int(x1) + 1).intersect(image.document.annotation.box)
    return None if box.empty else box


class Divider(QObject):
    """Drags the line of a swipe; presses beside it are not its matter."""

    def __init__(self, session: Session, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._session = session
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
                self._session.layers.divider = min(1 - _RIM, max(_RIM, share))
                self._canvas.update()
                return True
            case QEvent.Type.MouseButtonRelease if self._dragging:
                self._dragging = False
                return True
        return False

    def _is_at(self, at: QPointF) -> bool:
        layers = self._session.layers
        swiping = layers.compare == SWIPE and self._session.image is not None
        return swiping and abs(at.x() - layers.divider * self._canvas.width()) <= _GRAB_PX
