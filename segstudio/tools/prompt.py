"""AI tool: clicks and boxes that a model of the SAM family answers with a mask."""

from __future__ import annotations

from segstudio.core.box import Box
from segstudio.core.document import Document
from segstudio.core.geometry import Point, distance, rectangle_corners
from segstudio.tools.options import MODEL, RULES, N, ToolSettings
from segstudio.tools.proposal import ProposalTool
from segstudio.tools.tool import Pointer, Preview, ToolContext, ToolInfo


class Prompt(ProposalTool):
    """Click on the object, Alt or right click on what is not part of it, or drag a box; Enter paints the mask."""

    info = ToolInfo(
        "ai",
        N("Tool", "AI clicks and boxes"),
        "Q",
        "ph.robot",
        hint=N(
            "Tool",
            "Click on an object, Alt or right click beside it, or drag a box   Backspace removes one   Enter paints",
        ),
        options=(MODEL, RULES),
        makes_pixels=True,
        has_second_button=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._clicks: list[tuple[Point, bool]] = []  # with whether it is on the object
        self._box: Box | None = None
        self._from: Point | None = None
        self._to: Point | None = None
        self._negative = False

    def press(self, document: Document, pointer: Pointer) -> None:
        self._from = self._to = pointer.point
        self._negative = pointer.alt or pointer.secondary

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._from is not None:
            self._to = pointer.point

    def release(self, document: Document, pointer: Pointer) -> None:
        start, self._from, self._to = self._from, None, None
        if start is None:
            return
        if distance(start, pointer.point) <= pointer.reach:
            if self._is_inside(document, pointer.point):
                self._clicks.append((pointer.point, not self._negative))
        else:
            (x0, x1), (y0, y1) = sorted((start[0], pointer.x)), sorted((start[1], pointer.y))
            box = Box(int(y0), int(x0), int(y1) + 1, int(x1) + 1).intersect(document.annotation.box)
            self._box = None if box.empty else box
        self._segment()

    def take_back(self, document: Document) -> bool:
        """Remove the last click, then the box."""
        started = bool(self._clicks) or self._box is not None
        if self._clicks:
            self._clicks.pop()
        else:
            self._box = None
        self._segment()
        return started

    def preview(self, document: Document) -> Preview:
        mask = None if self._proposal[0].empty else self._proposal
        positive = tuple(point for point, on_object in self._clicks if on_object)
        negative = tuple(point for point, on_object in self._clicks if not on_object)
        ring: tuple[Point, ...] = ()
        if self._from is not None and self._to is not None and self._from != self._to:
            ring = rectangle_corners(self._from, self._to)
        elif self._box is not None:
            ring = rectangle_corners((self._box.x0, self._box.y0), (self._box.x1, self._box.y1))
        return Preview(ring, closed=True, positive=positive, negative=negative, mask=mask)

    def _drop(self) -> None:
        super()._drop()
        self._clicks, self._box, self._from, self._to = [], None, None, None

    def _segment(self) -> None:
        segmenter, box = self._context.segmenter, self._box
        points = tuple(point for point, _ in self._clicks)
        positive = tuple(on_object for _, on_object in self._clicks)
        if segmenter is not None and (box is not None or any(positive)):
            self._request(lambda: segmenter.segment(points, positive, box))
        else:
            clicks = self._clicks
            self._drop()
            self._clicks = clicks

    def _is_inside(self, document: Document, at: Point) -> bool:
        return 0 <= at[0] < document.annotation.width and 0 <= at[1] < document.annotation.height
