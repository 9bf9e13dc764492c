"""Drawing: undo and redo, brush size, current class, painting rules, and marking an image as done."""

from __future__ import annotations

from dataclasses import replace

from segstudio.core.classes import UNLABELLED
from segstudio.core.history import Edit
from segstudio.core.painting_rules import CLASSES, EVERYTHING, OBJECTS, ONLY_CLASS, ONLY_UNLABELLED, PaintingRules
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
        refuse = self.refuse
        return (
            Action("undo", self.tr("Undo"), "Ctrl+Z", self.state.undo, "Edit", "undo", refusal=refuse.nothing_to_undo),
            Action(
                "redo", self.tr("Redo"), "Ctrl+Y, Ctrl+Shift+Z", self.state.redo, "Edit", "redo",
                refusal=refuse.nothing_to_redo,
            ),
            Action(
                "done", self.tr("Mark as done"), "Ctrl+Return", self.toggle_done, "Edit", "done",
                refusal=refuse.not_writable,
            ),
            Action(
                "swap_class", self.tr("Last class"), "X", self.swap_class, "Edit", refusal=refuse.no_project
            ),
        )  # fmt: skip

    def tool_actions(self) -> tuple[Action, ...]:
        """What stands below the tools in their menu."""
        rules = "Tools/Painting rules"
        return (
            Action("larger", self.tr("Larger brush"), "]", self.enlarge, "Tools"),
            Action("smaller", self.tr("Smaller brush"), "[", self.shrink, "Tools"),
            Action("square_tip", self.tr("Round or square brush"), "Shift+B", self.toggle_square, "Tools"),
            Action("mode", self.tr("Paint classes or objects"), "Shift+O", self.toggle_mode, rules),
            Action("over_all", self.tr("Paint over everything"), "Alt+1", self.paint_over_everything, rules),
            Action(
                "over_unlabelled", self.tr("Paint only over unlabelled pixels"), "Alt+2", self.paint_over_unlabelled,
                rules,
            ),
            Action(
                "over_class", self.tr("Paint only over the class under the pointer"), "Alt+3", self.paint_over_class,
                rules, refusal=self.refuse.not_writable,
            ),
            Action(
                "in_selection", self.tr("Paint only inside the selection"), "Alt+4", self.toggle_in_selection, rules
            ),
            Action("same_object", self.tr("Add strokes to the same object"), "Alt+5", self.toggle_same_object, rules),
            Action("snap", self.tr("Snap to neighbours"), "Shift+N", self.toggle_snap, "Tools"),
        )  # fmt: skip

    def enlarge(self) -> None:
        self.state.choose(radius_px=max(1.0, self.state.settings.radius_px * _SIZE_STEP))

    def shrink(self) -> None:
        self.state.choose(radius_px=self.state.settings.radius_px / _SIZE_STEP)

    def toggle_square(self) -> None:
        self.state.set_option("square", not self.state.settings.square)

    def toggle_snap(self) -> None:
        self.state.set_option("snap", not self.state.settings.snap)

    def swap_class(self) -> None:
        """Make the class that was current before the current one again."""
        self.state.choose(class_id=min(self.state.settings.last_class_id, len(self.state.table) - 1))

    def choose_class(self, class_id: int) -> None:
        """By digit key."""
        if class_id < len(self.state.table):
            self.state.choose(class_id=class_id)
        else:
            self.messages.inform(self.tr("There is no class {}; add one in the Classes panel.").format(class_id))

    def toggle_mode(self) -> None:
        mode = OBJECTS if self.state.rules.mode == CLASSES else CLASSES
        self._set_rules(replace(self.state.rules, mode=mode))

    def paint_over_everything(self) -> None:
        self._set_rules(replace(self.state.rules, over=EVERYTHING))

    def paint_over_unlabelled(self) -> None:
        self._set_rules(replace(self.state.rules, over=ONLY_UNLABELLED))

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
            self._set_rules(replace(self.state.rules, over=ONLY_CLASS, over_class=class_id))

    def toggle_same_object(self) -> None:
        self._set_rules(replace(self.state.rules, same_object=not self.state.rules.same_object))

    def toggle_in_selection(self) -> None:
        self._set_rules(replace(self.state.rules, in_selection=not self.state.rules.in_selection))

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

    def _set_rules(self, rules: PaintingRules) -> None:
        self.state.set_rules(rules)

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
