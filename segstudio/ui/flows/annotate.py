"""Drawing: undo and redo, tools, sizes, classes by digit, and marking a picture as done."""

from __future__ import annotations

from PySide6.QtCore import QObject

from segstudio.core.history import Edit
from segstudio.project.item import DONE, TODO
from segstudio.project.store import status_of, with_status
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session

_SIZE_STEP = 1.2


class AnnotateFlow(QObject):
    """What the keys and buttons of drawing do."""

    def __init__(self, session: Session, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._messages = messages
        self._last_told: Edit | None = None
        session.edited.connect(self._tell_baking)

    def undo(self) -> None:
        """What is begun first: an open stroke is taken back, or the last point of a polygon; else the last edit."""
        picture = self._session.picture
        if picture is None:
            return
        if picture.document.stroking:
            self._session.tool.cancel(picture.document)
        elif not self._session.tool.take_back(picture.document):
            picture.document.undo()
        self._session.edited.emit()

    def redo(self) -> None:
        if self._session.picture is not None:
            self._session.picture.document.redo()
            self._session.edited.emit()

    def brush(self) -> None:
        self._session.choose(tool="brush")

    def eraser(self) -> None:
        self._session.choose(tool="eraser")

    def polygon(self) -> None:
        self._session.choose(tool="polygon")

    def larger(self) -> None:
        self._session.choose(radius_px=max(1.0, self._session.choice.radius_px * _SIZE_STEP))

    def smaller(self) -> None:
        self._session.choose(radius_px=self._session.choice.radius_px / _SIZE_STEP)

    def choose_class(self, class_id: int) -> None:
        """By digit key; a number beyond the table says so."""
        if class_id < len(self._session.table):
            self._session.choose(class_id=class_id)
        else:
            self._messages.tell(self.tr("There is no class {}; add one in the Classes panel.").format(class_id))

    def toggle_done(self) -> None:
        """Mark the picture as done, or as still to do; part of the undo history like any edit."""
        picture = self._session.picture
        if picture is None or picture.read_only:
            return
        document = picture.document
        status = TODO if status_of(document.annotation) == DONE else DONE
        document.apply(f"mark {status}", with_status(document.annotation, status))
        self._session.edited.emit()

    def refuse(self) -> None:
        """Somebody drew on a picture that is read-only."""
        if self._session.picture is not None:
            self._messages.warn(
                self.tr("{} Mend or move that file, then open the picture again.").format(self._session.picture.problem)
            )

    def _tell_baking(self) -> None:
        """Say once when erasing turned polygons into pixels."""
        if self._session.picture is None:
            return
        edit = self._session.picture.document.history.last
        if edit is not None and edit is not self._last_told and edit.name == "eraser" and edit.baked > 0:
            self._messages.tell(self.tr("Erasing turned a polygon into pixels; Undo brings it back."))
        self._last_told = edit
