"""Drawing: undo and redo, brush size, current class, painting rules, and marking an image as done."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from segstudio.core.classes import UNLABELLED
from segstudio.core.history import Edit
from segstudio.core.painting_rules import CLASSES, EVERYTHING, OBJECTS, ONLY_CLASS, ONLY_UNLABELLED
from segstudio.project.item import DONE, TODO
from segstudio.project.store import status_of, with_status
from segstudio.tools.accept import REJECT
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext

_SIZE_STEP = 1.2


class DrawingFeature(Feature):
    """`pointed_at` is the pointer in image pixels, or None."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self.pointed_at: tuple[float, float] | None = None
        tools = self.state.tools.values()
        self._pixel_edits = {tool.info.name for tool in tools if tool.info.makes_pixels} | {REJECT}
        self.state.edited.connect(self._on_edited)
        self.state.tool_used.connect(self._on_tool_used)

    def actions(self) -> tuple[Action, ...]:
        edit, refuse = partial(Action, menu="Edit"), self.refuse
        undo, redo, writable = refuse.nothing_to_undo, refuse.nothing_to_redo, refuse.not_writable
        return (
            edit("undo", self.tr("Undo"), "Ctrl+Z", self.state.undo, icon="undo", refusal=undo),
            edit("redo", self.tr("Redo"), "Ctrl+Y, Ctrl+Shift+Z", self.state.redo, icon="redo", refusal=redo),
            edit("done", self.tr("Mark as done"), "Ctrl+Return", self.toggle_done, icon="done", refusal=writable),
        )

    def tool_actions(self) -> tuple[Action, ...]:
        """What stands below the tools in their menu."""
        tool, rule = partial(Action, menu="Tools"), partial(Action, menu="Tools/Painting rules")
        under_pointer, writable = self.tr("Paint only over the class under the pointer"), self.refuse.not_writable
        unlabelled = self.tr("Paint only over unlabelled pixels")
        return (
            tool("larger", self.tr("Larger brush"), "]", self.enlarge),
            tool("smaller", self.tr("Smaller brush"), "[", self.shrink),
            tool("square_tip", self.tr("Round or square brush"), "Shift+B", partial(self.toggle_option, "square")),
            rule("mode", self.tr("Paint classes or objects"), "Shift+O", self.toggle_mode),
            rule("over_all", self.tr("Paint over everything"), "Alt+1", self.paint_over_everything),
            rule("over_unlabelled", unlabelled, "Alt+2", self.paint_over_unlabelled),
            rule("over_class", under_pointer, "Alt+3", self.paint_over_class, refusal=writable),
            rule("in_selection", self.tr("Paint only inside the selection"), "Alt+4", self.toggle_in_selection),
            rule("same_object", self.tr("Add strokes to the same object"), "Alt+5", self.toggle_same_object),
            tool("snap", self.tr("Snap to neighbours"), "Shift+N", partial(self.toggle_option, "snap")),
        )

    def enlarge(self) -> None:
        self.state.choose(radius_px=max(1.0, self.state.settings.radius_px * _SIZE_STEP))

    def shrink(self) -> None:
        self.state.choose(radius_px=self.state.settings.radius_px / _SIZE_STEP)

    def toggle_option(self, name: str) -> None:
        """Switch a tool setting that is on or off."""
        self.state.set_option(name, not getattr(self.state.settings, name))

    def choose_class(self, class_id: int) -> None:
        """By digit key."""
        if class_id < len(self.state.table):
            self.state.choose(class_id=class_id)
        else:
            self.messages.inform(self.tr("There is no class {}; add one in the Classes panel.").format(class_id))

    def toggle_mode(self) -> None:
        mode = OBJECTS if self.state.rules.mode == CLASSES else CLASSES
        self.state.set_rules(replace(self.state.rules, mode=mode))

    def paint_over_everything(self) -> None:
        self.state.set_rules(replace(self.state.rules, over=EVERYTHING))

    def paint_over_unlabelled(self) -> None:
        self.state.set_rules(replace(self.state.rules, over=ONLY_UNLABELLED))

    def paint_over_class(self) -> None:
        """Only over the class under the pointer; the current class where the pointer is outside the image."""
        class_id = self.state.settings.class_id
        if self.pointed_at is not None and self.state.image is not None:
            plane, (x, y) = self.state.image.document.plane, self.pointed_at
            if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]:
                class_id = int(plane[int(y), int(x)])
        if class_id == UNLABELLED:
            self.paint_over_unlabelled()
        else:
            self.state.set_rules(replace(self.state.rules, over=ONLY_CLASS, over_class=class_id))

    def toggle_same_object(self) -> None:
        self.state.set_rules(replace(self.state.rules, same_object=not self.state.rules.same_object))

    def toggle_in_selection(self) -> None:
        self.state.set_rules(replace(self.state.rules, in_selection=not self.state.rules.in_selection))

    def toggle_done(self) -> None:
        """Mark the image as done or as to do; an undoable edit."""
        document = self.state.document
        if document is None or document.has_open_stroke:
            return
        status = TODO if status_of(document.annotation) == DONE else DONE
        document.apply(f"mark {status}", with_status(document.annotation, status))

    def refuse_drawing(self) -> None:
        """The user tried to draw on a read-only image."""
        if self.state.image is not None:
            self.messages.warn(
                self.tr("{} Fix or move that file, then open the image again.").format(self.state.image.problem)
            )

    def _on_edited(self, edit: Edit) -> None:
        """Say when a stroke turned polygons into pixels."""
        document = self.state.document
        made = document is not None and document.history.last is edit  # not undone
        if made and edit.num_rasterised > 0 and edit.name in self._pixel_edits:
            self.messages.inform(self.tr("A polygon became pixels; Undo brings it back."))

    def _on_tool_used(self) -> None:
        document = self.state.document
        if document is not None and document.refused:
            document.refused = False
            self.messages.inform(self.tr("The painting rules allow nothing there (button above the image)."))
