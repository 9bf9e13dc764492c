"""Tools that propose pixels, computed elsewhere, before they are painted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from segstudio.core.box import EMPTY
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
from segstudio.tools.tool import Choice, Draft, Sight, Tool, Work

NOTHING: Patch = (EMPTY, np.zeros((0, 0), np.bool_))


class ProposalTool(Tool):
    """Holds the newest proposal, and paints it when told so; what was asked for before is passed over."""

    options: tuple[str, ...] = ("rules",)

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._proposal: Patch = NOTHING
        self._pending: Work | None = None
        self._expected: Work | None = None
        self._accepting = False

    def wanted(self) -> Work | None:
        work, self._pending = self._pending, None
        return work

    def done(self, document: Document, work: Work, result: object) -> None:
        if work is not self._expected:
            return
        self._expected = None
        self._take(result)
        if self._accepting:
            self._accept(document)

    def failed(self, document: Document, work: Work) -> None:
        if work is self._expected:
            self._drop()

    def finish(self, document: Document) -> None:
        """Paint the proposal; if it is still being computed, as soon as it is there."""
        if self._expected is not None:
            self._accepting = True
        else:
            self._accept(document)

    def take_back(self, document: Document) -> bool:
        begun = self._expected is not None or not self._proposal[0].empty
        self._drop()
        return begun

    def cancel(self, document: Document) -> None:
        self._drop()
        document.cancel()

    def draft(self, document: Document) -> Draft:
        return Draft() if self._proposal[0].empty else Draft(preview=self._proposal)

    def settle(self, document: Document) -> None:
        """What was accepted and is still being computed is done at once, before the next begins."""
        if self._accepting and self._expected is not None:
            work = self._expected
            self.done(document, work, work.run())

    def _ask(self, run: Callable[[], object]) -> None:
        self._pending = self._expected = Work(run)

    def _take(self, result: object) -> None:
        """A result has come; the usual one is a patch."""
        self._proposal = result  # type: ignore[assignment]

    def _accept(self, document: Document) -> None:
        (box, mask), class_id, at = self._proposal, self._painted(), self._began()
        self._drop()
        if not box.empty:
            document.begin(at)
            document.paint(class_id, box, mask)
            document.commit(self.name)

    def _painted(self) -> int:
        return self._choice.class_id

    def _began(self) -> Point | None:
        """Where the hand began, for the object that the pixels join; None for an object of its own."""
        return None

    def _drop(self) -> None:
        self._proposal, self._pending, self._expected, self._accepting = NOTHING, None, None, False
