"""AI: clicks and boxes that a model of the SAM family answers with a mask."""

from __future__ import annotations

from segstudio.core.box import Box
from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance, frame
from segstudio.tools.proposal import ProposalTool
from segstudio.tools.tool import Choice, Draft, Pointer, Sight


class Prompt(ProposalTool):
    """Click on the object, Alt or right click on what is not part of it, or drag a box; Enter paints the mask."""

    name = "ai"
    key = "Q"
    has_second_button = True
    hint = "Click on an object, Alt or right click beside it, or drag a box   Backspace takes one back   Enter paints"
    options = ("model", "rules")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._clicks: list[tuple[Point, bool]] = []
        self._box: Box | None = None
        self._from: Point | None = None
        self._to: Point | None = None
        self._minus = False

    def press(self, document: Document, pointer: Pointer) -> None:
        self._from = self._to = pointer.point
        self._minus = pointer.alt or pointer.secondary

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._from is not None:
            self._to = pointer.point

    def release(self, document: Document, pointer: Pointer) -> None:
        start, self._from, self._to = self._from, None, None
        if start is None:
            return
        if distance(start, pointer.point) <= pointer.reach:
            if self._holds(document, pointer.point):
                self._clicks.append((pointer.point, not self._minus))
        else:
            (x0, x1), (y0, y1) = sorted((start[0], pointer.x)), sorted((start[1], pointer.y))
            box = Box(int(y0), int(x0), int(y1) + 1, int(x1) + 1).intersect(document.annotation.box)
            self._box = None if box.empty else box
        self._segment()

    def take_back(self, document: Document) -> bool:
        begun = bool(self._clicks) or self._box is not None
        if self._clicks:
            self._clicks.pop()
        else:
            self._box = None
        self._segment()
        return begun

    def draft(self, document: Document) -> Draft:
        preview = None if self._proposal[0].empty else self._proposal
        plus = tuple(point for point, positive in self._clicks if positive)
        minus = tuple(point for point, positive in self._clicks if not positive)
        ring: tuple[Point, ...] = ()
        if self._from is not None and self._to is not None and self._from != self._to:
            ring = frame(self._from, self._to)
        elif self._box is not None:
            ring = frame((self._box.x0, self._box.y0), (self._box.x1, self._box.y1))
        return Draft(ring, closed=True, plus=plus, minus=minus, preview=preview)

    def _drop(self) -> None:
        super()._drop()
        self._clicks, self._box, self._from, self._to = [], None, None, None

    def _segment(self) -> None:
        segmenter, box = self._sight.segmenter, self._box
        points = tuple(point for point, _ in self._clicks)
        positive = tuple(each for _, each in self._clicks)
        if segmenter is not None and (box is not None or any(positive)):
            self._ask(lambda: segmenter.segment(points, positive, box))
        else:
            clicks = self._clicks
            self._drop()
            self._clicks = clicks

    def _holds(self, document: Document, at: Point) -> bool:
        return 0 <= at[0] < document.annotation.width and 0 <= at[1] < document.annotation.height
