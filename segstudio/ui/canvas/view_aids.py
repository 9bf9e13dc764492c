"""View aids: pixel grid, pixel values, crosshair, and the divider and captions of a comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from segstudio.core.box import Box
from segstudio.ui.canvas.transform import ViewTransform

GRID_FROM_ZOOM = 8.0
_GRAY_FROM_ZOOM, _BANDS_FROM_ZOOM = 22.0, 36.0  # a pixel must have room for one number, or for three lines


def values_fit(pixels: NDArray[np.generic], zoom: float) -> bool:
    """True if the values of a pixel can be read at this zoom."""
    return zoom >= (_GRAY_FROM_ZOOM if pixels.ndim == 2 and pixels.itemsize == 1 else _BANDS_FROM_ZOOM)


def draw_grid(painter: QPainter, view: ViewTransform, visible: Box) -> None:
    """Lines between the pixels of `visible`."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(128, 128, 128, 110), 1))
    area = view.box_to_screen(visible)
    columns = [view.to_screen(x, 0).x() for x in range(visible.x0, visible.x1 + 1)]
    rows = [view.to_screen(0, y).y() for y in range(visible.y0, visible.y1 + 1)]
    lines = [QLineF(x, area.top(), x, area.bottom()) for x in columns]
    painter.drawLines(lines + [QLineF(area.left(), y, area.right(), y) for y in rows])


def draw_values(painter: QPainter, pixels: NDArray[np.generic], view: ViewTransform, visible: Box) -> None:
    """The stored values in each pixel: one for gray, up to three lines for bands."""
    painter.save()
    lines = 1 if pixels.ndim == 2 else min(3, pixels.shape[2])
    font = QFont(painter.font())
    font.setPixelSize(int(min(12, view.zoom / (lines + 0.6))))
    painter.setFont(font)
    for row in range(visible.y0, visible.y1):
        for column in range(visible.x0, visible.x1):
            values = np.atleast_1d(pixels[row, column])[:3]
            place = QRectF(view.to_screen(column, row), view.to_screen(column + 1, row + 1))
            _draw_number(painter, place, "\n".join(str(value) for value in values))
    painter.restore()


def _draw_number(painter: QPainter, place: QRectF, text: str) -> None:
    """White with a dark shadow, readable on any pixel."""
    painter.setPen(QColor(0, 0, 0, 200))
    painter.drawText(place.translated(1, 1), Qt.AlignmentFlag.AlignCenter, text)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def draw_crosshair(painter: QPainter, at: QPointF, area: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for colour, shift in ((QColor(0, 0, 0, 140), 1), (QColor(255, 255, 255, 200), 0)):
        painter.setPen(QPen(colour, 1))
        x, y = round(at.x()) + shift, round(at.y()) + shift
        painter.drawLine(QLineF(x, area.top(), x, area.bottom()))
        painter.drawLine(QLineF(area.left(), y, area.right(), y))


def draw_divider(painter: QPainter, x: float, height: float, handle: bool) -> None:
    """The line between the panes; with a `handle` if it can be dragged."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(QColor(0, 0, 0, 170), 4))
    painter.drawLine(QLineF(x, 0, x, height))
    painter.setPen(QPen(QColor(255, 255, 255), 2))
    painter.drawLine(QLineF(x, 0, x, height))
    if handle:
        painter.setBrush(QColor(255, 255, 255))
        painter.setPen(QPen(QColor(0, 0, 0, 170), 1))
        painter.drawEllipse(QPointF(x, height / 2), 9, 9)
        painter.setPen(QPen(QColor(60, 60, 60), 1.5))
        for side in (-1, 1):
            tip = QPointF(x + side * 6, height / 2)
            painter.drawLine(tip, QPointF(x + side * 3, height / 2 - 3))
            painter.drawLine(tip, QPointF(x + side * 3, height / 2 + 3))


def draw_caption(painter: QPainter, text: str, left: float) -> None:
    """The name of a pane's layer, in its upper left corner."""
    metrics = painter.fontMetrics()
    place = QRectF(left + 10, 10, metrics.horizontalAdvance(text) + 16, metrics.height() + 8)
    draw_text_box(painter, place, text, QColor(0, 0, 0, 170))


def draw_text_box(painter: QPainter, place: QRectF, text: str, background: QColor) -> None:
    """White text in a rounded box."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(background)
    painter.drawRoundedRect(place, 4, 4)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
