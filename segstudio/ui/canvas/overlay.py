"""Overlay above the layers: pixel grid, preview and cursor of the tool, crosshair, divider of a comparison."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from segstudio.app.layers import SWIPE
from segstudio.app.line_colours import colours_by_class, current_colour
from segstudio.app.state import State
from segstudio.core.box import Box
from segstudio.tools.options import SQUARE
from segstudio.tools.tool import Cursor
from segstudio.ui.canvas import tool_preview, view_aids
from segstudio.ui.canvas.panes import Pane
from segstudio.ui.canvas.transform import ViewTransform

_CURSORS = {
    Cursor.ARROW: Qt.CursorShape.ArrowCursor,
    Cursor.CROSS: Qt.CursorShape.CrossCursor,
    Cursor.POINTING: Qt.CursorShape.PointingHandCursor,
    Cursor.HORIZONTAL: Qt.CursorShape.SizeHorCursor,
    Cursor.ROUND: Qt.CursorShape.BlankCursor,  # draw_over draws the ring
}


class Overlay:
    """Draws, and computes which parts of the canvas to repaint when the pointer moves."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._preview_area = QRectF()

    def draw_in(self, painter: QPainter, pane: Pane, visible: Box) -> None:
        """Draw what belongs into one pane."""
        image, layers = self._state.image, self._state.layers
        if image is None:
            return
        if layers.pixel_grid and pane.view.zoom >= view_aids.GRID_FROM_ZOOM and not visible.empty:
            view_aids.draw_grid(painter, pane.view, visible)
            if view_aids.values_fit(image.pixels, pane.view.zoom):
                view_aids.draw_values(painter, image.pixels, pane.view, visible)
        preview = self._state.tool.preview(image.document)
        colours = colours_by_class(self._state) if preview.labels is not None or preview.lines else {}
        by_class = {class_id: QColor(*colour) for class_id, colour in colours.items()}
        tool_preview.draw_preview(painter, preview, pane.view, by_class, QColor(*current_colour(self._state)))

    def draw_over(self, painter: QPainter, panes: list[Pane], area: QRect, at: QPointF | None, zoom: float) -> None:
        """Draw what lies over all panes; `at` is the pointer, None while the view is panned."""
        layers = self._state.layers
        if len(panes) > 1:
            left, right = panes
            view_aids.draw_divider(painter, right.area.left(), area.height(), layers.compare == SWIPE)
            view_aids.draw_caption(painter, QCoreApplication.translate("Overlay", "Labels"), left.area.left())
            view_aids.draw_caption(painter, QCoreApplication.translate("Overlay", "Prediction"), right.area.left())
        if at is None:
            return
        if layers.crosshair:
            view_aids.draw_crosshair(painter, at, QRectF(area))
        radius = self._state.tool.radius_px
        if radius is not None:
            tool_preview.draw_cursor(painter, at, radius * zoom, self._square)

    def cursor_areas(self, before: QPointF | None, now: QPointF | None, area: QRect, zoom: float) -> list[QRect]:
        """Areas that the cursor covered before and covers now: the ring of a round tool, the lines of the crosshair."""
        radius, out = self._state.tool.radius_px, []
        extent = 0.0 if radius is None else max(1.5, radius * zoom) + 4
        for at in (before, now):
            if at is None:
                continue
            if self._state.layers.crosshair:
                out.append(QRect(round(at.x()) - 2, 0, 5, area.height()))
                out.append(QRect(0, round(at.y()) - 2, area.width(), 5))
            if extent:
                out.append(QRectF(at.x() - extent, at.y() - extent, 2 * extent, 2 * extent).toAlignedRect())
        return out

    def preview_areas(self, panes: list[Pane], view: ViewTransform) -> list[QRect]:
        """Areas that the tool's preview covered at the last call and covers now."""
        image = self._state.image
        preview = None if image is None else self._state.tool.preview(image.document)
        now = QRectF() if preview is None else tool_preview.preview_bounds(preview, view)
        parts = [part for part in (self._preview_area, now) if not part.isEmpty()]
        self._preview_area = now
        return [part.translated(pane.view.dx - view.dx, 0).toAlignedRect() for pane in panes for part in parts]

    def cursor_shape(self) -> Qt.CursorShape:
        """The cursor that the active tool has now."""
        return _CURSORS[self._state.tool.cursor]

    @property
    def _square(self) -> bool:
        return self._state.settings.square and SQUARE in self._state.tool.info.options
