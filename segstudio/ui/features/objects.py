"""Objects as a whole: copy and paste, class, order, groups."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from segstudio.core import edits
from segstudio.core.annotation import Annotation
from segstudio.core.document import Document
from segstudio.core.history import Edit
from segstudio.core.shape import Shape
from segstudio.core.stroke import with_selected
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session

Operation = Callable[[Annotation, list[int]], Annotation]


class ObjectsFlow(QObject):
    """Acts on the selected objects. What is copied can be pasted into any other image."""

    previous_asked = Signal()  # the labels of the image before

    def __init__(self, session: Session, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._messages = messages
        self._clipboard: tuple[Shape, ...] = ()

    def copy(self) -> None:
        document = self._session.document
        if document is not None:
            self._clipboard = tuple(document.annotation.shapes[index] for index in document.selected)
            self._messages.tell(self.tr("%n object(s) copied.", "", len(self._clipboard)))

    def cut(self) -> None:
        self.copy()
        self.delete()

    def paste(self) -> None:
        """In the same place; what lies outside this image is left out."""
        if not self._clipboard:
            self._messages.tell(self.tr("Nothing was copied yet."))
            return
        self.paste_shapes(self._clipboard)

    def paste_shapes(self, shapes: tuple[Shape, ...]) -> None:
        document = self._session.document
        if document is not None:
            after = edits.pasted(document.annotation, shapes)
            left_out = len(shapes) - len(after.shapes) + len(document.annotation.shapes)
            self.land(document, "paste", after, select_new=True)
            if left_out:
                self._messages.tell(self.tr("%n object(s) lie outside this image.", "", left_out))

    def paste_previous(self) -> None:
        self.previous_asked.emit()

    def duplicate(self) -> None:
        self._change("duplicate", edits.duplicated, select_new=True)

    def delete(self) -> None:
        self._change("delete", edits.removed)

    def delete_selected(self) -> None:
        """By the Delete key, which says nothing where there is nothing."""
        document = self._session.document
        if document is not None and document.selected:
            self.delete()

    def nudge(self, rows: int, columns: int) -> None:
        """By an arrow key."""
        document = self._session.document
        if document is not None and document.selected and not document.stroking:
            self._change("move", lambda annotation, indices: edits.moved(annotation, indices, rows, columns))

    def set_class(self) -> None:
        label = self._session.table.name_of(self._session.choice.class_id)
        self._change("set class", lambda annotation, indices: edits.labelled(annotation, indices, label))

    def group(self) -> None:
        self._change("group", edits.grouped, least=2)

    def ungroup(self) -> None:
        self._change("ungroup", edits.ungrouped)

    def restack(self, where: str) -> None:
        self._change(f"to {where}", lambda annotation, indices: edits.restacked(annotation, indices, where))

    def land(self, document: Document, name: str, after: Annotation, *, select_new: bool = False) -> Edit | None:
        """As one undoable step, told to all. With `select_new` the shapes that came are selected."""
        known = {shape.uid for shape in document.annotation.shapes}
        edit = document.apply(name, after)
        if select_new and edit is not None:
            fresh = frozenset(shape.uid for shape in after.shapes) - known
            document.marks = with_selected(document.marks, fresh or document.marks.selected)
        self._session.edited.emit()
        self._session.show_marks()
        return edit

    def _change(self, name: str, operation: Operation, *, least: int = 1, select_new: bool = False) -> None:
        document = self._session.document
        if document is None:
            return
        if len(document.selected) < least:
            self._messages.tell(self.tr("Select %n object(s) first (V).", "", least))
            return
        self.land(document, name, operation(document.annotation, document.selected), select_new=select_new)
