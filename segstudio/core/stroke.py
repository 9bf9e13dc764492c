"""An open stroke, from press to release: the pixels painted so far and the limits on where it may paint."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap, Mask, pack
from segstudio.core.box import TILE, Box, TileKey, tile_box, tiles_of
from segstudio.core.geometry import Point
from segstudio.core.painting_rules import StrokeLimits
from segstudio.core.raster import Labels


@dataclass
class Stroke:
    """`start` is where it began, in (x, y); `painted` holds the pixels of each class, each pixel in one class only.

    With `new_objects`, in OBJECTS mode, every connected component becomes a new object.
    """

    before: Annotation
    limits: StrokeLimits
    start: Point | None = None
    new_objects: bool = False
    refused: bool = False  # at least once the rules allowed none of the pixels to be painted
    painted: dict[int, dict[TileKey, Mask]] = field(default_factory=dict)
    tiles: set[TileKey] = field(default_factory=set)

    def allowed_in(self, box: Box) -> Mask | None:
        """(h, w) mask of where it may paint inside `box`; None where everything is allowed."""
        return None if self.limits.unrestricted else self.limits.allowed_in(box, self.before)

    def draw_onto(self, plane: Labels, keys: set[TileKey]) -> None:
        """Write the pixels painted so far into `plane`, in the tiles `keys` only."""
        for class_id, tiles in self.painted.items():
            for key in tiles.keys() & keys:
                part = tile_box(key).intersect(self.before.box)
                plane[part.slices][tiles[key][part.slices_in(tile_box(key))]] = class_id

    def add(self, class_id: int, box: Box, mask: Mask) -> None:
        """Add the True pixels of `mask`, an array of `box`, to a class and remove them from every other class."""
        own = self.painted.setdefault(class_id, {})
        others = [tiles for other, tiles in self.painted.items() if other != class_id]
        for key in tiles_of(box):
            part = tile_box(key).intersect(box)
            patch = mask[part.slices_in(box)]
            if not patch.any():
                continue
            inner = part.slices_in(tile_box(key))
            tile = own.get(key)
            if tile is None:
                tile = own[key] = np.zeros((TILE, TILE), np.bool_)
            tile[inner] |= patch
            for tiles in others:
                if key in tiles:
                    tiles[key][inner] &= ~patch
            self.tiles.add(key)

    def bitmaps(self) -> dict[int, Bitmap]:
        """The pixels of each class, without classes that were painted over completely."""
        packed = {
            class_id: {key: pack(tile) for key, tile in tiles.items() if tile.any()}
            for class_id, tiles in self.painted.items()
        }
        return {class_id: Bitmap(tiles) for class_id, tiles in packed.items() if tiles}
