"""The open image's annotation, its live label plane, the open stroke, undo and redo.

Document is the only writer of labels. Callbacks report its changes: `on_change` with the boxes whose pixels changed,
`on_commit` with each edit that was made, undone or redone, `on_marks` when the selection, the
locked or the hidden shapes change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from segstudio.core.annotation import Annotation, touched_tiles
from segstudio.core.bitmap import Mask
from segstudio.core.box import Box, TileKey, tile_box, tiles_of
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.geometry import Point
from segstudio.core.history import Edit, History
from segstudio.core.painting_rules import Intensities, Marks, PaintingRules, StrokeLimits
from segstudio.core.raster import Labels, Patch, PatchCache, rasterise, rasterise_shape, rasterise_tiles
from segstudio.core.shape import Shape
from segstudio.core.stroke import Stroke
from segstudio.core.stroke_commit import commit_stroke

ERASE = UNLABELLED  # the class id that erases

Region = tuple[Box, ...]


class Document:
    """Annotation, label plane and history of one image. `plane` is the live array: read it, do not write to it.

    `rules`, `marks` and `intensities` limit where strokes may paint; a new value applies from the next stroke on.
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
        self.revision = 0  # increases with every commit, undo and redo
        self.on_change: Callable[[Region], None] = lambda region: None
        self.on_commit: Callable[[Edit], None] = lambda edit: None
        self.on_marks: Callable[[], None] = lambda: None
        self.refused = False  # the last stroke had no effect because the rules allowed none of it
        self.rules = PaintingRules()
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
        """The selected, locked and hidden shapes; assign another value to change them."""
        return self._marks

    @marks.setter
    def marks(self, marks: Marks) -> None:
        if marks != self._marks:
            self._marks = marks
            self.on_marks()

    @property
    def selected(self) -> list[int]:
        """Indices of the selected shapes that may be changed: neither locked nor hidden."""
        uids = self.marks.selected - self.locked_uids - self.marks.hidden
        return [index for index, shape in enumerate(self._annotation.shapes) if shape.uid in uids]

    @property
    def locked_uids(self) -> frozenset[int]:
        """Uids of the shapes that are locked or whose class is locked."""
        locked = self.rules.locked_classes
        if not locked:
            return self.marks.locked
        labels = {label for label in self._annotation.labels if self._table.id_of(label) in locked}
        return self.marks.locked | {shape.uid for shape in self._annotation.shapes if shape.label in labels}

    @property
    def has_open_stroke(self) -> bool:
        return self._stroke is not None

    def patch(self, shape: Shape) -> Patch:
        """The cached pixels of a vector shape: read them, do not write to them."""
        return self._cache.patch(shape)

    def begin(self, start: Point | None = None, *, new_objects: bool = False) -> None:
        """Open a stroke that starts at `start` (x, y); everything until `commit` is one undo step.

        With `new_objects`, in OBJECTS mode, each connected component of the stroke becomes a new object.
        """
        if self._stroke is not None:
            self.cancel()
        limits = StrokeLimits(self.rules, self.marks, self.plane, self.intensities, self._cache.patch, self.locked_uids)
        self._stroke = Stroke(self._annotation, limits, start, new_objects)
        self.refused = False

    def paint(self, class_id: int, box: Box, mask: Mask) -> None:
        """Write `class_id` (or ERASE, IGNORE) where `mask`, an array of `box`, is True and the rules allow it.

        Raises RuntimeError without an open stroke, ValueError for a class that is not in the table.
        """
        stroke = self._open_stroke()
        if class_id not in (ERASE, IGNORE) and not 0 <= class_id < len(self._table):
            raise ValueError(f"there is no class {class_id}; the table has classes 0 to {len(self._table) - 1}")
        inside = box.intersect(self._annotation.box)
        if inside.empty:
            return
        mask = mask[inside.slices_in(box)]
        allowed = stroke.allowed_in(inside)
        if allowed is not None:
            requested, mask = mask, mask & allowed
            stroke.refused = stroke.refused or (bool(requested.any()) and not mask.any())
        stroke.add(class_id, inside, mask)
        self.plane[inside.slices][mask] = class_id
        self.on_change((inside,))

    def add(self, name: str, shape: Shape) -> Edit | None:
        """Add a shape as one edit; where the rules forbid some of its pixels, add the others as a mask.

        Returns None for a shape without a pixel in the image.
        """
        box, mask = rasterise_shape(shape, self._annotation.box)
        if not mask.any():
            return None
        self.begin(new_objects=True)
        class_id, allowed = self._table.id_of(shape.label), self._open_stroke().allowed_in(box)
        if class_id is not None and allowed is not None and (mask & ~allowed).any():
            self.paint(class_id, box, mask)
            return self.commit(name)
        self.replace(self._annotation.with_added(shape))
        return self.commit(name)

    def replace(self, after: Annotation) -> None:
        """Replace the annotation within the open stroke, as while dragging a vertex; `commit` makes it an edit."""
        stroke = self._open_stroke()
        tiles = touched_tiles(self._annotation, after)
        stroke.tiles |= tiles
        self._show(after, tiles)
        self._cache.keep_only(after.shapes)

    def commit(self, name: str) -> Edit | None:
        """Close the stroke as one edit; returns None if it changed nothing."""
        stroke, self._stroke = self._open_stroke(), None
        after, self._last_uid = commit_stroke(stroke, self._annotation, self._table, self._last_uid)
        if after is stroke.before or after == stroke.before:
            self.refused = stroke.refused
            self._show(stroke.before, stroke.tiles)
            return None
        edit = Edit(name, stroke.before, after, frozenset(stroke.tiles))
        self._annotation = after
        if stroke.limits.locked_uids:  # erasing may have uncovered pixels of a locked shape
            self._show(after, stroke.tiles)
        self._cache.keep_only(after.shapes)
        self.history.push(edit)
        self._finish(edit)
        return edit

    def cancel(self) -> None:
        """Discard the open stroke, if there is one."""
        if self._stroke is not None:
            stroke, self._stroke = self._stroke, None
            self._show(stroke.before, stroke.tiles)

    def apply(self, name: str, after: Annotation) -> Edit | None:
        """Make one edit that replaces the annotation by `after`; returns None if nothing changed."""
        self.begin()
        self.replace(after)
        return self.commit(name)

    def undo(self) -> Edit | None:
        """Discard the open stroke if there is one, else undo the last edit; returns the undone edit."""
        if self._stroke is not None:
            self.cancel()
            return None
        edit = self.history.undo()
        if edit is not None:
            self._show(edit.before, edit.tiles)
            self._finish(edit)
        return edit

    def redo(self) -> Edit | None:
        """Redo the last undone edit and return it; None if there is none or a stroke is open."""
        if self._stroke is not None:
            return None
        edit = self.history.redo()
        if edit is not None:
            self._show(edit.after, edit.tiles)
            self._finish(edit)
        return edit

    def set_table(self, table: ClassTable) -> None:
        """Use another class table. If ids changed, discard the open stroke and rasterise the whole plane again."""
        old, self._table = self._table, table
        if any(old.id_of(label) != table.id_of(label) for label in [*self._annotation.labels, *old.names]):
            self.cancel()  # its class ids belong to the old table
            self.plane[:] = rasterise(self._annotation, table)
            self.on_change((self._annotation.box,))

    def rasterise_without(self, hidden: frozenset[int], plane: Labels, region: Region) -> None:
        """Rasterise `region` into `plane` without the shapes whose uids are in `hidden`, including the open stroke."""
        keys = {key for box in region for key in tiles_of(box)}
        visible = tuple(shape for shape in self._annotation.shapes if shape.uid not in hidden)
        rasterise_tiles(plane, self._annotation.with_shapes(visible), self._table, keys, self._cache)
        if self._stroke is not None:
            self._stroke.draw_onto(plane, keys)

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
