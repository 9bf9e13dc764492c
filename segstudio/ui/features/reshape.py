"""Objects changed into others: combined, split, smoothed, converted to masks and polygons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from segstudio.core import morphology, shape_edits
from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Mask
from segstudio.core.box import Box
from segstudio.core.document import Document
from segstudio.core.history import Edit
from segstudio.core.raster import Patch
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
        one, several = self.refuse.nothing_selected, self.refuse.fewer_than_two
        combine = partial(Action, menu="Object/Combine", refusal=several)
        shape = partial(Action, menu="Object/Shape", refusal=one)
        parts = partial(Action, menu="Object/Parts", refusal=one)
        to_mask = partial(self._run, "to mask", shape_edits.convert_to_masks)
        subtract = partial(self._combine, "subtract", shape_edits.SUBTRACT)
        largest = partial(self._reshape, "largest part", morphology.keep_largest_component)
        return (
            combine("union", self.tr("Union"), "Ctrl+Alt+U", partial(self._combine, "union", shape_edits.UNION)),
            combine("subtract", self.tr("Subtract upper objects from the lowest"), "Ctrl+Alt+S", subtract),
            combine(
                "intersect", self.tr("Intersect"), "Ctrl+Alt+I",
                partial(self._combine, "intersect", shape_edits.INTERSECT),
            ),
            shape("to_polygon", self.tr("To polygon"), "Ctrl+Alt+P", partial(self._to_polygons, None)),
            shape("to_mask", self.tr("To mask"), "Ctrl+Alt+M", to_mask),
            shape(
                "fill_holes", self.tr("Fill holes"), "Ctrl+Alt+H",
                partial(self._reshape, "fill holes", morphology.fill_holes),
            ),
            shape("grow", self.tr("Grow"), "Ctrl+Alt+=", partial(self._morph, "grow", morphology.dilate)),
            shape("shrink", self.tr("Shrink"), "Ctrl+Alt+-", partial(self._morph, "shrink", morphology.erode)),
            shape("smooth", self.tr("Smooth"), "Ctrl+Alt+O", partial(self._morph, "smooth", morphology.smooth)),
            shape(
                "open_shape", self.tr("Open: remove thin parts"), "Ctrl+Alt+E",
                partial(self._morph, "open", morphology.open_mask),
            ),
            shape(
                "close_shape", self.tr("Close: fill thin gaps"), "Ctrl+Alt+J",
                partial(self._morph, "close", morphology.close_mask),
            ),
            parts("largest", self.tr("Keep the largest part"), "Ctrl+Alt+G", largest),
            parts("small", self.tr("Remove small parts"), "Ctrl+Alt+R", self._remove_small),
            parts("parts", self.tr("Split into connected parts"), "Ctrl+Alt+K", self._split_parts),
        )  # fmt: skip

    def _remove_small(self) -> None:
        least = self.state.settings.least_px
        self._reshape("remove small parts", lambda mask: morphology.remove_small_components(mask, least))

    def _split_parts(self) -> None:
        def split(mask: Mask, box: Box) -> list[Patch]:
            return morphology.split_components(mask)

        self._run("split parts", lambda shapes, indices: shape_edits.split_into_parts(shapes, indices, split))

    def _morph(self, name: str, change: Callable[[Mask, float], Mask]) -> None:
        amount = self.state.settings.amount_px
        self._reshape(name, lambda mask: change(mask, amount), 3 * amount + 1)  # a Gaussian reaches three std

    def _reshape(self, name: str, change: Callable[[Mask], Mask], margin_px: int = 0) -> None:
        self._run(name, lambda shapes, indices: shape_edits.reshape(shapes, indices, change, margin_px))

    def _combine(self, name: str, how: str) -> None:
        self._run(name, lambda shapes, indices: shape_edits.combine(shapes, indices, how), least=2)

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
            self.messages.inform(self.refuse.selection_too_small(least))
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
