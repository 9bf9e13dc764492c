"""Accept tool: copies predicted labels into the labels, or rejects them to background."""

from __future__ import annotations

import numpy as np

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box
from segstudio.core.classes import IGNORE, UNLABELLED
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point, distance
from segstudio.core.raster import Labels, rasterise_capsule
from segstudio.tools.bucket import find_connected
from segstudio.tools.free_line import fill_outline
from segstudio.tools.options import ACCEPT_BY, BRUSH, COMPONENT, LASSO, RADIUS, RULES, N, ToolSettings
from segstudio.tools.tool import PREDICTION, Cursor, Pointer, Preview, Tool, ToolContext, ToolInfo

ACCEPT, REJECT = "accept", "reject"  # names of the edits


class Accept(Tool):
    """Copies the prediction into the labels under the brush, inside a lasso, or of the clicked component.

    With Alt or the right button it rejects: the predicted pixels become background.
    """

    info = ToolInfo(
        ACCEPT,
        N("Tool", "Accept prediction"),
        "T",
        "ph.check-square",
        Cursor.POINTING,
        N("Tool", "Accept the prediction by brush, lasso or click   Alt or right button rejects it: background"),
        tip=N("Tool", "Accept the prediction by brush, lasso or click"),
        options=(ACCEPT_BY, RADIUS, RULES),
        needs_class=False,
        needs=PREDICTION,
        makes_pixels=True,
        has_second_button=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._points: list[Point] = []
        self._rejecting = False

    @property
    def cursor(self) -> Cursor:
        return Cursor.ROUND if self._settings.accept_by == BRUSH else self.info.cursor

    def press(self, document: Document, pointer: Pointer) -> None:
        if not self._has_prediction(document):
            return
        self._rejecting = pointer.alt or pointer.secondary
        self._points = [pointer.point]
        if self._settings.accept_by == BRUSH:
            document.begin(new_objects=True)
            self._sweep(document, pointer.point)
        elif self._settings.accept_by == COMPONENT:
            self._points = []
            self._accept_component(document, pointer)

    def move(self, document: Document, pointer: Pointer) -> None:
        if not self._points:
            return
        if self._settings.accept_by == BRUSH and document.has_open_stroke:
            self._sweep(document, pointer.point)
        elif self._settings.accept_by == LASSO and distance(self._points[-1], pointer.point) >= 0.5:
            self._points.append(pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        points, self._points = self._points, []
        if self._settings.accept_by == LASSO and len(points) > 2 and self._has_prediction(document):
            box, mask = fill_outline(points, document.annotation.box)
            document.begin(new_objects=True)
            self._accept(document, box, mask)
        if document.has_open_stroke:
            document.commit(REJECT if self._rejecting else ACCEPT)

    def cancel(self, document: Document) -> None:
        self._points = []
        document.cancel()

    def preview(self, document: Document) -> Preview:
        if self._settings.accept_by != LASSO or not self._points:
            return Preview()
        return Preview(tuple(self._points), closed=len(self._points) > 2)

    def _has_prediction(self, document: Document) -> bool:
        predicted = self._context.predicted
        return predicted is not None and predicted.shape == document.plane.shape

    def _sweep(self, document: Document, to: Point) -> None:
        box, mask = rasterise_capsule(self._points[-1], to, self._settings.radius_px, document.annotation.box)
        self._points = [to]
        self._accept(document, box, mask)

    def _accept_component(self, document: Document, pointer: Pointer) -> None:
        predicted = self._context.predicted
        row, column = int(pointer.y // 1), int(pointer.x // 1)
        if predicted is None or not (0 <= row < predicted.shape[0] and 0 <= column < predicted.shape[1]):
            return
        box, mask = find_connected(predicted, row, column)
        document.begin(new_objects=True)
        self._accept(document, box, mask)

    def _accept(self, document: Document, box: Box, mask: Mask) -> None:
        if self._context.predicted is not None and self._has_prediction(document):
            accept(document, self._context.predicted, box, mask, reject=self._rejecting)


def accept(document: Document, predicted: Labels, box: Box, mask: Mask, *, reject: bool) -> None:
    """Paint the predicted classes inside `mask`, an array of `box`, in the open stroke.

    `reject` paints background instead, but only over unlabelled pixels and those labelled as predicted. Where class 0
    is not a background class, rejecting erases such labels.
    """
    part, plane = predicted[box.slices], document.plane[box.slices]
    rejected = 0 if document.table.has_background else ERASE
    counts = np.bincount(part[mask], minlength=256)
    for class_id in np.flatnonzero(counts):
        if class_id in (IGNORE, UNLABELLED) or class_id >= len(document.table):
            continue
        of_class = mask & (part == class_id)
        if not reject:
            document.paint(int(class_id), box, of_class)
        elif class_id != rejected:
            document.paint(rejected, box, of_class & ((plane == class_id) | (plane == UNLABELLED)))
