"""Objects changed into others: combined, split, smoothed, converted to masks and polygons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from segstudio.core import morphology, shape_edits
from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Mask
from segstudio.core.document import Document
from segstudio.core.history import Edit
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.objects import ObjectsFeature, Operation

_AT_ONCE_PIXELS = 1_000_000  # area of the objects' boxes that is changed in the window's thread; more in a job

OnApplied = Callable[[Document, Edit | None, list[int]], None]


@dataclass(frozen=True)
class _Conversion:
    """The last "to polygon", which the detail slider repeats with another detail."""

    document: Document
    edit: Edit
    indices: list[int]
    detail_px: float


class ReshapeFeature(Feature):
    """One change at a time; dropped, with a message, if the image was edited meanwhile."""

    def __init__(self, context: FeatureContext, objects: ObjectsFeature) -> None:
        super().__init__(context)
        self._objects = objects
        self._busy = False
        self._conversion: _Conversion | None = None
        self.state.tool_changed.connect(self._follow_detail)

    def actions(self) -> tuple[Action, ...]:
        selected, several = self.refuse.nothing_selected, self.refuse.fewer_than_two
        combine, shape, parts = "Object/Combine", "Object/Shape", "Object/Parts"
        return (
            Action("union", self.tr("Union"), "Ctrl+Alt+U", self.union, combine, refusal=several),
            Action(
                "subtract", self.tr("Subtract upper objects from the lowest"), "Ctrl+Alt+S", self.subtract, combine,
                refusal=several,
            ),
            Action("intersect", self.tr("Intersect"), "Ctrl+Alt+I", self.intersect, combine, refusal=several),
            Action("to_polygon", self.tr("To polygon"), "Ctrl+Alt+P", self.to_polygon, shape, refusal=selected),
            Action("to_mask", self.tr("To mask"), "Ctrl+Alt+M", self.to_mask, shape, refusal=selected),
            Action("fill_holes", self.tr("Fill holes"), "Ctrl+Alt+H", self.fill_holes, shape, refusal=selected),
            Action("grow", self.tr("Grow"), "Ctrl+Alt+=", self.grow, shape, refusal=selected),
            Action("shrink", self.tr("Shrink"), "Ctrl+Alt+-", self.shrink, shape, refusal=selected),
            Action("smooth", self.tr("Smooth"), "Ctrl+Alt+O", self.smooth, shape, refusal=selected),
            Action(
                "open_shape", self.tr("Open: remove thin parts"), "Ctrl+Alt+E", self.open_shape, shape,
                refusal=selected,
            ),
            Action(
                "close_shape", self.tr("Close: fill thin gaps"), "Ctrl+Alt+J", self.close_shape, shape,
                refusal=selected,
            ),
            Action(
                "largest", self.tr("Keep the largest part"), "Ctrl+Alt+G", self.keep_largest, parts, refusal=selected
            ),
            Action("small", self.tr("Remove small parts"), "Ctrl+Alt+R", self.remove_small, parts, refusal=selected),
            Action(
                "parts", self.tr("Split into connected parts"), "Ctrl+Alt+K", self.split_parts, parts,
                refusal=selected,
            ),
        )  # fmt: skip

    def union(self) -> None:
        self._combine("union", shape_edits.UNION)

    def subtract(self) -> None:
        self._combine("subtract", shape_edits.SUBTRACT)

    def intersect(self) -> None:
        self._combine("intersect", shape_edits.INTERSECT)

    def to_mask(self) -> None:
        self._run("to mask", shape_edits.convert_to_masks)

    def to_polygon(self) -> None:
        self._to_polygons(None)

    def fill_holes(self) -> None:
        self._reshape("fill holes", morphology.fill_holes)

    def keep_largest(self) -> None:
        self._reshape("largest part", morphology.keep_largest_component)

    def remove_small(self) -> None:
        least = self.state.settings.least_px
        self._reshape("remove small parts", lambda mask: morphology.remove_small_components(mask, least))

    def split_parts(self) -> None:
        def split(annotation: Annotation, indices: list[int]) -> Annotation:
            return shape_edits.split_into_parts(
                annotation, indices, lambda mask, box: morphology.split_components(mask)
            )

        self._run("split parts", split)

    def grow(self) -> None:
        self._morph("grow", morphology.dilate)

    def shrink(self) -> None:
        self._morph("shrink", morphology.erode)

    def open_shape(self) -> None:
        self._morph("open", morphology.open_mask)

    def close_shape(self) -> None:
        self._morph("close", morphology.close_mask)

    def smooth(self) -> None:
        self._morph("smooth", morphology.smooth)

    def _morph(self, name: str, change: Callable[[Mask, float], Mask]) -> None:
        amount = self.state.settings.amount_px
        self._reshape(name, lambda mask: change(mask, amount), 3 * amount + 1)  # a Gaussian reaches three std

    def _reshape(self, name: str, change: Callable[[Mask], Mask], margin_px: int = 0) -> None:
        self._run(name, lambda annotation, indices: shape_edits.reshape(annotation, indices, change, margin_px))

    def _combine(self, name: str, how: str) -> None:
        self._run(name, lambda annotation, indices: shape_edits.combine(annotation, indices, how), least=2)

    def _to_polygons(self, among: list[int] | None) -> None:
        detail = self.state.settings.detail_px

        def operation(annotation: Annotation, indices: list[int]) -> Annotation:
            return shape_edits.convert_to_polygons(annotation, indices if among is None else among, detail)

        def on_applied(document: Document, edit: Edit | None, indices: list[int]) -> None:
            used = indices if among is None else among
            self._conversion = None if edit is None else _Conversion(document, edit, used, detail)

        self._run("to polygon", operation, on_applied=on_applied)

    def _follow_detail(self) -> None:
        """The slider moved: undo the conversion and repeat it, as the same step."""
        last = self._conversion
        if last is None or self._busy or self.state.settings.detail_px == last.detail_px:
            return
        self._conversion = None
        if self.state.document is last.document and last.document.history.last is last.edit:
            last.document.undo()
            self._to_polygons(last.indices)

    def _run(self, name: str, operation: Operation, *, least: int = 1, on_applied: OnApplied | None = None) -> None:
        """Change the selected objects: at once if they are small, else in a job."""
        document = self.state.document
        if document is None or self._busy:
            return
        indices, before = document.selected, document.annotation
        if len(indices) < least:
            self.messages.inform(self.tr("Select %n object(s) first (V).", "", least))
            return

        def apply(after: Annotation) -> None:
            if self.state.document is document and document.annotation is before and not document.has_open_stroke:
                edit = self._objects.apply(document, name, after)
                if on_applied is not None:
                    on_applied(document, edit, indices)
            else:
                self.messages.inform(self.tr("The image was edited meanwhile, so “{}” was dropped.").format(name))

        boxes = [before.shapes[index].box.intersect(before.box) for index in indices]
        if sum(box.height * box.width for box in boxes) <= _AT_ONCE_PIXELS:
            apply(operation(before, indices))
            return
        self._busy = True

        def events() -> Iterator[Annotation]:
            yield operation(before, indices)

        self.jobs.start(events, apply, on_end=self._on_end)

    def _on_end(self) -> None:
        self._busy = False
