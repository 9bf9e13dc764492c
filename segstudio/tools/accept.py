"""Accept: takes what the model says, where the hand says so; reject: says that it is not so."""

from __future__ import annotations

import numpy as np

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box
from segstudio.core.classes import IGNORE, UNLABELLED, is_background
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point, distance
from segstudio.core.raster import Labels, capsule
from segstudio.tools.bucket import connected
from segstudio.tools.lasso import inside
from segstudio.tools.tool import Choice, Draft, Pointer, Sight, Tool

BRUSH, LASSO, COMPONENT = "brush", "lasso", "component"


class Accept(Tool):
    """Copies the prediction into the labels under the brush, inside a lasso, or the clicked component.

    With Alt or the right button it rejects: what the model says there becomes background.
    """

    name = "accept"
    key = "T"
    has_second_button = True
    hint = "Take what the model says by brush, lasso or click   Alt or right button rejects it: background"
    needs = "prediction"
    options = ("accept_by", "radius_px", "rules")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._points: list[Point] = []
        self._rejecting = False

    @property
    def radius_px(self) -> float | None:
        return self._choice.radius_px if self._choice.accept_by == BRUSH else None

    def press(self, document: Document, pointer: Pointer) -> None:
        if not self._ready(document):
            return
        self._rejecting = pointer.alt or pointer.secondary
        self._points = [pointer.point]
        if self._choice.accept_by == BRUSH:
            document.begin(fresh=True)
            self._sweep(document, pointer.point)
        elif self._choice.accept_by == COMPONENT:
            self._points = []
            self._take_component(document, pointer)

    def move(self, document: Document, pointer: Pointer) -> None:
        if not self._points:
            return
        if self._choice.accept_by == BRUSH and document.stroking:
            self._sweep(document, pointer.point)
        elif self._choice.accept_by == LASSO and distance(self._points[-1], pointer.point) >= 0.5:
            self._points.append(pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        points, self._points = self._points, []
        if self._choice.accept_by == LASSO and len(points) > 2 and self._ready(document):
            box, mask = inside(points, document.annotation.box)
            document.begin(fresh=True)
            self._take(document, box, mask)
        if document.stroking:
            document.commit("reject" if self._rejecting else self.name)

    def cancel(self, document: Document) -> None:
        self._points = []
        document.cancel()

    def draft(self, document: Document) -> Draft:
        if self._choice.accept_by != LASSO or not self._points:
            return Draft()
        return Draft(tuple(self._points), closed=len(self._points) > 2)

    def _ready(self, document: Document) -> bool:
        predicted = self._sight.predicted
        return predicted is not None and predicted.shape == document.plane.shape

    def _sweep(self, document: Document, to: Point) -> None:
        box, mask = capsule(self._points[-1], to, self._choice.radius_px, document.annotation.box)
        self._points = [to]
        self._take(document, box, mask)

    def _take_component(self, document: Document, pointer: Pointer) -> None:
        predicted = self._sight.predicted
        row, column = int(pointer.y // 1), int(pointer.x // 1)
        if predicted is None or not (0 <= row < predicted.shape[0] and 0 <= column < predicted.shape[1]):
            return
        box, mask = connected(predicted, row, column)
        document.begin(fresh=True)
        self._take(document, box, mask)

    def _take(self, document: Document, box: Box, mask: Mask) -> None:
        if self._sight.predicted is not None and self._ready(document):
            take(document, self._sight.predicted, box, mask, reject=self._rejecting)


def take(document: Document, predicted: Labels, box: Box, mask: Mask, *, reject: bool) -> None:
    """Paints what is predicted inside `mask`, in the open stroke.

    Rejected, it becomes background where nobody has said otherwise: where there is no label, or the predicted
    one. Where class 0 is a thing of its own and no background, rejecting takes such labels away.
    """
    part, plane = predicted[box.slices], document.plane[box.slices]
    nothing = 0 if is_background(document.table[0].name) else ERASE
    counts = np.bincount(part[mask], minlength=256)
    for class_id in np.flatnonzero(counts):
        if class_id in (IGNORE, UNLABELLED) or class_id >= len(document.table):
            continue
        here = mask & (part == class_id)
        if not reject:
            document.paint(int(class_id), box, here)
        elif class_id != nothing:
            document.paint(nothing, box, here & ((plane == class_id) | (plane == UNLABELLED)))
