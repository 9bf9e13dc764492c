"""What the tool in hand is about: its lines, handles, marks, and the pixels it proposes; and its cursor."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from segstudio.core.box import Box
from segstudio.core.classes import UNLABELLED
from segstudio.core.geometry import Point
from segstudio.tools.tool import Draft, Line
from segstudio.ui.canvas.transform import ViewTransform

_PREVIEW_ALPHA = 120
_NEGATIVE = QColor(239, 68, 68)
_EDGE = QColor(0, 0, 0, 160)
_MARGIN = 16.0  # around what is drawn, for handles and pens
_TEXT_ROOM = QRectF(-20, -40, 280, 80)


def draw_draft(painter: QPainter, draft: Draft, view: ViewTransform, colours: dict[int, QColor], own: QColor) -> None:
    """`own` is the colour of the class in hand; `colours` those of class ids."""
    if draft.preview is not None:
        box, mask = draft.preview
        _draw_values(painter, np.ascontiguousarray(mask).view(np.uint8), {1: own}, box, view)
    if draft.planes is not None:
        box, values = draft.planes
        shown = {class_id: colour for class_id, colour in colours.items() if class_id != UNLABELLED}
        _draw_values(painter, np.ascontiguousarray(values), shown, box, view)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for line in draft.lines:
        tone = _NEGATIVE if line.negative else colours.get(line.class_id, own) if line.class_id is not None else own
        _draw_line(painter, line, view, tone)
    if draft.points:
        ghost = (draft.ghost,) if draft.ghost else ()
        _draw_line(painter, Line((*draft.points, *ghost), draft.closed), view, own)
    _draw_handles(painter, draft, view, own)
    for point in draft.plus:
        _draw_mark(painter, view.to_screen(*point), QColor(34, 197, 94), True)
    for point in draft.minus:
        _draw_mark(painter, view.to_screen(*point), _NEGATIVE, False)
    if draft.text and draft.points:
        _draw_text(painter, view.to_screen(*draft.points[-1]), draft.text)


def bounds(draft: Draft, view: ViewTransform) -> QRectF:
    """Where on the screen a draft is drawn."""
    points = [*draft.points, *draft.handles, *draft.plus, *draft.minus]
    points += [point for point in (draft.ghost, draft.spot) if point is not None]
    wide = max((line.width_px * view.zoom / 2 for line in draft.lines), default=0.0)
    out = _around(points, view, _MARGIN)
    out = out.united(_around([point for line in draft.lines for point in line.points], view, _MARGIN + wide))
    for each in (draft.preview, draft.planes):
        if each is not None:
            out = out.united(view.box_to_screen(each[0]).adjusted(-2, -2, 2, 2))
    if draft.text and draft.points:
        out = out.united(_TEXT_ROOM.translated(view.to_screen(*draft.points[-1])))
    return out


def draw_cursor(painter: QPainter, at: QPointF, radius: float, square: bool = False) -> None:
    """A ring, or a square, that shows on dark and on bright, with a dot in its middle."""
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


def _around(points: list[Point], view: ViewTransform, margin: float) -> QRectF:
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


def _draw_line(painter: QPainter, line: Line, view: ViewTransform, tone: QColor) -> None:
    places = [view.to_screen(x, y) for x, y in line.points]
    points = QPolygonF(places)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if line.width_px:
        soft = QColor(tone.red(), tone.green(), tone.blue(), 150)
        wide = QPen(soft, max(2.0, line.width_px * view.zoom))
        wide.setCapStyle(Qt.PenCapStyle.RoundCap)
        wide.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pens = [wide]
    else:
        pens = [QPen(_EDGE, 3.5), QPen(tone, 1.5)]
    for pen in pens:
        painter.setPen(pen)
        if len(places) == 1:
            painter.drawPoint(places[0])
        elif line.closed:
            painter.drawPolygon(points)
        else:
            painter.drawPolyline(points)


def _draw_handles(painter: QPainter, draft: Draft, view: ViewTransform, own: QColor) -> None:
    painter.setPen(QPen(QColor(0, 0, 0), 1))
    painter.setBrush(QColor(255, 255, 255))
    cool = [point for index, point in enumerate(draft.handles) if index != draft.hot]
    painter.drawRects([_square(point, view, 3.5) for point in cool])
    if draft.hot is not None and draft.hot < len(draft.handles):
        painter.setBrush(own)
        painter.drawRect(_square(draft.handles[draft.hot], view, 5.0))
    if draft.spot is not None:
        painter.setBrush(QColor(255, 255, 255, 170))
        painter.drawEllipse(view.to_screen(*draft.spot), 5, 5)


def _square(point: Point, view: ViewTransform, side: float) -> QRectF:
    x, y = point[0] * view.zoom + view.dx, point[1] * view.zoom + view.dy
    return QRectF(x - side, y - side, 2 * side, 2 * side)


def _draw_mark(painter: QPainter, at: QPointF, colour: QColor, plus: bool) -> None:
    painter.setPen(QPen(QColor(255, 255, 255), 1.5))
    painter.setBrush(colour)
    painter.drawEllipse(at, 7, 7)
    painter.drawLine(QPointF(at.x() - 3.5, at.y()), QPointF(at.x() + 3.5, at.y()))
    if plus:
        painter.drawLine(QPointF(at.x(), at.y() - 3.5), QPointF(at.x(), at.y() + 3.5))


def _draw_text(painter: QPainter, at: QPointF, text: str) -> None:
    metrics = QFontMetricsF(painter.font())
    place = QRectF(at.x() + 14, at.y() + 10, metrics.horizontalAdvance(text) + 12, metrics.height() + 6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRoundedRect(place, 4, 4)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
