"""The canvas: shows the open picture with its layers and what the hand is about."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QWidget

from segstudio.core.document import Region
from segstudio.ui.canvas import items
from segstudio.ui.canvas.hand import Hand
from segstudio.ui.canvas.stack import LayerStack
from segstudio.ui.canvas.transform import ViewTransform, centred, fitted
from segstudio.ui.session import Session


class Canvas(QWidget):
    """Paints only arrays that exist, and only where something changed."""

    zoomed = Signal(float)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._stack = LayerStack(session)
        self._view = ViewTransform()
        self._fits = True
        self.hand = Hand(session, self, self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Picture"))
        session.picture_changed.connect(self._on_picture)
        session.region_changed.connect(self._on_region)
        session.choice_changed.connect(self._show_cursor)
        for changed in (session.layers_changed, session.classes_changed, session.prediction_changed, session.edited):
            changed.connect(self.update)
        self.hand.panned.connect(lambda step: self.set_view(self._view.moved(step.x(), step.y())))
        self.hand.zoomed.connect(lambda factor, at: self.set_view(self._view.zoomed(factor, at)))
        self.hand.moved.connect(self._repaint_cursor)
        self.hand.changed.connect(self._show_cursor)

    @property
    def view(self) -> ViewTransform:
        return self._view

    def set_view(self, view: ViewTransform) -> None:
        self._view, self._fits = view, False
        self.update()
        self.zoomed.emit(view.zoom * self.devicePixelRatioF())

    def fit(self) -> None:
        """The whole picture."""
        if self._session.picture is not None:
            height, width = self._session.picture.document.plane.shape
            self.set_view(fitted(height, width, QSizeF(self.size())))
            self._fits = True

    def one_to_one(self) -> None:
        """One picture pixel, one screen pixel."""
        if self._session.picture is not None:
            height, width = self._session.picture.document.plane.shape
            self.set_view(centred(height, width, QSizeF(self.size()), 1 / self.devicePixelRatioF()))

    def zoom(self, factor: float) -> None:
        """At the pointer, or in the middle when it is elsewhere."""
        self.set_view(self._view.zoomed(factor, self.hand.at or QRectF(self.rect()).center()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setClipRegion(event.region())
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Dark))
        picture = self._session.picture
        if picture is None:
            return
        height, width = picture.document.plane.shape
        seen = self._view.visible(QRectF(event.rect()), height, width)
        if not seen.empty:
            self._stack.draw(painter, self._view, seen, self.devicePixelRatioF())
        items.draw_draft(painter, self._session.tool.draft(picture.document), self._view, self._class_colour())
        radius = self._session.tool.radius_px
        if self.hand.at is not None and radius is not None and not self.hand.panning:
            items.draw_cursor(painter, self.hand.at, radius * self._view.zoom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fits:
            self.fit()

    def _class_colour(self) -> QColor:
        table = self._session.table
        return QColor(*table[min(self._session.choice.class_id, len(table) - 1)].colour).lighter(130)

    def _repaint_cursor(self, before: QPointF | None, now: QPointF | None) -> None:
        """Only the rings of the round cursor, or all for tools that draw lines."""
        radius = self._session.tool.radius_px
        if radius is None:
            self.update()
            return
        reach = max(1.5, radius * self._view.zoom) + 4
        for at in (before, now):
            if at is not None:
                self.update(QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect())

    def _on_picture(self) -> None:
        self._stack.rebuild()
        self._fits = True
        self.fit()
        self._show_cursor()

    def _on_region(self, region: Region) -> None:
        for box in region:
            self.update(self._view.box_to_screen(box).toAlignedRect().adjusted(-2, -2, 2, 2))

    def _show_cursor(self) -> None:
        if self._session.picture is None:
            self.unsetCursor()
        elif self.hand.panning:
            grabs = self.hand.dragging_view
            self.setCursor(Qt.CursorShape.ClosedHandCursor if grabs else Qt.CursorShape.OpenHandCursor)
        else:
            round_cursor = self._session.tool.radius_px is not None
            self.setCursor(Qt.CursorShape.BlankCursor if round_cursor else Qt.CursorShape.CrossCursor)
        self.update()
