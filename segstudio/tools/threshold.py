"""Threshold tool: labels pixels whose probability reaches a limit."""

from __future__ import annotations

import numpy as np

from segstudio.core.box import full_box
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.prediction import ProbabilityMap
from segstudio.core.raster import Patch
from segstudio.tools.bucket import find_connected
from segstudio.tools.options import RULES, THRESHOLD, N, ToolSettings
from segstudio.tools.proposal import NOTHING, ProposalTool
from segstudio.tools.tool import PROBABILITY_MAP, Cursor, Pointer, Preview, ToolContext, ToolInfo

_LIMIT_PER_REACH = 2.0


class Threshold(ProposalTool):
    """Highlights the pixels that reach the limit; drag changes it, a click paints one region, Enter all of them."""

    info = ToolInfo(
        "threshold",
        N("Tool", "Threshold probability map"),
        "Shift+T",
        "ph.thermometer",
        Cursor.HORIZONTAL,
        N("Tool", "Drag sideways to set the limit   click a region to paint it   Enter paints all that is highlighted"),
        tip=N("Tool", "Label pixels above a probability threshold"),
        options=(THRESHOLD, RULES),
        needs=PROBABILITY_MAP,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._at: Point | None = None
        self._start = 0
        self._dragged = False
        self._requested: tuple[ProbabilityMap, int] | None = None
        self._source: ProbabilityMap | None = None  # the map that the proposal was computed from

    def press(self, document: Document, pointer: Pointer) -> None:
        self._at, self._start, self._dragged = pointer.point, self._settings.threshold, False

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._at is None:
            return
        reaches = (pointer.x - self._at[0]) / max(pointer.reach, 1e-9)
        self._dragged = self._dragged or abs(reaches) > 0.5
        if self._dragged:
            self._settings.threshold = int(np.clip(self._start + _LIMIT_PER_REACH * reaches, 1, 255))
        self._update()

    def finish(self, document: Document) -> None:
        """Paint all pixels that reach the current limit."""
        self._update()
        super().finish(document)

    def release(self, document: Document, pointer: Pointer) -> None:
        at, self._at = self._at, None
        row, column = int(pointer.y // 1), int(pointer.x // 1)
        box, mask = self._current()
        if at is None or self._dragged or box.empty or not (0 <= row < box.y1 and 0 <= column < box.x1):
            return
        if mask[row, column]:
            part_box, part = find_connected(mask.view(np.uint8), row, column)
            document.begin(pointer.point)
            document.paint(self._settings.class_id, part_box, part)
            document.commit(self.info.name)

    def hover(self, document: Document, pointer: Pointer) -> None:
        self._update()

    def take_back(self, document: Document) -> bool:
        return False

    def preview(self, document: Document) -> Preview:
        box, mask = self._current()
        return Preview() if box.empty else Preview(mask=(box, mask))

    def _store(self, result: object) -> None:
        super()._store(result)
        self._source = None if self._requested is None else self._requested[0]

    def _accept(self, document: Document) -> None:
        if self._current()[0].empty:
            self._drop()
        else:
            super()._accept(document)

    def _drop(self) -> None:
        super()._drop()
        self._requested = self._source = None

    def _update(self) -> None:
        """Request the mask again if the probability map or the limit changed."""
        probabilities, limit = self._context.probability_map, self._settings.threshold
        if probabilities is None:
            self._drop()
        elif self._requested is None or self._requested[0] is not probabilities or self._requested[1] != limit:
            self._requested = probabilities, limit
            self._request(lambda: apply_threshold(probabilities, limit))

    def _current(self) -> Patch:
        """The highlighted pixels; none if the probability map was replaced."""
        probabilities = self._context.probability_map
        return NOTHING if probabilities is None or self._source is not probabilities else self._proposal


def apply_threshold(probabilities: ProbabilityMap, limit: int) -> Patch:
    """Pixels with a value of at least `limit`, 0 to 255."""
    return full_box(*probabilities.shape), probabilities >= limit
