"""Lines, ten pixels wide as labelme draws them."""

from __future__ import annotations

from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.shape import LINE, LINESTRIP, Shape
from segstudio.tools.tool import Choice, Draft, Pointer, Sight, Tool


class LineTool(Tool):
    """Clicks set points; two give a line, more a line strip."""

    name = "line"
    key = "Shift+L"
    hint = "Click to set points, Enter or double click ends   Backspace takes one back"
    ends_by_double_click = True
    options = ("rules",)

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._points: tuple[Point, ...] = ()
        self._ghost: Point | None = None

    def press(self, document: Document, pointer: Pointer) -> None:
        if not self._points or self._points[-1] != pointer.point:
            self._points = (*self._points, pointer.point)

    def hover(self, document: Document, pointer: Pointer) -> None:
        self._ghost = pointer.point

    def finish(self, document: Document) -> None:
        points, self._points = self._points, ()
        if len(points) > 1:
            label = document.table.name_of(self._choice.class_id)
            document.add(self.name, Shape(label, LINE if len(points) == 2 else LINESTRIP, points))

    def take_back(self, document: Document) -> bool:
        begun = bool(self._points)
        self._points = self._points[:-1]
        return begun

    def cancel(self, document: Document) -> None:
        self._points = ()
        document.cancel()

    def draft(self, document: Document) -> Draft:
        return Draft(self._points, handles=self._points, ghost=self._ghost) if self._points else Draft()
