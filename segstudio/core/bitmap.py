"""The pixels of a mask shape: a persistent boolean raster in tiles of packed bits.

A tile is an immutable `bytes` of 8192 (256 x 256 bits), so a changed Bitmap shares all unchanged tiles with the one
before it. Empty tiles are never stored, so two Bitmaps are equal exactly if their pixels are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import EMPTY, TILE, Box, TileKey, tile_box, tiles_of

Mask = NDArray[np.bool_]

TILE_BYTES = TILE * TILE // 8
_EMPTY_TILE = bytes(TILE_BYTES)
_FULL_TILE = b"\xff" * TILE_BYTES


def pack(tile: Mask) -> bytes:
    """Pack a (256, 256) bool tile into 8192 bytes; all full tiles share one object."""
    bits = np.packbits(tile).tobytes()
    return _FULL_TILE if bits == _FULL_TILE else bits


def unpack(bits: bytes) -> Mask:
    """Unpack a tile into a new (256, 256) bool array."""
    flat = np.unpackbits(np.frombuffer(bits, np.uint8))
    return flat.view(np.bool_).reshape(TILE, TILE)


def _words(bits: bytes) -> NDArray[np.uint64]:
    return np.frombuffer(bits, np.uint64)


@dataclass(frozen=True)
class Bitmap:
    """A set of pixels with row and column >= 0, without an upper bound."""

    tiles: Mapping[TileKey, bytes] = field(default_factory=dict, repr=False)

    @staticmethod
    def from_array(mask: Mask, y0: int = 0, x0: int = 0) -> Bitmap:
        """The True pixels of `mask`, an array that starts at (y0, x0), without those before row or column 0."""
        box = Box(y0, x0, y0 + mask.shape[0], x0 + mask.shape[1])
        inside = box.intersect(Box(0, 0, box.y1, box.x1))
        tiles: dict[TileKey, bytes] = {}
        for key in tiles_of(inside):
            part = tile_box(key).intersect(inside)
            patch = mask[part.slices_in(box)]
            if patch.any():
                tile = np.zeros((TILE, TILE), np.bool_)
                tile[part.slices_in(tile_box(key))] = patch
                tiles[key] = pack(tile)
        return Bitmap(tiles)

    def to_array(self, box: Box) -> Mask:
        """A new bool array of the pixels in `box`."""
        out = np.zeros((box.height, box.width), np.bool_)
        for key in self._keys_in(box):
            part = tile_box(key).intersect(box)
            out[part.slices_in(box)] = unpack(self.tiles[key])[part.slices_in(tile_box(key))]
        return out

    def _keys_in(self, box: Box) -> Iterable[TileKey]:
        """Keys of the stored tiles that overlap `box`; iterates over the box or the tiles, whichever is fewer."""
        rows, columns = box.height // TILE + 2, box.width // TILE + 2
        if rows * columns < len(self.tiles):
            return [key for key in tiles_of(box) if key in self.tiles]
        return [key for key in self.tiles if tile_box(key).overlaps(box)]

    @cached_property
    def box(self) -> Box:
        """Bounding box; EMPTY without pixels."""
        out = EMPTY
        for (row, column), bits in self.tiles.items():
            tile = unpack(bits)
            ys = np.flatnonzero(tile.any(axis=1))
            xs = np.flatnonzero(tile.any(axis=0))
            tight = Box(int(ys[0]), int(xs[0]), int(ys[-1]) + 1, int(xs[-1]) + 1)
            out = out.union(tight.shift(row * TILE, column * TILE))
        return out

    @property
    def count(self) -> int:
        """Number of pixels."""
        return sum(int(np.bitwise_count(_words(bits)).sum()) for bits in self.tiles.values())

    def union(self, other: Bitmap) -> Bitmap:
        tiles = dict(self.tiles)
        for key, bits in other.tiles.items():
            own = tiles.get(key)
            if own is not None and own != bits:
                bits = (_words(own) | _words(bits)).tobytes()
            tiles[key] = own if bits == own else bits  # share the unchanged tile
        return Bitmap(tiles)

    def subtract(self, other: Bitmap) -> Bitmap:
        tiles = dict(self.tiles)
        for key in self.tiles.keys() & other.tiles.keys():
            bits = (_words(tiles[key]) & ~_words(other.tiles[key])).tobytes()
            if bits == _EMPTY_TILE:
                del tiles[key]
            elif bits != tiles[key]:
                tiles[key] = bits
        return self if all(tiles.get(k) is v for k, v in self.tiles.items()) else Bitmap(tiles)

    def intersect(self, other: Bitmap) -> Bitmap:
        tiles: dict[TileKey, bytes] = {}
        for key in self.tiles.keys() & other.tiles.keys():
            bits = (_words(self.tiles[key]) & _words(other.tiles[key])).tobytes()
            if bits != _EMPTY_TILE:
                tiles[key] = bits
        return Bitmap(tiles)

    def crop(self, box: Box) -> Bitmap:
        """Only the pixels inside `box`; tiles wholly inside are shared."""
        tiles: dict[TileKey, bytes] = {}
        for key in self._keys_in(box):
            part = tile_box(key).intersect(box)
            if part == tile_box(key):
                tiles[key] = self.tiles[key]
                continue
            tile = np.zeros((TILE, TILE), np.bool_)
            inner = part.slices_in(tile_box(key))
            tile[inner] = unpack(self.tiles[key])[inner]
            if tile.any():
                tiles[key] = pack(tile)
        return Bitmap(tiles)

    def __bool__(self) -> bool:
        return bool(self.tiles)
