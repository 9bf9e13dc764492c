"""The order of objects, one method for each way: what the menu's rows call."""

from __future__ import annotations

from segstudio.core import edits
from segstudio.ui.features.objects import ObjectsFlow


class StackingFlow:
    """To front, to back, and one step either way."""

    def __init__(self, objects: ObjectsFlow) -> None:
        self._objects = objects

    def front(self) -> None:
        self._objects.restack(edits.FRONT)

    def forward(self) -> None:
        self._objects.restack(edits.FORWARD)

    def backward(self) -> None:
        self._objects.restack(edits.BACKWARD)

    def back(self) -> None:
        self._objects.restack(edits.BACK)
