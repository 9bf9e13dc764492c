"""Whole objects: copy and paste, class, drawing order, groups; and pasting the labels of the previous image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from segstudio.core import shape_edits
from segstudio.core.annotation import Annotation
from segstudio.core.document import Document
from segstudio.core.history import Edit
from segstudio.core.painting_rules import with_selected
from segstudio.core.shape import Shape
from segstudio.project.item import Item
from segstudio.project.store import load
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext

Operation = Callable[[Annotation, list[int]], Annotation]


class ObjectsFeature(Feature):
    """Acts on the selected objects. `previous_item` gives the image before the open one in the list."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self._clipboard: tuple[Shape, ...] = ()
        self.previous_item: Callable[[], Item | None] = lambda: None

    def copy_actions(self) -> tuple[Action, ...]:
        selected = partial(Action, menu="Object", refusal=self.refuse.nothing_selected)
        writable = partial(Action, menu="Object", refusal=self.refuse.not_writable)
        return (
            selected("cut", self.tr("Cut"), "Ctrl+X", self.cut),
            selected("copy", self.tr("Copy"), "Ctrl+C", self.copy),
            writable("paste", self.tr("Paste"), "Ctrl+V", self.paste),
            writable("paste_previous", self.tr("Paste from previous image"), "Ctrl+Shift+V", self.paste_previous),
            selected("duplicate", self.tr("Duplicate"), "Ctrl+D", self.duplicate),
            selected("delete", self.tr("Delete"), "Ctrl+Delete", self.delete),
        )

    def actions(self) -> tuple[Action, ...]:
        selected = partial(Action, menu="Object", refusal=self.refuse.nothing_selected)
        order = partial(Action, menu="Object/Order", refusal=self.refuse.nothing_selected)
        several = partial(Action, menu="Object", refusal=self.refuse.fewer_than_two)
        return (
            selected("set_class", self.tr("Set to current class"), "Ctrl+R", self.set_class),
            several("group", self.tr("Group"), "Ctrl+G", self.group),
            selected("ungroup", self.tr("Ungroup"), "Ctrl+Shift+G", self.ungroup),
            order("front", self.tr("To front"), "Ctrl+Shift+]", partial(self.restack, shape_edits.FRONT)),
            order("forward", self.tr("Forward"), "Ctrl+]", partial(self.restack, shape_edits.FORWARD)),
            order("backward", self.tr("Backward"), "Ctrl+[", partial(self.restack, shape_edits.BACKWARD)),
            order("back", self.tr("To back"), "Ctrl+Shift+[", partial(self.restack, shape_edits.BACK)),
        )

    def copy(self) -> None:
        document = self.state.document
        if document is not None:
            self._clipboard = tuple(document.annotation.shapes[index] for index in document.selected)
            self.messages.inform(self.tr("Objects copied: {}.").format(len(self._clipboard)))

    def cut(self) -> None:
        self.copy()
        self.delete()

    def paste(self) -> None:
        """In the same place; objects outside this image are left out, and the message says so."""
        if self._clipboard:
            self.paste_shapes(self._clipboard)
        else:
            self.messages.inform(self.tr("Nothing was copied yet."))

    def paste_shapes(self, shapes: tuple[Shape, ...]) -> None:
        document = self.state.document
        if document is not None:
            after = shape_edits.paste(document.annotation, shapes)
            left_out = len(shapes) - len(after.shapes) + len(document.annotation.shapes)
            self.apply(document, "paste", after, select_new=True)
            if left_out:
                self.messages.inform(self.tr("Objects outside this image, not pasted: {}.").format(left_out))

    def paste_previous(self) -> None:
        """All shapes of the previous image, from memory where it has unsaved work, else from its file."""
        document, previous = self.state.document, self.previous_item()
        if document is None or previous is None:
            self.messages.inform(self.tr("There is no image before this one."))
            return
        kept = self.workspace.annotation(previous)

        def events() -> Iterator[tuple[Shape, ...]]:
            yield (load(previous).annotation if kept is None else kept).shapes

        def on_shapes(shapes: tuple[Shape, ...]) -> None:
            if self.state.document is document and not document.has_open_stroke:
                self.paste_shapes(shapes)

        self.jobs.after_queue(events, on_shapes)

    def duplicate(self) -> None:
        self._change("duplicate", shape_edits.duplicate, select_new=True)

    def delete(self) -> None:
        self._change("delete", shape_edits.remove)

    def delete_selected(self) -> None:
        """By the Delete key, without a message where nothing is selected."""
        document = self.state.document
        if document is not None and document.selected:
            self.delete()

    def nudge(self, rows: int, columns: int) -> None:
        """Move by pixels, with an arrow key."""
        document = self.state.document
        if document is not None and document.selected and not document.has_open_stroke:
            self._change("move", lambda annotation, indices: shape_edits.move(annotation, indices, rows, columns))

    def set_class(self) -> None:
        label = self.state.table.name_of(self.state.settings.class_id)
        self._change("set class", lambda annotation, indices: shape_edits.set_label(annotation, indices, label))

    def group(self) -> None:
        self._change("group", shape_edits.group, least=2)

    def ungroup(self) -> None:
        self._change("ungroup", shape_edits.ungroup)

    def restack(self, where: str) -> None:
        """`where` is FRONT, FORWARD, BACKWARD or BACK of core.shape_edits."""
        self._change(f"to {where}", lambda annotation, indices: shape_edits.restack(annotation, indices, where))

    def apply(self, document: Document, name: str, after: Annotation, *, select_new: bool = False) -> Edit | None:
        """Make one undoable edit. With `select_new` the shapes that were added are selected."""
        known = {shape.uid for shape in document.annotation.shapes}
        edit = document.apply(name, after)
        if select_new and edit is not None:
            added = frozenset(shape.uid for shape in after.shapes) - known
            document.marks = with_selected(document.marks, added or document.marks.selected)
        return edit

    def _change(self, name: str, operation: Operation, *, least: int = 1, select_new: bool = False) -> None:
        document = self.state.document
        if document is None:
            return
        if len(document.selected) < least:
            self.messages.inform(self.refuse.selection_too_small(least))
            return
        self.apply(document, name, operation(document.annotation, document.selected), select_new=select_new)
