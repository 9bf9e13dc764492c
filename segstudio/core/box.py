"""Half-open pixel rectangles and the tiles that cover them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

TILE = 256

TileKey = tuple[int, int]


class Box(NamedTuple):
    """Rows `y0 <= y < y1`, columns `x0 <= x < x1`."""

    y0: int
    x0: int
    y1: int
    x1: int

    @property
    def height(self) -> int:
        return max(0, self.y1 - self.y0)

    @property
    def width(self) -> int:
        return max(0, self.x1 - self.x0)

    @property
    def area(self) -> int:
        return self.height * self.width

    @property
    def empty(self) -> bool:
        return self.y1 <= self.y0 or self.x1 <= self.x0

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y)."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def slices(self) -> tuple[slice, slice]:
        """(rows, columns) for indexing an array of the whole image."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def intersect(self, other: Box) -> Box:
        return Box(
            max(self.y0, other.y0),
            max(self.x0, other.x0),
            min(self.y1, other.y1),
            min(self.x1, other.x1),
        )

    def overlaps(self, other: Box) -> bool:
        return not self.intersect(other).empty

    def union(self, other: Box) -> Box:
        """The bounding box of both; an empty box is ignored."""
        if self.empty:
            return other
        if other.empty:
            return self
        return Box(
            min(self.y0, other.y0),
            min(self.x0, other.x0),
            max(self.y1, other.y1),
            max(self.x1, other.x1),
        )

    def shift(self, rows: int, columns: int) -> Box:
        """This box moved down by `rows` and right by `columns`."""
        return Box(self.y0 + rows, self.x0 + columns, self.y1 + rows, self.x1 + columns)

    def slices_in(self, outer: Box) -> tuple[slice, slice]:
        """Slices of this box in an array whose extent is `outer`."""
        return self.shift(-outer.y0, -outer.x0).slices


EMPTY = Box(0, 0, 0, 0)


def full_box(height: int, width: int) -> Box:
    """The box of a whole image."""
    return Box(0, 0, height, width)


def tiles_of(box: Box) -> Iterator[TileKey]:
    """Keys (row, column) of the tiles that overlap `box`."""
    if box.empty:
        return
    for row in range(box.y0 // TILE, (box.y1 - 1) // TILE + 1):
        for column in range(box.x0 // TILE, (box.x1 - 1) // TILE + 1):
            yield row, column


def tile_box(key: TileKey) -> Box:
    """The box of a tile; it may reach beyond the image."""
    row, column = key
    return Box(row * TILE, column * TILE, (row + 1) * TILE, (column + 1) * TILE)
