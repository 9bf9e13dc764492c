"""Painters of image, label planes and outlines: they draw existing arrays, and only the visible part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from segstudio.app.display import Display
from segstudio.app.screen_sampling import pick_level, sample_borders, sample_plane
from segstudio.core.box import Box
from segstudio.core.shape import CIRCLE, POINT, POINTS, RECTANGLE, Shape
from segstudio.ui.canvas.transform import ViewTransform

_SAMPLED_BELOW_ZOOM = 0.5
NEAREST_FROM_ZOOM = 2.0  # above 200 % a pixel is a square


class PlaneImage:
    """An indexed QImage over the memory of a contiguous (H, W) uint8 plane, which is kept, not copied.

    Recolouring, or repainting after a stroke, needs no pass over all pixels.
    """

    def __init__(self, plane: NDArray[np.uint8], colours: list[int]) -> None:
        if not plane.flags.c_contiguous:
            raise ValueError("the plane must be contiguous")
        self.plane = plane  # keeps the memory alive: QImage does not own it
        height, width = plane.shape
        self.image = QImage(plane.data, width, height, width, QImage.Format.Format_Indexed8)
        self.recolour(colours)

    def recolour(self, colours: list[int]) -> None:
        self.colours = colours
        self.image.setColorTable(colours)


def as_qimage(level: NDArray[np.uint8]) -> QImage:
    """A QImage over the memory of a (h, w, 4) BGRA or (h, w, 3) RGB array; keep the array alive."""
    height, width, channels = level.shape
    kind = QImage.Format.Format_RGB32 if channels == 4 else QImage.Format.Format_RGB888
    return QImage(level.data, width, height, width * channels, kind)


@dataclass
class ImageLevels:
    """The image pyramid; brightness, contrast and gamma are applied only to the part that is drawn."""

    arrays: list[NDArray[np.uint8]]
    images: list[QImage] = field(init=False)

    def __post_init__(self) -> None:
        self._adjusted: tuple[object, NDArray[np.uint8], QImage] | None = None
        self.images = [as_qimage(level) for level in self.arrays]

    def draw(self, painter: QPainter, view: ViewTransform, visible: Box, ratio: float, display: Display) -> None:
        """Draw the coarsest level that is at least as fine as the screen, smoothed below 200 %."""
        index = pick_level(len(self.images), view.zoom * ratio)
        image, full = self.images[index], self.images[0]
        scale_x, scale_y = image.width() / full.width(), image.height() / full.height()
        source = QRectF(visible.x0 * scale_x, visible.y0 * scale_y, visible.width * scale_x, visible.height * scale_y)
        smooth = view.zoom < NEAREST_FROM_ZOOM and abs(view.zoom * ratio - 1.0) > 1e-3
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        if not display.plain:
            part = source.toAlignedRect().adjusted(-1, -1, 1, 1).intersected(image.rect())
            image = self._adjust(display, index, part)
            source.translate(-part.left(), -part.top())
        painter.drawImage(view.box_to_screen(visible), image, source)

    def _adjust(self, display: Display, index: int, part: QRect) -> QImage:
        """The part with brightness and contrast applied; cached, so that strokes do not compute it again."""
        key = (display, index, part.getRect())
        if self._adjusted is None or self._adjusted[0] != key:
            area = self.arrays[index][part.top() : part.bottom() + 1, part.left() : part.right() + 1]
            shown = display.shown(area)
            self._adjusted = key, shown, as_qimage(shown)
        return self._adjusted[2]


def draw_plane(painter: QPainter, plane: PlaneImage, view: ViewTransform, visible: Box, opacity: float) -> None:
    """When zoomed out, sample the plane once per device pixel; Qt would touch every source pixel."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.setOpacity(opacity)
    if view.zoom * painter.device().devicePixelRatio() < _SAMPLED_BELOW_ZOOM:
        _draw_sampled(
            painter, plane.plane, plane.colours, view, view.box_to_screen(visible).toAlignedRect(), sample_plane
        )
    else:
        source = QRectF(visible.x0, visible.y0, visible.width, visible.height)
        painter.drawImage(view.box_to_screen(visible), plane.image, source)
    painter.setOpacity(1.0)


