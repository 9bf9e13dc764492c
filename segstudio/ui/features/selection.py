"""Which objects are selected, locked and hidden; none of it changes labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from segstudio.core.painting_rules import Marks, with_selected
from segstudio.tools.toolbox import SELECT
from segstudio.ui.actions import Action
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.objects import ObjectsFeature

_PAN_PX = 40


class SelectionFeature(Feature):
    """Changes the marks of the open image's objects."""

    def __init__(self, context: FeatureContext, objects: ObjectsFeature, canvas: Canvas) -> None:
        super().__init__(context)
        self._objects = objects
        self._canvas = canvas

    def select_actions(self) -> tuple[Action, ...]:
        every, none = self.tr("Select all"), self.tr("Select none")
        writable, selected = self.refuse.not_writable, self.refuse.nothing_selected
        return (
            Action("select_all", every, "Ctrl+A", self.select_all, "Object", refusal=writable),
            Action("select_none", none, "Ctrl+Shift+A", self.select_none, "Object", refusal=selected),
        )

    def actions(self) -> tuple[Action, ...]:
        selected = partial(Action, menu="Object", refusal=self.refuse.nothing_selected)
        no_image, show_all = self.refuse.no_image, self.tr("Show and unlock all objects")
        return (
            selected("lock", self.tr("Lock or unlock"), "Ctrl+Alt+L", self.toggle_lock),
            selected("hide", self.tr("Hide"), "Ctrl+H", self.hide),
            selected("solo", self.tr("Show only these"), "Ctrl+Alt+V", self.show_only),
            Action("show_all", show_all, "Ctrl+Shift+H", self.show_all, "Object", refusal=no_image),
        )

    def nudge_or_pan(self, rows: int, columns: int) -> None:
        """An arrow key moves the selected objects, or else the view."""
        document = self.state.document
        if document is not None and document.selected:
            self._objects.nudge(rows, columns)
        else:
            self._canvas.pan(-columns * _PAN_PX, -rows * _PAN_PX)

    def select_all(self) -> None:
        document = self.state.document
        if document is not None and not document.has_open_stroke:
            skipped = document.marks.locked | document.marks.hidden
            uids = frozenset(shape.uid for shape in document.annotation.shapes) - skipped
            self.state.choose(tool=SELECT)
            self.state.set_marks(with_selected(document.marks, uids))

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

    def show_only(self) -> None:
        """Show only the selected objects; once more shows all."""
        document = self.state.document
        if document is not None:
            others = frozenset(shape.uid for shape in document.annotation.shapes) - document.marks.selected
            hidden = frozenset() if document.marks.hidden == others else others
            self._mark(lambda marks: replace(marks, hidden=hidden))

    def show_all(self) -> None:
        self._mark(lambda marks: replace(marks, hidden=frozenset(), locked=frozenset()))

    def _mark(self, change: Callable[[Marks], Marks]) -> None:
        document = self.state.document
        if document is not None:
            self.state.set_marks(change(document.marks))
