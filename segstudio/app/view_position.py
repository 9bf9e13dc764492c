"""Where an image is on the screen: zoom and offset, without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from segstudio.core.box import Box
from segstudio.core.geometry import Point

SMALLEST_ZOOM, LARGEST_ZOOM = 0.01, 64.0


@dataclass(frozen=True)
class ViewPosition:
    """Screen = image * zoom + (dx, dy), in logical screen pixels; points are (x, y)."""

    zoom: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    @classmethod
    def centred(cls, height: int, width: int, screen: tuple[float, float], zoom: float) -> Self:
        """The image in the centre of a screen of (width, height)."""
        return cls(zoom, (screen[0] - width * zoom) / 2, (screen[1] - height * zoom) / 2)

    @classmethod
    def fitted(cls, height: int, width: int, screen: tuple[float, float], margin: float = 12.0) -> Self:
        """The whole image, centred on a screen of (width, height)."""
        zoom = min((screen[0] - 2 * margin) / max(1, width), (screen[1] - 2 * margin) / max(1, height))
        return cls.centred(height, width, screen, _clip_zoom(zoom))

    def pan(self, dx: float, dy: float) -> Self:
        return type(self)(self.zoom, self.dx + dx, self.dy + dy)

    def zoom_about(self, factor: float, at: Point) -> Self:
        """The image pixel at the screen point `at` stays where it is."""
        zoom = _clip_zoom(self.zoom * factor)
        x, y = self.image_point(at)
        return type(self)(zoom, at[0] - x * zoom, at[1] - y * zoom)

    def image_point(self, at: Point) -> Point:
        return (at[0] - self.dx) / self.zoom, (at[1] - self.dy) / self.zoom

    def visible_box(self, first: Point, last: Point, height: int, width: int) -> Box:
        """The part of a (height, width) image between two corners of the screen, in whole pixels."""
        (x0, y0), (x1, y1) = self.image_point(first), self.image_point(last)
        return Box(max(0, int(y0)), max(0, int(x0)), min(height, int(y1) + 2), min(width, int(x1) + 2))


def _clip_zoom(zoom: float) -> float:
    return max(SMALLEST_ZOOM, min(LARGEST_ZOOM, zoom))
