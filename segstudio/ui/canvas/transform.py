"""Transform between image pixels and the screen."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF

from segstudio.app.view_position import ViewPosition
from segstudio.core.box import Box


@dataclass(frozen=True)
class ViewTransform(ViewPosition):
    """A position on the screen, with Qt's points and rectangles."""

    def to_image(self, at: QPointF) -> tuple[float, float]:
        return self.image_point((at.x(), at.y()))

    def zoom_at(self, factor: float, at: QPointF) -> ViewTransform:
        """The image pixel at `at` stays where it is."""
        return self.zoom_about(factor, (at.x(), at.y()))

    def to_screen(self, x: float, y: float) -> QPointF:
        return QPointF(x * self.zoom + self.dx, y * self.zoom + self.dy)

    def box_to_screen(self, box: Box) -> QRectF:
        return QRectF(self.to_screen(box.x0, box.y0), QSizeF(box.width * self.zoom, box.height * self.zoom))

    def visible(self, screen: QRectF, height: int, width: int) -> Box:
        """The part of a (height, width) image inside `screen`, in whole pixels."""
        return self.visible_box(screen.topLeft().toTuple(), screen.bottomRight().toTuple(), height, width)
