"""Draws the active tool's preview: lines, handles, click markers, proposed pixels, and the round cursor."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from segstudio.core.box import Box
from segstudio.core.classes import UNLABELLED
from segstudio.core.geometry import Point
from segstudio.tools.tool import Line, Preview
from segstudio.ui.canvas.transform import ViewTransform
from segstudio.ui.canvas.view_aids import draw_text_box

_PREVIEW_ALPHA = 120
_NEGATIVE = QColor(239, 68, 68)
_EDGE = QColor(0, 0, 0, 160)
_MARGIN_PX = 16.0  # for handles and pen widths
_TEXT_AREA = QRectF(-20, -40, 280, 80)


def draw_preview(
    painter: QPainter, preview: Preview, view: ViewTransform, colours: dict[int, QColor], current: QColor
) -> None:
    """`current` is the colour of the current class; `colours` are those of class ids."""
    if preview.mask is not None:
        box, mask = preview.mask
        _draw_values(painter, np.ascontiguousarray(mask).view(np.uint8), {1: current}, box, view)
    if preview.labels is not None:
        box, labels = preview.labels
        painted = {class_id: colour for class_id, colour in colours.items() if class_id != UNLABELLED}
        _draw_values(painter, np.ascontiguousarray(labels), painted, box, view)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for line in preview.lines:
        colour = current if line.class_id is None else colours.get(line.class_id, current)
        _draw_line(painter, line, view, _NEGATIVE if line.negative else colour)
    if preview.points:
        next_point = (preview.next_point,) if preview.next_point else ()
        _draw_line(painter, Line((*preview.points, *next_point), preview.closed), view, current)
    _draw_handles(painter, preview, view, current)
    for point in preview.positive:
        _draw_marker(painter, view.to_screen(*point), QColor(34, 197, 94), True)
    for point in preview.negative:
        _draw_marker(painter, view.to_screen(*point), _NEGATIVE, False)
    if preview.text and preview.points:
        _draw_text(painter, view.to_screen(*preview.points[-1]), preview.text)


def preview_bounds(preview: Preview, view: ViewTransform) -> QRectF:
    """The part of the screen that a preview covers."""
    points = [*preview.points, *preview.handles, *preview.positive, *preview.negative]
    points += [point for point in (preview.next_point, preview.new_handle) if point is not None]
    widest = max((line.width_px * view.zoom / 2 for line in preview.lines), default=0.0)
    out = _bounds(points, view, _MARGIN_PX)
    out = out.united(_bounds([point for line in preview.lines for point in line.points], view, _MARGIN_PX + widest))
    for pixels in (preview.mask, preview.labels):
        if pixels is not None:
            out = out.united(view.box_to_screen(pixels[0]).adjusted(-2, -2, 2, 2))
    if preview.text and preview.points:
        out = out.united(_TEXT_AREA.translated(view.to_screen(*preview.points[-1])))
    return out


def draw_cursor(painter: QPainter, at: QPointF, radius: float, square: bool = False) -> None:
    """A ring or a square with a dot in its centre, visible on dark and on bright pixels."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    radius = max(1.5, radius)
    for colour, width in ((QColor(0, 0, 0, 200), 3.0), (QColor(255, 255, 255), 1.2)):
        painter.setPen(QPen(colour, width))
        if square:
            painter.drawRect(QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius))
        else:
            painter.drawEllipse(at, radius, radius)
    painter.setPen(QPen(QColor(255, 255, 255), 1.5))
    painter.drawPoint(at)


def _bounds(points: list[Point], view: ViewTransform, margin: float) -> QRectF:
    if not points:
        return QRectF()
    array = np.asarray(points, np.float64)
    (x0, y0), (x1, y1) = array.min(axis=0), array.max(axis=0)
    return QRectF(view.to_screen(x0, y0), view.to_screen(x1, y1)).adjusted(-margin, -margin, margin, margin)


def _draw_values(
    painter: QPainter, values: np.ndarray, colours: dict[int, QColor], box: Box, view: ViewTransform
) -> None:
    """A (h, w) uint8 array over `box`, in translucent colours."""
    image = QImage(values.data, box.width, box.height, box.width, QImage.Format.Format_Indexed8)
    table = [0] * 256
    for value, colour in colours.items():
        table[value] = QColor(colour.red(), colour.green(), colour.blue(), _PREVIEW_ALPHA).rgba()
    image.setColorTable(table)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(view.box_to_screen(box), image)


def _draw_line(painter: QPainter, line: Line, view: ViewTransform, colour: QColor) -> None:
    places = [view.to_screen(x, y) for x, y in line.points]
    points = QPolygonF(places)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if line.width_px:
        translucent = QColor(colour.red(), colour.green(), colour.blue(), 150)
        wide = QPen(translucent, max(2.0, line.width_px * view.zoom))
        wide.setCapStyle(Qt.PenCapStyle.RoundCap)
        wide.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pens = [wide]
    else:
        pens = [QPen(_EDGE, 3.5), QPen(colour, 1.5)]
    for pen in pens:
        painter.setPen(pen)
        if len(places) == 1:
            painter.drawPoint(places[0])
        elif line.closed:
            painter.drawPolygon(points)
        else:
            painter.drawPolyline(points)


def _draw_handles(painter: QPainter, preview: Preview, view: ViewTransform, active_colour: QColor) -> None:
    painter.setPen(QPen(QColor(0, 0, 0), 1))
    painter.setBrush(QColor(255, 255, 255))
    inactive = [point for index, point in enumerate(preview.handles) if index != preview.active_handle]
    painter.drawRects([_square(point, view, 3.5) for point in inactive])
    if preview.active_handle is not None and preview.active_handle < len(preview.handles):
        painter.setBrush(active_colour)
        painter.drawRect(_square(preview.handles[preview.active_handle], view, 5.0))
    if preview.new_handle is not None:
        painter.setBrush(QColor(255, 255, 255, 170))
        painter.drawEllipse(view.to_screen(*preview.new_handle), 5, 5)


def _square(point: Point, view: ViewTransform, half_side_px: float) -> QRectF:
    x, y = point[0] * view.zoom + view.dx, point[1] * view.zoom + view.dy
    return QRectF(x - half_side_px, y - half_side_px, 2 * half_side_px, 2 * half_side_px)


def _draw_marker(painter: QPainter, at: QPointF, colour: QColor, positive: bool) -> None:
    painter.setPen(QPen(QColor(255, 255, 255), 1.5))
    painter.setBrush(colour)
    painter.drawEllipse(at, 7, 7)
    painter.drawLine(QPointF(at.x() - 3.5, at.y()), QPointF(at.x() + 3.5, at.y()))
    if positive:
        painter.drawLine(QPointF(at.x(), at.y() - 3.5), QPointF(at.x(), at.y() + 3.5))


def _draw_text(painter: QPainter, at: QPointF, text: str) -> None:
    metrics = QFontMetricsF(painter.font())
    place = QRectF(at.x() + 14, at.y() + 10, metrics.horizontalAdvance(text) + 12, metrics.height() + 6)
    draw_text_box(painter, place, text, QColor(0, 0, 0, 190))
