"""What is painted, one function each; all draw arrays that exist and only the part that is seen."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from segstudio.core.box import Box
from segstudio.core.shape import CIRCLE, POINT, POINTS, RECTANGLE, Shape
from segstudio.tools.tool import Draft
from segstudio.ui.canvas.transform import ViewTransform

NEAREST_FROM_ZOOM = 2.0  # above 200 % a pixel is a square


class PlaneImage:
    """A (H, W) uint8 plane as a picture with a colour table; it looks at the plane's own memory.

    Recolouring and repainting after a stroke cost no pass over the pixels. The plane must be contiguous.
    """

    def __init__(self, plane: NDArray[np.uint8], colours: list[int]) -> None:
        if not plane.flags.c_contiguous:
            raise ValueError("the plane must be contiguous")
        self._plane = plane  # kept alive: the image does not own its memory
        height, width = plane.shape
        self.image = QImage(plane.data, width, height, width, QImage.Format.Format_Indexed8)
        self.image.setColorTable(colours)

    def recolour(self, colours: list[int]) -> None:
        self.image.setColorTable(colours)


def picture_image(level: NDArray[np.uint8]) -> QImage:
    """A (h, w, 4) BGRA level as a picture that looks at the array's memory."""
    height, width = level.shape[:2]
    return QImage(level.data, width, height, width * 4, QImage.Format.Format_RGB32)


def draw_picture(painter: QPainter, levels: list[QImage], view: ViewTransform, seen: Box, ratio: float) -> None:
    """The level that is at least as fine as the screen, smoothed below 200 %."""
    index = 0
    while index + 1 < len(levels) and view.zoom * ratio * 2 ** (index + 1) <= 1.0:
        index += 1
    image, full = levels[index], levels[0]
    scale_x, scale_y = image.width() / full.width(), image.height() / full.height()
    source = QRectF(seen.x0 * scale_x, seen.y0 * scale_y, seen.width * scale_x, seen.height * scale_y)
    smooth = view.zoom < NEAREST_FROM_ZOOM and abs(view.zoom * ratio - 1.0) > 1e-3
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(view.box_to_screen(seen), image, source)


def draw_plane(painter: QPainter, plane: PlaneImage, view: ViewTransform, seen: Box, opacity: float) -> None:
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.setOpacity(opacity)
    source = QRectF(seen.x0, seen.y0, seen.width, seen.height)
    painter.drawImage(view.box_to_screen(seen), plane.image, source)
    painter.setOpacity(1.0)


def draw_outlines(painter: QPainter, shapes: Iterable[tuple[Shape, QColor]], view: ViewTransform, seen: Box) -> None:
    """Outlines of vector shapes, in their class colour."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for shape, colour in shapes:
        if shape.bitmap is None and shape.box.overlaps(seen):
            painter.setPen(QPen(colour, 1.5))
            _outline(painter, shape, view)


def _outline(painter: QPainter, shape: Shape, view: ViewTransform) -> None:
    points = [view.to_screen(x, y) for x, y in shape.points]
    if shape.kind == CIRCLE:
        radius = QPointF(points[1] - points[0])
        length = (radius.x() ** 2 + radius.y() ** 2) ** 0.5
        painter.drawEllipse(points[0], length, length)
    elif shape.kind == RECTANGLE:
        painter.drawRect(QRectF(points[0], points[1]).normalized())
    elif shape.kind in (POINT, POINTS):
        for point in points:
            painter.drawEllipse(point, 4, 4)
    elif shape.closed:
        painter.drawPolygon(QPolygonF(points))
    else:
        painter.drawPolyline(QPolygonF(points))


def draw_draft(painter: QPainter, draft: Draft, view: ViewTransform, colour: QColor) -> None:
    """What the tool in hand is about: lines with a dark edge, and square handles."""
    if not draft.points:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    points = [view.to_screen(x, y) for x, y in draft.points]
    line = QPolygonF([*points, view.to_screen(*draft.ghost)] if draft.ghost else points)
    for pen in (QPen(QColor(0, 0, 0, 160), 3.5), QPen(colour, 1.5)):
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolygon(line) if draft.closed else painter.drawPolyline(line)
    painter.setPen(QPen(QColor(0, 0, 0), 1))
    for index, (x, y) in enumerate(draft.handles):
        side = 5.0 if index == draft.hot else 3.5
        painter.setBrush(QColor(255, 255, 255) if index != draft.hot else colour)
        at = view.to_screen(x, y)
        painter.drawRect(QRectF(at.x() - side, at.y() - side, 2 * side, 2 * side))


def draw_cursor(painter: QPainter, at: QPointF, radius: float) -> None:
    """A ring that shows on dark and on bright, with a dot in its middle."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((QColor(0, 0, 0, 200), 3.0), (QColor(255, 255, 255), 1.2)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(at, max(1.5, radius), max(1.5, radius))
    painter.setPen(QPen(QColor(255, 255, 255), 1.5))
    painter.drawPoint(at)
