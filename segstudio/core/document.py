"""The open image's annotation, its live label plane, the open stroke, undo and redo.

Document is the only writer of labels. It tells of its changes by callbacks: `on_change` with the boxes whose pixels
changed, `on_commit` with each edit that was made, undone or redone, `on_marks` when other objects are selected, locked
or hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from segstudio.core.annotation import Annotation, touched_tiles
from segstudio.core.bitmap import Mask
from segstudio.core.box import Box, TileKey, tile_box, tiles_of
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.geometry import Point
from segstudio.core.history import Edit, History
from segstudio.core.landing import landed
from segstudio.core.raster import Labels, Patch, PatchCache, rasterise, rasterise_tiles, shape_mask
from segstudio.core.rules import Intensities, Rules
from segstudio.core.shape import Shape
from segstudio.core.stroke import Limits, Marks, Stroke

ERASE = UNLABELLED  # paint with this to take labels away

Region = tuple[Box, ...]


class Document:
    """Annotation, plane and history of one image. The plane is kept, not copied: look, do not write.

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
        self.on_commit: Callable[[Edit], None] = lambda edit: None
        self.on_marks: Callable[[], None] = lambda: None
        self.refused = False  # the last stroke changed nothing because the rules allowed none of it
        self.rules = Rules()
        self._marks = Marks()
        self.intensities: Intensities | None = None
        self._annotation = annotation
        self._table = table
        self._stroke: Stroke | None = None
        self._last_uid: int | None = None
        self._cache = PatchCache(annotation.box)

    @property
    def annotation(self) -> Annotation:
        return self._annotation

    @property
    def table(self) -> ClassTable:
        return self._table

    @property
    def marks(self) -> Marks:
        """Which objects are selected, locked and hidden; set another value to change it."""
        return self._marks

    @marks.setter
    def marks(self, marks: Marks) -> None:
        if marks != self._marks:
            self._marks = marks
            self.on_marks()

    @property
    def selected(self) -> list[int]:
        """Indices of the selected shapes that there are and that may be changed: not locked, not hidden."""
        uids = self.marks.selected - self.untouchable - self.marks.hidden
        return [index for index, shape in enumerate(self._annotation.shapes) if shape.uid in uids]

    @property
    def untouchable(self) -> frozenset[int]:
        """Shapes that are locked, by themselves or with their class."""
        locked = self.rules.locked
        if not locked:
            return self.marks.locked
        labels = {label for label in self._annotation.labels if self._table.id_of(label) in locked}
        return self.marks.locked | {shape.uid for shape in self._annotation.shapes if shape.label in labels}

    @property
    def stroking(self) -> bool:
        return self._stroke is not None

    def patch(self, shape: Shape) -> Patch:
        """The pixels of a vector shape, kept while it is in use: look, do not write."""
        return self._cache.patch(shape)

    def begin(self, at: Point | None = None, *, fresh: bool = False) -> None:
        """Open a stroke that starts `at`; what follows until `commit` is one undoable step.

        A `fresh` one joins no object: each connected part of it is one, where the rules speak of objects.
        """
        if self._stroke is not None:
            self.cancel()
        limits = Limits(self.rules, self.marks, self.plane, self.intensities, self._cache.patch, self.untouchable)
        self._stroke = Stroke(self._annotation, limits, at, fresh)
        self.refused = False

    def paint(self, class_id: int, box: Box, mask: Mask) -> None:
        """Write `class_id` (or ERASE, IGNORE) where `mask`, an array of `box`, is True and the rules allow it."""
        stroke = self._open_stroke()
        if class_id not in (ERASE, IGNORE) and not 0 <= class_id < len(self._table):
            raise ValueError(f"there is no class {class_id}; the table has 0 to {len(self._table) - 1}")
        inside = box.intersect(self._annotation.box)
        if inside.empty:
            return
        mask = mask[inside.within(box)]
        limit = stroke.allowed(inside)
        if limit is not None:
            wanted, mask = mask, mask & limit
            stroke.refused = stroke.refused or (bool(wanted.any()) and not mask.any())
        stroke.add(class_id, inside, mask)
        self.plane[inside.slices][mask] = class_id
        self.on_change((inside,))

    def add(self, name: str, shape: Shape) -> Edit | None:
        """One more shape as an edit; where the rules cut into it, what is left of it as pixels.

        None for a shape that has no pixel in the image.
        """
        box, mask = shape_mask(shape, self._annotation.box)
        if not mask.any():
            return None
        self.begin(fresh=True)
        class_id = self._table.id_of(shape.label)
        if class_id is not None and not self._open_stroke().limits.free:
            limit = self._open_stroke().allowed(box)
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
        after, self._last_uid = landed(stroke, self._annotation, self._table, self._last_uid)
        if after is stroke.before or after == stroke.before:
            self.refused = stroke.refused
            self._show(stroke.before, stroke.tiles)
            return None
        edit = Edit(name, stroke.before, after, frozenset(stroke.tiles))
        self._annotation = after
        self._cache.keep_only(after.shapes)
        self.history.push(edit)
        self._finish(edit)
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
            self._finish(edit)
        return edit

    def redo(self) -> Edit | None:
        if self._stroke is not None:
            return None
        edit = self.history.redo()
        if edit is not None:
            self._show(edit.after, edit.tiles)
            self._finish(edit)
        return edit

    def set_table(self, table: ClassTable) -> None:
        """Read the labels by another table; the whole plane is rasterised again if ids changed."""
        old, self._table = self._table, table
        if any(old.id_of(label) != table.id_of(label) for label in [*self._annotation.labels, *old.names]):
            self.cancel()  # an open stroke painted numbers that mean other classes now
            self.plane[:] = rasterise(self._annotation, table)
            self.on_change((self._annotation.box,))

    def rasterise_without(self, hidden: frozenset[int], plane: Labels, region: Region) -> None:
        """Writes what would be seen of `region` without some shapes, the open stroke included, into `plane`."""
        keys = {key for box in region for key in tiles_of(box)}
        shown = tuple(shape for shape in self._annotation.shapes if shape.uid not in hidden)
        rasterise_tiles(plane, self._annotation.with_shapes(shown), self._table, keys, self._cache)
        if self._stroke is not None:
            self._stroke.lay(plane, keys)

    def _finish(self, edit: Edit) -> None:
        self.revision += 1
        self.on_commit(edit)

    def _open_stroke(self) -> Stroke:
        if self._stroke is None:
            raise RuntimeError("no stroke is open; call begin() first")
        return self._stroke

    def _show(self, annotation: Annotation, tiles: Iterable[TileKey]) -> None:
        self._annotation = annotation
        image = annotation.box
        tiles = [key for key in tiles if not tile_box(key).intersect(image).empty]
        rasterise_tiles(self.plane, annotation, self._table, tiles, self._cache)
        if tiles:
            self.on_change(tuple(tile_box(key).intersect(image) for key in tiles))
