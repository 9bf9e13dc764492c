"""The open picture's annotation, its live label plane, the open stroke, undo and redo.

Document is the only writer of labels. Its one callback, `on_change`, gets the boxes whose pixels changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from segstudio.core import folding
from segstudio.core.annotation import Annotation, touched_tiles
from segstudio.core.bitmap import Mask
from segstudio.core.box import Box, TileKey, tile_box, tiles_of
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.geometry import Point
from segstudio.core.history import Edit, History
from segstudio.core.picking import at_pixel
from segstudio.core.raster import Labels, Patch, PatchCache, rasterise, rasterise_tiles
from segstudio.core.rules import OBJECTS, Intensities, Rules
from segstudio.core.shape import Shape
from segstudio.core.stroke import Limits, Marks, Stroke

ERASE = UNLABELLED  # paint with this to take labels away

Region = tuple[Box, ...]


class Document:
    """Annotation, plane and history of one picture. The plane is kept, not copied: look, do not write.

    `rules`, `marks` and `intensities` say where strokes may paint; they may be set at any time and hold
    from the next stroke on.
    """

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
        self.rules = Rules()
        self.marks = Marks()
        self.intensities: Intensities | None = None
        self._annotation = annotation
        self._table = table
        self._stroke: Stroke | None = None
        self._limits: Limits | None = None
        self._last_uid: int | None = None
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

    def patch(self, shape: Shape) -> Patch:
        """The pixels of a vector shape, kept while it is in use: look, do not write."""
        return self._cache.patch(shape)

    def begin(self, at: Point | None = None) -> None:
        """Open a stroke that starts `at`; what follows until `commit` is one undoable step."""
        if self._stroke is not None:
            self.cancel()
        self._stroke = Stroke(self._annotation, at)
        limits = Limits(self.rules, self.marks, self.plane, self.intensities, self._cache.patch)
        self._limits = None if limits.free else limits

    def allowed(self, box: Box) -> Mask | None:
        """Where the open stroke may paint inside `box`; None where everything is allowed."""
        stroke = self._open_stroke()
        if self._limits is None:
            return None
        out = np.zeros((box.height, box.width), np.bool_)
        for key in tiles_of(box.intersect(self._annotation.box)):
            part = tile_box(key).intersect(box)
            out[part.within(box)] = self._limits.of(key, stroke.before)[part.within(tile_box(key))]
        return out

    def paint(self, class_id: int, box: Box, mask: Mask) -> None:
        """Write `class_id` (or ERASE, IGNORE) where `mask`, an array of `box`, is True and the rules allow it."""
        stroke = self._open_stroke()
        if class_id not in (ERASE, IGNORE) and not 0 <= class_id < len(self._table):
            raise ValueError(f"there is no class {class_id}; the table has 0 to {len(self._table) - 1}")
        inside = box.intersect(self._annotation.box)
        if inside.empty:
            return
        mask = mask[inside.within(box)]
        limit = self.allowed(inside)
        if limit is not None:
            mask = mask & limit
        stroke.add(class_id, inside, mask)
        self.plane[inside.slices][mask] = class_id
        self.on_change((inside,))

    def add(self, name: str, shape: Shape) -> Edit | None:
        """One more shape as an edit; where the rules cut into it, what is left of it as pixels."""
        self.begin(shape.points[0] if shape.points else None)
        class_id = self._table.id_of(shape.label)
        if self._limits is not None and class_id is not None:
            box, mask = self.patch(shape) if shape.bitmap is None else (shape.box, shape.bitmap.to_array(shape.box))
            limit = self.allowed(box)
            if limit is not None and (mask & ~limit).any():
                self.paint(class_id, box, mask)
                return self.commit(name)
        self.replace(self._annotation.with_added(shape))
        return self.commit(name)

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
            self._show_stroke(self._annotation.box)
            self.on_change((self._annotation.box,))

    def rasterise_without(self, hidden: frozenset[int], plane: Labels, region: Region) -> None:
        """Writes what would be seen of `region` without some shapes, the open stroke included, into `plane`."""
        keys = {key for box in region for key in tiles_of(box)}
        shown = tuple(shape for shape in self._annotation.shapes if shape.uid not in hidden)
        rasterise_tiles(plane, self._annotation.with_shapes(shown), self._table, keys, self._cache)
        self._lay_stroke(plane, keys)

    def _open_stroke(self) -> Stroke:
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

    def _show_stroke(self, box: Box) -> None:
        self._lay_stroke(self.plane, set(tiles_of(box)))

    def _lay_stroke(self, plane: Labels, keys: set[TileKey]) -> None:
        """The pixels of the open stroke, in these tiles."""
        for class_id, tiles in (self._stroke.painted if self._stroke else {}).items():
            for key in tiles.keys() & keys:
                part = tile_box(key).intersect(self._annotation.box)
                plane[part.slices][tiles[key][part.within(tile_box(key))]] = class_id

    def _folded(self, stroke: Stroke) -> Annotation:
        """The annotation with the stroke's pixels in it."""
        after = self._annotation
        for class_id, painted in stroke.bitmaps().items():
            if class_id == ERASE:
                fold = folding.Fold("", self._cache.patch, self._table.canonical)
                after = folding.erased(after, painted, fold)
                continue
            fold = folding.Fold(self._table.name_of(class_id), self._cache.patch, self._table.canonical)
            if self.rules.mode == OBJECTS and class_id not in (0, IGNORE):
                uid = self._object_of(stroke, fold.label)
                after = folding.onto_object(after, painted, fold, uid)
                self._last_uid = uid if uid is not None else after.shapes[-1].uid
            else:
                after = folding.onto_class(after, painted, fold)
        return after

    def _object_of(self, stroke: Stroke, label: str) -> int | None:
        """The object that a stroke belongs to: the selected or last one if so wished, else the one it began on."""
        mine = {shape.uid for shape in stroke.before.shapes if self._table.canonical(shape.label) == label}
        if self.rules.same_object:
            chosen = self.marks.selected & mine or ({self._last_uid} & mine)
            return min(uid for uid in chosen if uid is not None) if chosen else None
        hit = None if stroke.at is None else at_pixel(stroke.before, stroke.at, self._cache.patch, self.marks.hidden)
        shape = None if hit is None else stroke.before.shapes[hit]
        return shape.uid if shape is not None and shape.uid in mine else None
