"""What happens between press and release: the pixels painted so far, and where painting is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap, Mask, pack
from segstudio.core.box import TILE, Box, TileKey, tile_box, tiles_of
from segstudio.core.geometry import Point
from segstudio.core.raster import Labels
from segstudio.core.rules import Intensities, Rules, allowed
from segstudio.core.shape import Shape
from segstudio.core.stroke_commit import PatchOf


@dataclass(frozen=True)
class Marks:
    """Objects that are selected, locked or hidden, by their uids."""

    selected: frozenset[int] = frozenset()
    locked: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()


@dataclass
class Limits:
    """Where a stroke may paint, tile by tile, decided when it first touches the tile."""

    rules: Rules
    marks: Marks
    plane: Labels
    intensities: Intensities | None
    patch: PatchOf
    untouchable: frozenset[int] = frozenset()  # locked shapes, and those of locked classes
    _tiles: dict[TileKey, Mask] = field(default_factory=dict)

    @property
    def free(self) -> bool:
        return self.rules.free and not self.marks.locked

    def of(self, key: TileKey, annotation: Annotation) -> Mask:
        """(256, 256) of one tile; False outside the image."""
        held = self._tiles.get(key)
        if held is None:
            held = self._tiles[key] = self._decided(key, annotation)
        return held

    def _decided(self, key: TileKey, annotation: Annotation) -> Mask:
        part = tile_box(key).intersect(annotation.box)
        gray = self.intensities(part) if self.intensities and self.rules.intensity else None
        open_ = allowed(self.rules, self.plane[part.slices], gray)
        if self.rules.in_selection:
            open_ &= pixels_of(annotation.shapes, self.marks.selected, part, self.patch, seen_only=False)
        if self.marks.locked:
            open_ &= ~pixels_of(annotation.shapes, self.marks.locked, part, self.patch, seen_only=True)
        out = np.zeros((TILE, TILE), np.bool_)
        out[part.within(tile_box(key))] = open_
        return out


def pixels_of(shapes: Iterable[Shape], uids: frozenset[int], box: Box, patch: PatchOf, *, seen_only: bool) -> Mask:
    """Pixels of `box` that belong to shapes of `uids`; with `seen_only` those over which no other shape lies."""
    out = np.zeros((box.height, box.width), np.bool_)
    for shape in shapes:
        if shape.uid not in uids and not seen_only:
            continue
        if shape.bitmap is not None:
            out |= (mask := shape.bitmap.to_array(box))
            if shape.uid not in uids:
                out &= ~mask
        elif shape.box.overlaps(box):
            there, mask = patch(shape)
            part = there.intersect(box)
            if not part.empty:
                view, own = out[part.within(box)], mask[part.within(there)]
                view[own] = shape.uid in uids
    return out


@dataclass
class Stroke:
    """`at` is where it began; `painted` holds the pixels of each class, each pixel in one of them.

    With `fresh` every connected part becomes an object of its own where the rules speak of objects.
    """

    before: Annotation
    limits: Limits
    at: Point | None = None
    fresh: bool = False
    refused: bool = False  # the rules took away all of something
    painted: dict[int, dict[TileKey, Mask]] = field(default_factory=dict)
    tiles: set[TileKey] = field(default_factory=set)

    def allowed(self, box: Box) -> Mask | None:
        """Where it may paint inside `box`; None where everything is allowed."""
        if self.limits.free:
            return None
        out = np.zeros((box.height, box.width), np.bool_)
        for key in tiles_of(box.intersect(self.before.box)):
            part = tile_box(key).intersect(box)
            out[part.within(box)] = self.limits.of(key, self.before)[part.within(tile_box(key))]
        return out

    def lay(self, plane: Labels, keys: set[TileKey]) -> None:
        """Writes what was painted so far into `plane`, in these tiles."""
        for class_id, tiles in self.painted.items():
            for key in tiles.keys() & keys:
                part = tile_box(key).intersect(self.before.box)
                plane[part.slices][tiles[key][part.within(tile_box(key))]] = class_id

    def add(self, class_id: int, box: Box, mask: Mask) -> None:
        own = self.painted.setdefault(class_id, {})
        others = [tiles for other, tiles in self.painted.items() if other != class_id]
        for key in tiles_of(box):
            part = tile_box(key).intersect(box)
            patch = mask[part.within(box)]
            if not patch.any():
                continue
            inner = part.within(tile_box(key))
            tile = own.get(key)
            if tile is None:
                tile = own[key] = np.zeros((TILE, TILE), np.bool_)
            tile[inner] |= patch
            for tiles in others:
                if key in tiles:
                    tiles[key][inner] &= ~patch
            self.tiles.add(key)

    def bitmaps(self) -> dict[int, Bitmap]:
        """What was painted with each class; classes painted over again are left out."""
        packed = {
            class_id: {key: pack(tile) for key, tile in tiles.items() if tile.any()}
            for class_id, tiles in self.painted.items()
        }
        return {class_id: Bitmap(tiles) for class_id, tiles in packed.items() if tiles}


def with_selected(marks: Marks, uids: frozenset[int]) -> Marks:
    return replace(marks, selected=uids)
