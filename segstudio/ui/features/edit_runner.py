"""Runs a change of objects: at once where it is small, else in a job, dropped if the image changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject

from segstudio.core.annotation import Annotation
from segstudio.core.document import Document
from segstudio.core.history import Edit
from segstudio.ui.features.objects import ObjectsFlow, Operation
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session

_AT_ONCE_PIXELS = 1_000_000  # of the objects' boxes, that are changed in the window's thread

Landed = Callable[[Document, Edit | None, list[int]], None]


class EditRunner(QObject):
    """One change at a time."""

    def __init__(self, session: Session, objects: ObjectsFlow, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._objects = objects
        self._messages = messages
        self.busy = False

    def run(self, name: str, operation: Operation, *, least: int = 1, landed: Landed | None = None) -> None:
        """`least` objects must be selected; `landed` hears of the edit and of the indices it was made of."""
        document = self._session.document
        if document is None or self.busy:
            return
        indices, before = document.selected, document.annotation
        if len(indices) < least:
            self._messages.tell(self.tr("Select %n object(s) first (V).", "", least))
            return

        def land(after: Annotation) -> None:
            if self._session.document is document and document.annotation is before and not document.stroking:
                edit = self._objects.land(document, name, after)
                if landed is not None:
                    landed(document, edit, indices)
            else:
                self._messages.tell(self.tr("The image changed meanwhile, so “{}” was dropped.").format(name))

        boxes = [before.shapes[index].box.intersect(before.box) for index in indices]
        if sum(box.height * box.width for box in boxes) <= _AT_ONCE_PIXELS:
            land(operation(before, indices))
            return
        self.busy = True

        def events() -> Iterator[Annotation]:
            yield operation(before, indices)

        self._session.jobs.start(events, land, self._on_end)

    def _on_end(self) -> None:
        self.busy = False
