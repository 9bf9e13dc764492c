"""Transform between image pixels and the screen."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF

from segstudio.core.box import Box

SMALLEST_ZOOM, LARGEST_ZOOM = 0.01, 64.0


@dataclass(frozen=True)
class ViewTransform:
    """Screen = image * zoom + (dx, dy), in logical screen pixels."""

    zoom: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    def to_image(self, at: QPointF) -> tuple[float, float]:
        return (at.x() - self.dx) / self.zoom, (at.y() - self.dy) / self.zoom

    def to_screen(self, x: float, y: float) -> QPointF:
        return QPointF(x * self.zoom + self.dx, y * self.zoom + self.dy)

    def box_to_screen(self, box: Box) -> QRectF:
        return QRectF(self.to_screen(box.x0, box.y0), QSizeF(box.width * self.zoom, box.height * self.zoom))

    def visible(self, screen: QRectF, height: int, width: int) -> Box:
        """The part of a (height, width) image inside `screen`, in whole pixels."""
        x0, y0 = self.to_image(screen.topLeft())
        x1, y1 = self.to_image(screen.bottomRight())
        return Box(max(0, int(y0)), max(0, int(x0)), min(height, int(y1) + 2), min(width, int(x1) + 2))

    def zoom_at(self, factor: float, at: QPointF) -> ViewTransform:
        """Zoom about `at`: the image pixel there stays where it is."""
        zoom = min(LARGEST_ZOOM, max(SMALLEST_ZOOM, self.zoom * factor))
        x, y = self.to_image(at)
        return ViewTransform(zoom, at.x() - x * zoom, at.y() - y * zoom)

    def pan(self, dx: float, dy: float) -> ViewTransform:
        return ViewTransform(self.zoom, self.dx + dx, self.dy + dy)


def fit_view(height: int, width: int, screen: QSizeF, margin: float = 12.0) -> ViewTransform:
    """Show the whole image, centred on the screen."""
    zoom = min((screen.width() - 2 * margin) / max(1, width), (screen.height() - 2 * margin) / max(1, height))
    return centre_view(height, width, screen, max(SMALLEST_ZOOM, min(LARGEST_ZOOM, zoom)))


def centre_view(height: int, width: int, screen: QSizeF, zoom: float) -> ViewTransform:
    return ViewTransform(zoom, (screen.width() - width * zoom) / 2, (screen.height() - height * zoom) / 2)
