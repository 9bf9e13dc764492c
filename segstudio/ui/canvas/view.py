"""Canvas widget: image, layer overlays and the active tool's preview."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QWidget

from segstudio.app.state import State
from segstudio.core.document import Region
from segstudio.ui.canvas.input import CanvasInput
from segstudio.ui.canvas.layer_stack import LayerStack
from segstudio.ui.canvas.overlay import Overlay
from segstudio.ui.canvas.panes import Divider, Pane, make_panes, pane_at, pane_size
from segstudio.ui.canvas.transform import ViewTransform

_MAX_RECTANGLES = 6  # repainting one larger rectangle is cheaper than more of them


class Canvas(QWidget):
    """Paints existing arrays, and only where something changed."""

    zoomed = Signal(float)
    view_changed = Signal()

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._stack = LayerStack(state)
        self._overlay = Overlay(state)
        self._view = ViewTransform()
        self._fits = True  # the view follows the size of the canvas
        self._pane = 0
        self.input = CanvasInput(state, self, self)
        self._divider = Divider(state, self)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Image"))
        state.image_changed.connect(self._on_image)
        state.region_changed.connect(self._on_region)
        state.tool_changed.connect(self._show_cursor)
        state.tool_used.connect(self._on_tool_used)
        state.marks_changed.connect(self._on_tool_used)
        state.edited.connect(lambda edit: self._on_tool_used())
        state.levels_changed.connect(self.rebuild)
        for changed in (state.layers_changed, state.classes_changed, state.prediction_changed):
            changed.connect(self._on_layers)
        self.input.panned.connect(lambda step: self.pan(step.x(), step.y()))
        self.input.zoomed.connect(self._on_wheel)
        self.input.moved.connect(self._repaint_cursor)
        self.input.changed.connect(self._show_cursor)

    @property
    def view(self) -> ViewTransform:
        return self._view

    @property
    def panes(self) -> list[Pane]:
        return make_panes(self._state.layers, self.rect(), self._view)

    def set_view(self, view: ViewTransform) -> None:
        self._view, self._fits = view, False
        self._update_visible_box()
        self.update()
        self.zoomed.emit(view.zoom * self.devicePixelRatioF())
        self.view_changed.emit()

    def fit(self) -> None:
        """Show the whole image."""
        if self._state.image is not None:
            height, width = self._state.image.document.plane.shape
            self.set_view(ViewTransform.fitted(height, width, self._pane_size()))
            self._fits = True

    def one_to_one(self) -> None:
        """Show one image pixel as one screen pixel."""
        if self._state.image is not None:
            height, width = self._state.image.document.plane.shape
            self.set_view(ViewTransform.centred(height, width, self._pane_size(), 1 / self.devicePixelRatioF()))

    def zoom(self, factor: float) -> None:
        """Zoom at the pointer, or at the centre if the pointer is outside."""
        self._on_wheel(factor, self.input.at or QRectF(self.rect()).center())

    def pan(self, dx: float, dy: float) -> None:
        """Move the image by screen pixels."""
        self.set_view(self._view.pan(dx, dy))

    def centre_on(self, x: float, y: float) -> None:
        """Move an image point to the centre of the canvas, at the same zoom."""
        at, (width, height) = self._view.to_screen(x, y), self._pane_size()
        self.set_view(self._view.pan(width / 2 - at.x(), height / 2 - at.y()))

    def to_image(self, at: QPointF) -> tuple[float, float]:
        """Convert a canvas position to image pixels; both panes of a comparison show the same image.

        While a button is held, the pane in which it was pressed counts, so that a stroke does not jump.
        """
        panes = self.panes
        if not self.input.pressed or self._pane >= len(panes):
            self._pane = panes.index(pane_at(panes, at))
        return panes[self._pane].view.to_image(at)

    def rebuild(self) -> None:
        """The pyramid levels of the image were replaced."""
        self._stack.rebuild()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint few dirty rectangles one by one: the area between two distant ones is not painted again."""
        painter = QPainter(self)
        painter.setClipRegion(event.region())
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Dark))
        image = self._state.image
        if image is None:
            return
        panes, shape = self.panes, image.document.plane.shape
        few = event.region().rectCount() <= _MAX_RECTANGLES
        parts = [QRect(each) for each in event.region()] if few else [event.rect()]  # type: ignore[attr-defined]
        for part in parts:
            for pane in panes:
                dirty = pane.area.intersected(part)
                if dirty.isEmpty():
                    continue
                painter.save()
                painter.setClipRect(dirty, Qt.ClipOperation.IntersectClip)
                visible = pane.view.visible(QRectF(dirty), *shape)
                if not visible.empty:
                    self._stack.draw(painter, pane, visible, dirty, self.devicePixelRatioF())
                self._overlay.draw_in(painter, pane, visible)
                painter.restore()
        at = None if self.input.panning else self.input.at
        self._overlay.draw_over(painter, panes, self.rect(), at, self._view.zoom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fits:
            self.fit()
        self._update_visible_box()
        self.view_changed.emit()

    def _on_wheel(self, factor: float, at: QPointF) -> None:
        """In the right pane, the point under the pointer stays where it is in that pane."""
        pane = pane_at(self.panes, at)
        self.set_view(pane.view.zoom_at(factor, at).pan(self._view.dx - pane.view.dx, 0))

    def _on_tool_used(self) -> None:
        """The tool's preview or the selection may have changed."""
        if self._state.image is not None:
            for part in self._overlay.preview_areas(self.panes, self._view):
                self.update(part)

    def _on_layers(self) -> None:
        """Layers were switched; a comparison side by side changes the size that the image is fitted into."""
        if self._fits:
            self.fit()
        self._update_visible_box()
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

    def _update_visible_box(self) -> None:
        if self._state.image is not None:
            height, width = self._state.image.document.plane.shape
            self._state.set_visible_box(self._view.visible_box((0, 0), self._pane_size(), height, width))

    def _pane_size(self) -> tuple[float, float]:
        return pane_size(self._state.layers, self.width(), self.height())

    def _show_cursor(self) -> None:
        if self._state.image is None:
            self.unsetCursor()
        elif self.input.panning:
            dragging = self.input.dragging_view
            self.setCursor(Qt.CursorShape.ClosedHandCursor if dragging else Qt.CursorShape.OpenHandCursor)
        else:
            self.setCursor(self._overlay.cursor_shape())
        self.update()
