"""The open picture's annotation, its live label plane, the open stroke, undo and redo.

Document is the only writer of labels. Its one callback, `on_change`, gets the boxes whose pixels changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from segstudio.core.annotation import Annotation, touched_tiles
from segstudio.core.bitmap import Bitmap, Mask, pack
from segstudio.core.box import TILE, Box, TileKey, tile_box, tiles_of
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.history import Edit, History
from segstudio.core.raster import Labels, PatchCache, rasterise, rasterise_tiles
from segstudio.core.shape import MASK, Shape

ERASE = UNLABELLED  # paint with this to take labels away

Region = tuple[Box, ...]


@dataclass
class _Stroke:
    """From press to release: what was painted with which class, and the annotation it began with."""

    before: Annotation
    class_id: int | None = None
    painted: dict[TileKey, Mask] = field(default_factory=dict)
    tiles: set[TileKey] = field(default_factory=set)

    def add(self, box: Box, mask: Mask) -> None:
        for key in tiles_of(box):
            part = tile_box(key).intersect(box)
            patch = mask[part.within(box)]
            if patch.any():
                tile = self.painted.get(key)
                if tile is None:
                    tile = self.painted[key] = np.zeros((TILE, TILE), np.bool_)
                tile[part.within(tile_box(key))] |= patch
                self.tiles.add(key)

    def bitmap(self) -> Bitmap:
        return Bitmap({key: pack(tile) for key, tile in self.painted.items()})


class Document:
    """Annotation, plane and history of one picture. The plane is kept, not copied: look, do not write."""

    def __init__(
        self,
        annotation: Annotation,
        table: ClassTable,
        history: History | None = None,
        plane: Labels | None = None,
    ) -> None:
        self.history = History() if history is None else history
        self.plane: Labels = rasterise(annotation, table) if plane is None else plane
        self.revision = 0  # grows with every committed change, undo and redo included
        self.on_change: Callable[[Region], None] = lambda region: None
        self._annotation = annotation
        self._table = table
        self._stroke: _Stroke | None = None
        self._cache = PatchCache(annotation.box)

    @property
    def annotation(self) -> Annotation:
        return self._annotation

    @property
    def table(self) -> ClassTable:
        return self._table

    @property
    def stroking(self) -> bool:
        return self._stroke is not None

    def begin(self) -> None:
        """Open a stroke; what follows until `commit` is one undoable step."""
        if self._stroke is not None:
            self.cancel()
        self._stroke = _Stroke(self._annotation)

    def paint(self, class_id: int, box: Box, mask: Mask) -> None:
        """Write `class_id` (or ERASE, IGNORE) where `mask`, an array of `box`, is True. One class a stroke."""
        stroke = self._open_stroke()
        if class_id not in (ERASE, IGNORE) and not 0 <= class_id < len(self._table):
            raise ValueError(f"there is no class {class_id}; the table has 0 to {len(self._table) - 1}")
        if stroke.class_id not in (None, class_id):
            raise ValueError("a stroke paints one class; commit it before painting another")
        stroke.class_id = class_id
        inside = box.intersect(self._annotation.box)
        if inside.empty:
            return
        mask = mask[inside.within(box)]
        stroke.add(inside, mask)
        self.plane[inside.slices][mask] = class_id
        self.on_change((inside,))

    def replace(self, after: Annotation) -> None:
        """Show another annotation while a vertex or shape is dragged; becomes an edit at `commit`."""
        stroke = self._open_stroke()
        tiles = touched_tiles(self._annotation, after)
        stroke.tiles |= tiles
        self._show(after, tiles)
        self._cache.keep_only(after.shapes)

    def commit(self, name: str) -> Edit | None:
        """Close the stroke as one edit; None when it changed nothing."""
        stroke, self._stroke = self._open_stroke(), None
        after = self._annotation
        if stroke.class_id is not None and stroke.painted:
            after = self._folded(stroke)
        if after is stroke.before or after == stroke.before:
            self._show(stroke.before, stroke.tiles)
            return None
        edit = Edit(name, stroke.before, after, frozenset(stroke.tiles))
        self._annotation = after
        self._cache.keep_only(after.shapes)
        self.history.push(edit)
        self.revision += 1
        return edit

    def cancel(self) -> None:
        """Take the open stroke back."""
        if self._stroke is not None:
            stroke, self._stroke = self._stroke, None
            self._show(stroke.before, stroke.tiles)

    def apply(self, name: str, after: Annotation) -> Edit | None:
        """One edit at once: add, change, reorder or delete shapes."""
        self.begin()
        self.replace(after)
        return self.commit(name)

    def undo(self) -> Edit | None:
        """Take back the open stroke if there is one, or else the last edit."""
        if self._stroke is not None:
            self.cancel()
            return None
        edit = self.history.undo()
        if edit is not None:
            self._show(edit.before, edit.tiles)
            self.revision += 1
        return edit

    def redo(self) -> Edit | None:
        if self._stroke is not None:
            return None
        edit = self.history.redo()
        if edit is not None:
            self._show(edit.after, edit.tiles)
            self.revision += 1
        return edit

    def set_table(self, table: ClassTable) -> None:
        """Read the labels by another table; the whole plane is rasterised again if ids changed."""
        old, self._table = self._table, table
        if any(old.id_of(label) != table.id_of(label) for label in self._annotation.labels):
            self.plane[:] = rasterise(self._annotation, table)
            for key, tile in (self._stroke.painted if self._stroke else {}).items():
                part = tile_box(key).intersect(self._annotation.box)
                self.plane[part.slices][tile[part.within(tile_box(key))]] = self._stroke_class()
            self.on_change((self._annotation.box,))

    def _stroke_class(self) -> int:
        assert self._stroke is not None and self._stroke.class_id is not None
        return self._stroke.class_id

    def _open_stroke(self) -> _Stroke:
        if self._stroke is None:
            raise RuntimeError("no stroke is open; call begin() first")
        return self._stroke

    def _show(self, annotation: Annotation, tiles: Iterable[TileKey]) -> None:
        self._annotation = annotation
        picture = annotation.box
        tiles = [key for key in tiles if not tile_box(key).intersect(picture).empty]
        rasterise_tiles(self.plane, annotation, self._table, tiles, self._cache)
        if tiles:
            self.on_change(tuple(tile_box(key).intersect(picture) for key in tiles))

    def _folded(self, stroke: _Stroke) -> Annotation:
        """The annotation with the stroke's pixels in it."""
        assert stroke.class_id is not None
        painted = stroke.bitmap()
        if stroke.class_id == ERASE:
            return self._annotation.with_shapes(tuple(self._erased(painted)))
        shapes = list(self._annotation.shapes)
        label = self._table.name_of(stroke.class_id)
        target = self._target(label, painted)
        for index, shape in enumerate(shapes):
            if index != target and shape.bitmap is not None:
                shapes[index] = _less(shape, painted)
        if target is None:
            shapes.append(Shape(label, MASK, bitmap=painted))
        else:
            bitmap = shapes[target].bitmap
            assert bitmap is not None
            if bitmap.union(painted) != bitmap:
                shapes[target] = shapes[target].with_bitmap(bitmap.union(painted))
        kept = tuple(shape for shape in shapes if shape.bitmap is None or shape.bitmap)
        same = len(kept) == len(self._annotation.shapes) and all(
            a is b for a, b in zip(kept, self._annotation.shapes, strict=True)
        )
        return self._annotation if same else self._annotation.with_shapes(kept)

    def _target(self, label: str, painted: Bitmap) -> int | None:
        """The topmost Bitmap of the class over which no vector shape lies where the stroke went."""
        reach = painted.box
        for index in range(len(self._annotation.shapes) - 1, -1, -1):
            shape = self._annotation.shapes[index]
            if shape.bitmap is None and shape.box.overlaps(reach):
                return None
            if shape.bitmap is not None and self._table.canonical(shape.label) == label:
                return index
        return None

    def _erased(self, painted: Bitmap) -> Iterable[Shape]:
        """Shapes without the painted pixels; a vector shape that loses any becomes a Bitmap."""
        for shape in self._annotation.shapes:
            if shape.bitmap is not None:
                left = _less(shape, painted)
                if left.bitmap:
                    yield left
                continue
            if not shape.box.overlaps(painted.box):
                yield shape
                continue
            box, mask = self._cache.patch(shape)
            hit = painted.to_array(box) & mask
            if not hit.any():
                yield shape
            elif (mask & ~hit).any():
                yield shape.with_bitmap(Bitmap.from_array(mask & ~hit, box.y0, box.x0))


def _less(shape: Shape, painted: Bitmap) -> Shape:
    assert shape.bitmap is not None
    left = shape.bitmap.subtract(painted)
    return shape if left is shape.bitmap else shape.with_bitmap(left)
