"""Threshold: what is hotter than a limit becomes labels."""

from __future__ import annotations

import numpy as np

from segstudio.core.box import whole
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.prediction import Heat
from segstudio.core.raster import Patch
from segstudio.tools.bucket import connected
from segstudio.tools.proposal import NOTHING, ProposalTool
from segstudio.tools.tool import Choice, Draft, Pointer, Sight

_PER_REACH = 2.0


class Threshold(ProposalTool):
    """Shows where the heat reaches the limit; drag changes it, a click takes one region, Enter takes all."""

    name = "threshold"
    key = "Shift+T"
    hint = "Drag sideways sets the limit   click a region to paint it   Enter paints all that is lit"
    needs = "heat"
    options = ("threshold", "rules")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._at: Point | None = None
        self._start = 0
        self._moved = False
        self._asked: tuple[Heat, int] | None = None
        self._held: Heat | None = None  # of which the proposal is

    def press(self, document: Document, pointer: Pointer) -> None:
        self._at, self._start, self._moved = pointer.point, self._choice.threshold, False

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._at is None:
            return
        way = (pointer.x - self._at[0]) / max(pointer.reach, 1e-9)
        self._moved = self._moved or abs(way) > 0.5
        if self._moved:
            self._choice.threshold = int(np.clip(self._start + _PER_REACH * way, 1, 255))
        self._look()

    def finish(self, document: Document) -> None:
        """Paint all that is lit, at the limit as it is now."""
        self._look()
        super().finish(document)

    def release(self, document: Document, pointer: Pointer) -> None:
        at, self._at = self._at, None
        row, column = int(pointer.y // 1), int(pointer.x // 1)
        box, mask = self._current()
        if at is None or self._moved or box.empty or not (0 <= row < box.y1 and 0 <= column < box.x1):
            return
        if mask[row, column]:
            part_box, part = connected(mask.view(np.uint8), row, column)
            document.begin(pointer.point)
            document.paint(self._choice.class_id, part_box, part)
            document.commit(self.name)

    def hover(self, document: Document, pointer: Pointer) -> None:
        self._look()

    def take_back(self, document: Document) -> bool:
        return False

    def draft(self, document: Document) -> Draft:
        box, mask = self._current()
        return Draft() if box.empty else Draft(preview=(box, mask))

    def _take(self, result: object) -> None:
        super()._take(result)
        self._held = None if self._asked is None else self._asked[0]

    def _accept(self, document: Document) -> None:
        if self._current()[0].empty:
            self._drop()
        else:
            super()._accept(document)

    def _drop(self) -> None:
        super()._drop()
        self._asked = self._held = None

    def _look(self) -> None:
        heat, limit = self._sight.heat, self._choice.threshold
        if heat is None:
            self._drop()
        elif self._asked is None or self._asked[0] is not heat or self._asked[1] != limit:
            self._asked = heat, limit
            self._ask(lambda: hotter(heat, limit))

    def _current(self) -> Patch:
        """What is shown; nothing where the heat is another by now."""
        heat = self._sight.heat
        return NOTHING if heat is None or self._held is not heat else self._proposal


def hotter(heat: Heat, limit: int) -> Patch:
    """Pixels of at least `limit` of 255."""
    return whole(*heat.shape), heat >= limit
