"""Single points."""

from __future__ import annotations

from segstudio.core.document import Document
from segstudio.core.shape import POINT, Shape
from segstudio.tools.tool import Pointer, Tool


class PointTool(Tool):
    """A click sets a point, which covers a disc of five pixels as labelme draws it."""

    name = "point"
    key = "Shift+P"
    hint = "Click to set a point"
    options = ("rules",)

    def press(self, document: Document, pointer: Pointer) -> None:
        document.add(self.name, Shape(self._label(document), POINT, (pointer.point,)))
