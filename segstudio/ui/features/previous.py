"""Paste all of the image before: for series in which little changes from one image to the next."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject

from segstudio.core.shape import Shape
from segstudio.project.store import load
from segstudio.ui.features.objects import ObjectsFlow
from segstudio.ui.features.open import OpenFlow
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session


class PreviousFlow(QObject):
    """The labels are those in memory where there are some, else the file's."""

    def __init__(
        self, session: Session, saving: SaveFlow, opening: OpenFlow, objects: ObjectsFlow, messages: MessageBar
    ) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._opening = opening
        self._objects = objects
        self._messages = messages

    def ask(self) -> None:
        document, names = self._session.document, self._opening.order()
        image = self._session.image
        at = names.index(image.item.name) if image is not None and image.item.name in names else 0
        before = next((item for item in self._session.items if at and item.name == names[at - 1]), None)
        if document is None or before is None:
            self._messages.tell(self.tr("There is no image before this one."))
            return
        visit = self._saving.visit(before)

        def events() -> Iterator[tuple[Shape, ...]]:
            yield visit.annotation.shapes if visit is not None else load(before).annotation.shapes

        def on_shapes(shapes: tuple[Shape, ...]) -> None:
            if self._session.document is document and not document.stroking:
                self._objects.paste_shapes(shapes)

        self._session.jobs.after_queue(events, on_shapes)