def draw_borders(
    painter: QPainter, plane: NDArray[np.uint8], colours: list[int], view: ViewTransform, area: QRect
) -> None:
    """Lines of one device pixel on both sides of every border between values, inside `area` of the screen."""
    _draw_sampled(painter, plane, colours, view, area, sample_borders)


def _draw_sampled(
    painter: QPainter,
    plane: NDArray[np.uint8],
    colours: list[int],
    view: ViewTransform,
    area: QRect,
    sample: Callable[..., NDArray[np.uint8]],
) -> None:
    """Sample a plane at device pixels, so that the cost depends on the screen."""
    height, width = plane.shape
    area = area.intersected(view.box_to_screen(Box(0, 0, height, width)).toAlignedRect())
    if area.isEmpty():
        return
    ratio = painter.device().devicePixelRatio()
    left, top = int(area.left() * ratio), int(area.top() * ratio)
    across, down = int(area.width() * ratio), int(area.height() * ratio)
    values = sample(plane, view, (left, top, across, down), ratio)
    image = QImage(values.data, across, down, across, QImage.Format.Format_Indexed8)
    image.setColorTable(colours)
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(left / ratio, top / ratio), image)


class Outlines:
    """Outlines of vector shapes; their paths are in image pixels and cached."""

    def __init__(self) -> None:
        self._paths: dict[int, tuple[Shape, QPainterPath]] = {}
        self._shapes: list[tuple[Shape, QColor]] = []
        self._boxes = np.zeros((0, 4), np.int64)

    def set(self, shapes: list[tuple[Shape, QColor]]) -> None:
        """The shapes to draw, each in its colour."""
        self._shapes = shapes
        self._boxes = np.array([shape.box for shape, _ in shapes], np.int64).reshape(-1, 4)
        used = {id(shape) for shape, _ in shapes}
        for key in self._paths.keys() - used:
            del self._paths[key]

    def draw(self, painter: QPainter, view: ViewTransform, visible: Box) -> None:
        """Draw those inside `visible`, one device pixel wide at any zoom: only for that width Qt has a fast path."""
        y0, x0, y1, x1 = self._boxes.T
        near = np.flatnonzero((y0 < visible.y1) & (visible.y0 < y1) & (x0 < visible.x1) & (visible.x0 < x1))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setTransform(QTransform(view.zoom, 0, 0, view.zoom, view.dx, view.dy), True)
        pen_colour: QColor | None = None
        for shape, colour in (self._shapes[index] for index in near.tolist()):
            if colour != pen_colour:
                pen = QPen(colour, 1.0)
                pen.setCosmetic(True)
                painter.setPen(pen)
                pen_colour = colour
            painter.drawPath(self._path(shape))
        painter.restore()

    def _path(self, shape: Shape) -> QPainterPath:
        cached = self._paths.get(id(shape))
        if cached is None:  # the shape is kept too, so that its id is not used again
            cached = self._paths[id(shape)] = (shape, make_path(shape))
        return cached[1]


def make_path(shape: Shape) -> QPainterPath:
    """A vector shape's outline in image pixels."""
    path, points = QPainterPath(), [QPointF(x, y) for x, y in shape.points]
    if shape.kind == CIRCLE:
        offset = points[1] - points[0]
        radius = (offset.x() ** 2 + offset.y() ** 2) ** 0.5
        path.addEllipse(points[0], radius, radius)
    elif shape.kind == RECTANGLE:
        path.addRect(QRectF(points[0], points[1]).normalized())
    elif shape.kind in (POINT, POINTS):
        for point in points:
            path.addEllipse(point, 4, 4)
    else:
        path.addPolygon(QPolygonF(points))
        if shape.closed:
            path.closeSubpath()
    return path
