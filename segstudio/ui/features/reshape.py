"""Objects made into others: combined, parted, smoothed, to masks and polygons. Large ones go through a job."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from segstudio.core import edits, regions
from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Mask
from segstudio.core.document import Document
from segstudio.core.history import Edit
from segstudio.ui.features.edit_runner import EditRunner
from segstudio.ui.features.objects import ObjectsFlow
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session


class ReshapeFlow(QObject):
    """One change at a time; dropped, and said so, where the image was changed meanwhile.

    After "to polygon" the detail slider changes that very step.
    """

    def __init__(self, session: Session, objects: ObjectsFlow, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._runner = EditRunner(session, objects, messages)
        self._polygons: tuple[Document, Edit, list[int], float] | None = None
        session.choice_changed.connect(self._follow_detail)

    def union(self) -> None:
        self._combine("union", edits.UNION)

    def subtract(self) -> None:
        self._combine("subtract", edits.SUBTRACT)

    def intersect(self) -> None:
        self._combine("intersect", edits.INTERSECT)

    def to_mask(self) -> None:
        self._runner.run("to mask", edits.to_masks)

    def to_polygon(self) -> None:
        self._to_polygons(None)

    def fill_holes(self) -> None:
        self._runner.run("fill holes", lambda annotation, indices: edits.reshaped(annotation, indices, regions.filled))

    def largest(self) -> None:
        self._runner.run(
            "largest part", lambda annotation, indices: edits.reshaped(annotation, indices, regions.largest)
        )

    def remove_small(self) -> None:
        least = self._session.choice.least_px

        def change(mask: Mask) -> Mask:
            return regions.without_small(mask, least)

        self._runner.run("remove small parts", lambda annotation, indices: edits.reshaped(annotation, indices, change))

    def split_parts(self) -> None:
        self._runner.run(
            "split parts",
            lambda annotation, indices: edits.parted(annotation, indices, lambda mask, box: regions.parts(mask)),
        )

    def grow(self) -> None:
        self._morph("grow", regions.grown)

    def shrink(self) -> None:
        self._morph("shrink", regions.shrunk)

    def open(self) -> None:
        self._morph("open", regions.opened)

    def close(self) -> None:
        self._morph("close", regions.closed)

    def smooth(self) -> None:
        self._morph("smooth", regions.smoothed)

    def _morph(self, name: str, change: Callable[[Mask, float], Mask]) -> None:
        amount = self._session.choice.amount_px
        room = 3 * amount + 1  # a Gaussian reaches three deviations

        def operation(annotation: Annotation, indices: list[int]) -> Annotation:
            return edits.reshaped(annotation, indices, lambda mask: change(mask, amount), room)

        self._runner.run(name, operation)

    def _combine(self, name: str, how: str) -> None:
        self._runner.run(name, lambda annotation, indices: edits.combined(annotation, indices, how), least=2)

    def _to_polygons(self, among: list[int] | None) -> None:
        detail = self._session.choice.detail_px

        def operation(annotation: Annotation, indices: list[int]) -> Annotation:
            return edits.to_polygons(annotation, indices if among is None else among, detail)

        def landed(document: Document, edit: Edit | None, indices: list[int]) -> None:
            self._polygons = None if edit is None else (document, edit, indices if among is None else among, detail)

        self._runner.run("to polygon", operation, landed=landed)

    def _follow_detail(self) -> None:
        """The slider moved: take the conversion back and do it again, as the same step."""
        if self._polygons is None or self._runner.busy or self._session.choice.detail_px == self._polygons[3]:
            return
        document, edit, indices, _ = self._polygons
        self._polygons = None
        if self._session.document is document and document.history.last is edit:
            document.undo()
            self._to_polygons(indices)
