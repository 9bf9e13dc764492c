"""Drawing: undo and redo, sizes, classes by digit, painting rules, and marking an image as done."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from segstudio.core.classes import UNLABELLED
from segstudio.core.history import Edit
from segstudio.core.rules import CLASSES, EVERYTHING, OBJECTS, ONLY_CLASS, ONLY_UNLABELLED
from segstudio.project.item import DONE, TODO
from segstudio.project.store import status_of, with_status
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session

_SIZE_STEP = 1.2
# Strokes, of which one may not know that they make pixels of a polygon.
_STROKES = frozenset(
    ("brush", "eraser", "lasso", "bucket", "wand", "superpixel", "grabcut", "watershed", "accept", "reject", "ai")
)


class AnnotateFlow(QObject):
    """What the keys and buttons of drawing do. `pointed_at` gives the pointer in image pixels, or None."""

    def __init__(self, session: Session, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._messages = messages
        self._last_told: Edit | None = None
        self.pointed_at: tuple[float, float] | None = None
        session.edited.connect(self._tell_baking)

    def undo(self) -> None:
        """What is begun first: an open stroke is taken back, or the last point of a polygon; else the last edit."""
        image = self._session.image
        if image is None:
            return
        if image.document.stroking:
            self._session.tool.cancel(image.document)
        elif not self._session.tool.take_back(image.document):
            image.document.undo()
        self._tell()

    def redo(self) -> None:
        if self._session.image is not None:
            self._session.image.document.redo()
            self._tell()

    def larger(self) -> None:
        self._session.choose(radius_px=max(1.0, self._session.choice.radius_px * _SIZE_STEP))

    def smaller(self) -> None:
        self._session.choose(radius_px=self._session.choice.radius_px / _SIZE_STEP)

    def toggle_square(self) -> None:
        self._session.set_option("square", not self._session.choice.square)

    def swap_class(self) -> None:
        """Back to the class that was in hand before."""
        self._session.choose(class_id=min(self._session.choice.last_class_id, len(self._session.table) - 1))

    def choose_class(self, class_id: int) -> None:
        """By digit key; a number beyond the table says so."""
        if class_id < len(self._session.table):
            self._session.choose(class_id=class_id)
        else:
            self._messages.tell(self.tr("There is no class {}; add one in the Classes panel.").format(class_id))

    def toggle_mode(self) -> None:
        rules = self._session.rules
        self._session.set_rules(replace(rules, mode=OBJECTS if rules.mode == CLASSES else CLASSES))

    def over_everything(self) -> None:
        self._session.set_rules(replace(self._session.rules, over=EVERYTHING))

    def over_unlabelled(self) -> None:
        self._session.set_rules(replace(self._session.rules, over=ONLY_UNLABELLED))

    def over_class(self) -> None:
        """The class under the pointer; where there is none, the one in hand."""
        session, class_id = self._session, self._session.choice.class_id
        if self.pointed_at is not None and session.image is not None:
            plane, (x, y) = session.image.document.plane, self.pointed_at
            if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]:
                class_id = int(plane[int(y), int(x)])
        if class_id == UNLABELLED:
            self.over_unlabelled()
        else:
            session.set_rules(replace(session.rules, over=ONLY_CLASS, over_class=class_id))

    def toggle_same_object(self) -> None:
        self._session.set_rules(replace(self._session.rules, same_object=not self._session.rules.same_object))

    def toggle_snap(self) -> None:
        self._session.set_option("snap", not self._session.choice.snap)

    def toggle_in_selection(self) -> None:
        self._session.set_rules(replace(self._session.rules, in_selection=not self._session.rules.in_selection))

    def toggle_done(self) -> None:
        """Mark the image as done, or as still to do; part of the undo history like any edit."""
        document = self._session.document
        if document is None or document.stroking:
            return
        status = TODO if status_of(document.annotation) == DONE else DONE
        document.apply(f"mark {status}", with_status(document.annotation, status))
        self._session.edited.emit()

    def refuse(self) -> None:
        """Somebody drew on an image that is read-only."""
        if self._session.image is not None:
            self._messages.warn(
                self.tr("{} Mend or move that file, then open the image again.").format(self._session.image.problem)
            )

    def _tell(self) -> None:
        self._session.edited.emit()
        self._session.acted.emit()

    def _tell_baking(self) -> None:
        """Say once when erasing turned polygons into pixels."""
        if self._session.image is None:
            return
        edit = self._session.image.document.history.last
        if edit is not None and edit is not self._last_told and edit.baked > 0 and edit.name in _STROKES:
            self._messages.tell(self.tr("A polygon became pixels; Undo brings it back."))
        self._last_told = edit
        document = self._session.image.document
        if document.refused:
            document.refused = False
            self._messages.tell(self.tr("The painting rules allow nothing there (button above the image)."))
