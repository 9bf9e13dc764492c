"""Select: pick objects, several of them, move them, delete them."""

from __future__ import annotations

from segstudio.core import edits
from segstudio.core.annotation import Annotation
from segstudio.core.box import Box
from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance, frame
from segstudio.core.hit_test import at_pixel, within
from segstudio.core.stroke import with_selected
from segstudio.tools.tool import Choice, Draft, Line, Pointer, Sight, Tool

_LIVE_PIXELS = 2_000_000  # larger selections move as frames, and land at release
_LIVE_OBJECTS = 40


class Select(Tool):
    """Click picks the topmost object, Alt+click the one below; Shift adds or takes away; drag moves, or frames."""

    name = "select"
    key = "V"
    has_second_button = True
    hint = "Click an object, Shift adds, Alt the one below   drag moves it, or frames several   right click: menu"
    options = ("detail_px", "amount_px", "least_px")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._from: Point | None = None
        self._to: Point | None = None
        self._before: Annotation | None = None  # while objects are dragged
        self._live = True

    def press(self, document: Document, pointer: Pointer) -> None:
        self._from = self._to = pointer.point
        hit = self._hit(document, pointer)
        uid = None if hit is None else document.annotation.shapes[hit].uid
        chosen_now = document.marks.selected
        if uid is None:
            if not pointer.shift:
                document.marks = with_selected(document.marks, frozenset())
        elif pointer.shift:
            document.marks = with_selected(document.marks, chosen_now ^ {uid})
        elif uid not in chosen_now or pointer.alt:
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
        if not document.stroking:
            if not self._is_drag(pointer) or document.annotation is not self._before:
                return  # a tremble, or an edit that came between
            document.begin()
        document.replace(self._moved(document))

    def release(self, document: Document, pointer: Pointer) -> None:
        start, before = self._from, self._before
        if start is not None and before is None:
            self._frame(document, pointer)
        elif before is not None and document.stroking:
            document.commit("move")
        elif before is document.annotation and not self._live and self._is_drag(pointer):
            document.apply("move", self._moved(document))
        self._from = self._to = self._before = None

    def take_back(self, document: Document) -> bool:
        """While something is dragged, Undo lets go of it."""
        dragging = self._before is not None
        self._from = self._to = self._before = None
        return dragging

    def step_back(self, document: Document) -> bool:
        """Delete takes the selected objects away."""
        indices = document.selected
        if indices:
            document.apply("delete", edits.removed(document.annotation, indices))
        return bool(indices)

    def cancel(self, document: Document) -> None:
        if self._from is None and not document.stroking:
            document.marks = with_selected(document.marks, frozenset())
        self._from = self._to = self._before = None
        document.cancel()

    def draft(self, document: Document) -> Draft:
        lines = []
        if self._from is not None and self._to is not None and self._from != self._to:
            if self._before is None:
                lines.append(Line(frame(self._from, self._to), closed=True))
            elif not self._live:
                lines += [Line(_shifted(box, self._shift()), closed=True) for box in self._boxes(document)]
        return Draft(lines=tuple(lines))

    def _is_drag(self, pointer: Pointer) -> bool:
        return self._from is not None and distance(self._from, pointer.point) > pointer.reach / 2

    def _hit(self, document: Document, pointer: Pointer) -> int | None:
        passed = document.marks.hidden | document.untouchable
        below = None
        if pointer.alt:
            shown = [i for i, s in enumerate(document.annotation.shapes) if s.uid in document.marks.selected]
            below = min(shown) if shown else None
        hit = at_pixel(document.annotation, pointer.point, document.patch, passed, below)
        return at_pixel(document.annotation, pointer.point, document.patch, passed) if hit is None and below else hit

    def _shift(self) -> tuple[int, int]:
        assert self._from is not None and self._to is not None
        return round(self._to[1] - self._from[1]), round(self._to[0] - self._from[0])

    def _moved(self, document: Document) -> Annotation:
        assert self._before is not None
        rows, columns = self._shift()
        free = document.marks.selected - document.untouchable - document.marks.hidden
        indices = [i for i, s in enumerate(self._before.shapes) if s.uid in free]
        return edits.moved(self._before, indices, rows, columns)

    def _frame(self, document: Document, pointer: Pointer) -> None:
        assert self._from is not None
        if distance(self._from, pointer.point) <= pointer.reach / 2:
            return
        (x0, x1), (y0, y1) = sorted((self._from[0], pointer.x)), sorted((self._from[1], pointer.y))
        passed = document.marks.hidden | document.untouchable
        found = within(document.annotation, Box(int(y0), int(x0), int(y1) + 1, int(x1) + 1), passed)
        uids = frozenset(document.annotation.shapes[index].uid for index in found)
        kept = document.marks.selected if pointer.shift else frozenset()
        document.marks = with_selected(document.marks, kept | uids)

    def _boxes(self, document: Document) -> list[Box]:
        return [document.annotation.shapes[index].box for index in document.selected]


def _shifted(box: Box, by: tuple[int, int]) -> tuple[Point, ...]:
    y0, x0, y1, x1 = box.moved(*by)
    return frame((x0, y0), (x1, y1))
