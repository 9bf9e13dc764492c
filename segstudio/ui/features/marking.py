"""Which objects are selected, locked and hidden; none of it changes labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject

from segstudio.core.stroke import Marks, with_selected
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.features.objects import ObjectsFlow
from segstudio.ui.session import Session

_PAN_PX = 40


class MarkingFlow(QObject):
    """Acts on the selected objects of the open image."""

    def __init__(self, session: Session, objects: ObjectsFlow, canvas: Canvas) -> None:
        super().__init__(session)
        self._session = session
        self._objects = objects
        self._canvas = canvas

    def nudge_or_pan(self, rows: int, columns: int) -> None:
        """An arrow key moves the selected objects, or else the view."""
        document = self._session.document
        if document is not None and document.selected:
            self._objects.nudge(rows, columns)
        else:
            step = _PAN_PX
            self._canvas.set_view(self._canvas.view.moved(-columns * step, -rows * step))

    def select_all(self) -> None:
        document = self._session.document
        if document is not None and not document.stroking:
            passed = document.marks.locked | document.marks.hidden
            uids = frozenset(shape.uid for shape in document.annotation.shapes) - passed
            self._session.choose(tool="select")
            self._session.set_marks(with_selected(document.marks, uids))

    def select_none(self) -> None:
        self._mark(lambda marks: with_selected(marks, frozenset()))

    def toggle_lock(self) -> None:
        """Lock the selected objects; if all of them are locked, unlock them."""

        def change(marks: Marks) -> Marks:
            free = marks.selected - marks.locked
            return replace(marks, locked=marks.locked | free if free else marks.locked - marks.selected)

        self._mark(change)

    def hide(self) -> None:
        self._mark(lambda marks: replace(marks, hidden=marks.hidden | marks.selected, selected=frozenset()))

    def solo(self) -> None:
        """Show only the selected objects; once more shows all."""
        document = self._session.document
        if document is not None:
            others = frozenset(shape.uid for shape in document.annotation.shapes) - document.marks.selected
            hidden = frozenset() if document.marks.hidden == others else others
            self._mark(lambda marks: replace(marks, hidden=hidden))

    def show_all(self) -> None:
        self._mark(lambda marks: replace(marks, hidden=frozenset(), locked=frozenset()))

    def _mark(self, change: Callable[[Marks], Marks]) -> None:
        document = self._session.document
        if document is not None:
            self._session.set_marks(change(document.marks))


def toggled(marks: Marks, uid: int, *, lock: bool) -> Marks:
    """One object locked or unlocked, hidden or shown."""
    if lock:
        return replace(marks, locked=marks.locked ^ {uid})
    return replace(marks, hidden=marks.hidden ^ {uid})
