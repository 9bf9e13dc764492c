"""Select tool: selects, moves and deletes objects."""

from __future__ import annotations

from segstudio.core import shape_edits
from segstudio.core.annotation import Annotation
from segstudio.core.box import Box
from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance, rectangle_corners
from segstudio.core.hit_test import find_at_pixel, find_within_box
from segstudio.core.painting_rules import with_selected
from segstudio.tools.options import AMOUNT, DETAIL, LEAST, N, ToolSettings
from segstudio.tools.tool import Cursor, Line, Pointer, Preview, Tool, ToolContext, ToolInfo

_LIVE_PIXELS = 2_000_000  # larger selections are dragged as frames and moved at release
_LIVE_OBJECTS = 40


class Select(Tool):
    """Click selects the topmost object, Alt+click the one below, Shift toggles; drag moves them or spans a frame."""

    info = ToolInfo(
        "select",
        N("Tool", "Select"),
        "V",
        "ph.cursor",
        Cursor.ARROW,
        N(
            "Tool",
            "Click an object, Shift adds, Alt the one below   drag moves it, or selects all in a frame   "
            "right click: menu",
        ),
        options=(DETAIL, AMOUNT, LEAST),
        needs_class=False,
        has_second_button=True,
        opens_menu=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._from: Point | None = None
        self._to: Point | None = None
        self._before: Annotation | None = None  # set while objects are dragged
        self._live = True

    def press(self, document: Document, pointer: Pointer) -> None:
        self._from = self._to = pointer.point
        hit = self._find_hit(document, pointer)
        uid = None if hit is None else document.annotation.shapes[hit].uid
        selected = document.marks.selected
        if uid is None:
            if not pointer.shift:
                document.marks = with_selected(document.marks, frozenset())
        elif pointer.shift:
            document.marks = with_selected(document.marks, selected ^ {uid})
        elif uid not in selected or pointer.alt:
            document.marks = with_selected(document.marks, frozenset({uid}))
        if uid is not None and uid in document.marks.selected:
            self._before = document.annotation
            boxes = (document.annotation.shapes[index].box for index in document.selected)
            areas = [box.height * box.width for box in boxes]
            self._live = sum(areas) <= _LIVE_PIXELS and len(areas) <= _LIVE_OBJECTS

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._from is None:
            return
        self._to = pointer.point
        if self._before is None or not self._live:
            return
        if not document.has_open_stroke:
            if not self._is_drag(pointer) or document.annotation is not self._before:
                return  # not far enough for a drag, or the annotation was edited meanwhile
            document.begin()
        document.replace(self._move_selected(document))

    def release(self, document: Document, pointer: Pointer) -> None:
        start, before = self._from, self._before
        if start is not None and before is None:
            self._select_frame(document, pointer)
        elif before is not None and document.has_open_stroke:
            document.commit("move")
        elif before is document.annotation and not self._live and self._is_drag(pointer):
            document.apply("move", self._move_selected(document))
        self._from = self._to = self._before = None

    def take_back(self, document: Document) -> bool:
        """While objects are dragged, Undo ends the drag."""
        dragging = self._before is not None
        self._from = self._to = self._before = None
        return dragging

    def step_back(self, document: Document) -> bool:
        """Delete the selected objects."""
        indices = document.selected
        if indices:
            document.apply("delete", shape_edits.remove(document.annotation, indices))
        return bool(indices)

    def cancel(self, document: Document) -> None:
        if self._from is None and not document.has_open_stroke:
            document.marks = with_selected(document.marks, frozenset())
        self._from = self._to = self._before = None
        document.cancel()

    def preview(self, document: Document) -> Preview:
        lines = []
        if self._from is not None and self._to is not None and self._from != self._to:
            if self._before is None:
                lines.append(Line(rectangle_corners(self._from, self._to), closed=True))
            elif not self._live:
                lines += [Line(_frame_of(box, self._offset()), closed=True) for box in self._boxes(document)]
        return Preview(lines=tuple(lines))

    def _is_drag(self, pointer: Pointer) -> bool:
        return self._from is not None and distance(self._from, pointer.point) > pointer.reach / 2

    def _find_hit(self, document: Document, pointer: Pointer) -> int | None:
        excluded = document.marks.hidden | document.locked_uids
        below = None
        if pointer.alt:
            selected = [i for i, s in enumerate(document.annotation.shapes) if s.uid in document.marks.selected]
            below = min(selected) if selected else None
        hit = find_at_pixel(document.annotation, pointer.point, document.patch, excluded, below)
        if hit is None and below is not None:  # no object below: start again from the top
            return find_at_pixel(document.annotation, pointer.point, document.patch, excluded)
        return hit

    def _offset(self) -> tuple[int, int]:
        assert self._from is not None and self._to is not None
        return round(self._to[1] - self._from[1]), round(self._to[0] - self._from[0])

    def _move_selected(self, document: Document) -> Annotation:
        assert self._before is not None
        rows, columns = self._offset()
        free = document.marks.selected - document.locked_uids - document.marks.hidden
        indices = [i for i, s in enumerate(self._before.shapes) if s.uid in free]
        return shape_edits.move(self._before, indices, rows, columns)

    def _select_frame(self, document: Document, pointer: Pointer) -> None:
        assert self._from is not None
        if distance(self._from, pointer.point) <= pointer.reach / 2:
            return
        (x0, x1), (y0, y1) = sorted((self._from[0], pointer.x)), sorted((self._from[1], pointer.y))
        excluded = document.marks.hidden | document.locked_uids
        found = find_within_box(document.annotation, Box(int(y0), int(x0), int(y1) + 1, int(x1) + 1), excluded)
        uids = frozenset(document.annotation.shapes[index].uid for index in found)
        kept = document.marks.selected if pointer.shift else frozenset()
        document.marks = with_selected(document.marks, kept | uids)

    def _boxes(self, document: Document) -> list[Box]:
        return [document.annotation.shapes[index].box for index in document.selected]


def _frame_of(box: Box, by: tuple[int, int]) -> tuple[Point, ...]:
    y0, x0, y1, x1 = box.shift(*by)
    return rectangle_corners((x0, y0), (x1, y1))
