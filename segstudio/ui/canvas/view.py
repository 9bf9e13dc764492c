"""The canvas: shows the open image with its layers and what the hand is about."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QWidget

from segstudio.core.document import Region
from segstudio.ui.canvas.hand import Hand
from segstudio.ui.canvas.overlay import Overlay
from segstudio.ui.canvas.panes import Divider, Pane, pane_at, pane_size, panes_of
from segstudio.ui.canvas.stack import LayerStack
from segstudio.ui.canvas.transform import ViewTransform, centred, fitted
from segstudio.ui.session import Session

_MOST_RECTANGLES = 6  # beyond that one larger one is cheaper


class Canvas(QWidget):
    """Paints only arrays that exist, and only where something changed."""

    zoomed = Signal(float)
    view_changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._stack = LayerStack(session)
        self._overlay = Overlay(session)
        self._view = ViewTransform()
        self._fits = True
        self._pane = 0
        self.hand = Hand(session, self, self)
        self._divider = Divider(session, self)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Image"))
        session.image_changed.connect(self._on_image)
        session.region_changed.connect(self._on_region)
        session.choice_changed.connect(self._show_cursor)
        session.acted.connect(self._on_acted)
        session.edited.connect(self._on_acted)
        for changed in (session.layers_changed, session.classes_changed, session.prediction_changed):
            changed.connect(self._on_look)
        self.hand.panned.connect(lambda step: self.set_view(self._view.moved(step.x(), step.y())))
        self.hand.zoomed.connect(self._on_wheel)
        self.hand.moved.connect(self._repaint_cursor)
        self.hand.changed.connect(self._show_cursor)

    @property
    def view(self) -> ViewTransform:
        return self._view

    @property
    def panes(self) -> list[Pane]:
        return panes_of(self._session.layers, self.rect(), self._view)

    def set_view(self, view: ViewTransform) -> None:
        self._view, self._fits = view, False
        self._tell_seen()
        self.update()
        self.zoomed.emit(view.zoom * self.devicePixelRatioF())
        self.view_changed.emit()

    def fit(self) -> None:
        """The whole image."""
        if self._session.image is not None:
            height, width = self._session.image.document.plane.shape
            self.set_view(fitted(height, width, pane_size(self._session.layers, self.size())))
            self._fits = True

    def one_to_one(self) -> None:
        """One image pixel, one screen pixel."""
        if self._session.image is not None:
            height, width = self._session.image.document.plane.shape
            self.set_view(
                centred(height, width, pane_size(self._session.layers, self.size()), 1 / self.devicePixelRatioF())
            )

    def zoom(self, factor: float) -> None:
        """At the pointer, or in the middle when it is elsewhere."""
        self._on_wheel(factor, self.hand.at or QRectF(self.rect()).center())

    def centre_on(self, x: float, y: float) -> None:
        """Bring a place of the image into the middle, at the same zoom."""
        at, size = self._view.to_screen(x, y), pane_size(self._session.layers, self.size())
        self.set_view(self._view.moved(size.width() / 2 - at.x(), size.height() / 2 - at.y()))

    def to_image(self, at: QPointF) -> tuple[float, float]:
        """A place of the screen in image pixels; both halves of a side by side show the same.

        While a button is down the half in which it went down counts, so that a stroke does not jump.
        """
        panes = self.panes
        if not self.hand.pressed or self._pane >= len(panes):
            self._pane = panes.index(pane_at(panes, at))
        return panes[self._pane].view.to_image(at)

    def rebuild(self) -> None:
        """The image's levels are others."""
        self._stack.rebuild()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Each dirty rectangle by itself where they are few: what lies between two far ones is not drawn again."""
        painter = QPainter(self)
        painter.setClipRegion(event.region())
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Dark))
        image = self._session.image
        if image is None:
            return
        panes, shape = self.panes, image.document.plane.shape
        few = event.region().rectCount() <= _MOST_RECTANGLES
        parts = [QRect(each) for each in event.region()] if few else [event.rect()]  # type: ignore[attr-defined]
        for part in parts:
            for pane in panes:
                dirty = pane.area.intersected(part)
                if dirty.isEmpty():
                    continue
                painter.save()
                painter.setClipRect(dirty, Qt.ClipOperation.IntersectClip)
                seen = pane.view.visible(QRectF(dirty), *shape)
                if not seen.empty:
                    self._stack.draw(painter, pane, seen, dirty, self.devicePixelRatioF())
                self._overlay.draw_in(painter, pane, seen)
                painter.restore()
        at = None if self.hand.panning else self.hand.at
        self._overlay.draw_over(painter, panes, self.rect(), at, self._view.zoom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fits:
            self.fit()
        self._tell_seen()
        self.view_changed.emit()

    def _on_wheel(self, factor: float, at: QPointF) -> None:
        """In the right half of a side by side the place under the pointer stays where it is there."""
        pane = pane_at(self.panes, at)
        self.set_view(pane.view.zoomed(factor, at).moved(self._view.dx - pane.view.dx, 0))

    def _on_acted(self) -> None:
        """The tool may show something else, and objects may be selected or moved."""
        if self._session.image is not None:
            self._on_region(self._session.image.shown.refresh())
            for part in self._overlay.draft_areas(self.panes, self._view):
                self.update(part)

    def _on_look(self) -> None:
        """Layers were switched; a compare that halves the canvas needs another fit."""
        if self._fits:
            self.fit()
        self._tell_seen()
        self.update()

    def _repaint_cursor(self, before: QPointF | None, now: QPointF | None) -> None:
        for part in self._overlay.cursor_areas(before, now, self.rect(), self._view.zoom):
            self.update(part)

    def _on_image(self) -> None:
        self._stack.rebuild()
        self._fits = True
        self.fit()
        self._show_cursor()

    def _on_region(self, region: Region) -> None:
        for pane in self.panes if region else ():
            for box in region:
                self.update(pane.view.box_to_screen(box).toAlignedRect().adjusted(-2, -2, 2, 2))

    def _tell_seen(self) -> None:
        if self._session.image is not None:
            height, width = self._session.image.document.plane.shape
            size = pane_size(self._session.layers, self.size())
            self._session.sight.seen = self._view.visible(QRectF(QPointF(), size), height, width)

    def _show_cursor(self) -> None:
        if self._session.image is None:
            self.unsetCursor()
        elif self.hand.panning:
            grabs = self.hand.dragging_view
            self.setCursor(Qt.CursorShape.ClosedHandCursor if grabs else Qt.CursorShape.OpenHandCursor)
        else:
            self.setCursor(self._overlay.cursor_shape())
        self.update()
