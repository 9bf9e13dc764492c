"""Base of tools whose pixels are computed in the background and shown before they are painted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from segstudio.core.box import EMPTY
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
from segstudio.tools.options import ToolSettings
from segstudio.tools.tool import Preview, Tool, ToolContext, ToolWork

NOTHING: Patch = (EMPTY, np.zeros((0, 0), np.bool_))


class ProposalTool(Tool):
    """Holds the result of the newest request and paints it on `finish`; results of older requests are ignored."""

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._proposal: Patch = NOTHING
        self._pending: ToolWork | None = None
        self._expected: ToolWork | None = None
        self._accepting = False

    def pending_work(self) -> ToolWork | None:
        work, self._pending = self._pending, None
        return work

    def work_done(self, document: Document, work: ToolWork, result: object) -> None:
        if work is not self._expected:
            return
        self._expected = None
        self._store(result)
        if self._accepting:
            self._accept(document)

    def work_failed(self, document: Document, work: ToolWork) -> None:
        if work is self._expected:
            self._drop()

    def finish(self, document: Document) -> None:
        """Paint the proposal; if it is still being computed, as soon as it arrives."""
        if self._expected is not None:
            self._accepting = True
        else:
            self._accept(document)

    def take_back(self, document: Document) -> bool:
        started = self._expected is not None or not self._proposal[0].empty
        self._drop()
        return started

    def cancel(self, document: Document) -> None:
        self._drop()
        document.cancel()

    def preview(self, document: Document) -> Preview:
        return Preview() if self._proposal[0].empty else Preview(mask=self._proposal)

    def finish_accepted(self, document: Document) -> None:
        """Compute and paint an accepted proposal now, before the next one starts."""
        if self._accepting and self._expected is not None:
            work = self._expected
            self.work_done(document, work, work.run())

    def _request(self, run: Callable[[], object]) -> None:
        self._pending = self._expected = ToolWork(run)

    def _store(self, result: object) -> None:
        """Keep a result; a Patch unless a tool overrides this."""
        self._proposal = result  # type: ignore[assignment]

    def _accept(self, document: Document) -> None:
        (box, mask), class_id, at = self._proposal, self._painted_class(), self._start_point()
        self._drop()
        if not box.empty:
            document.begin(at)
            document.paint(class_id, box, mask)
            document.commit(self.info.name)

    def _painted_class(self) -> int:
        return self._settings.class_id

    def _start_point(self) -> Point | None:
        """Where the stroke started: its pixels join the object there. None: they become a new object."""
        return None

    def _drop(self) -> None:
        self._proposal, self._pending, self._expected, self._accepting = NOTHING, None, None, False
