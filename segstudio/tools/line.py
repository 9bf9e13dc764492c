"""Lines, ten pixels wide as labelme draws them."""

from __future__ import annotations

from segstudio.core.document import Document
from segstudio.core.shape import LINE, LINESTRIP, Shape
from segstudio.tools.clicked_points import ClickedPoints
from segstudio.tools.tool import Draft, Pointer


class LineTool(ClickedPoints):
    """Clicks set points; two give a line, more a line strip."""

    name = "line"
    key = "Shift+L"
    hint = "Click to set points, Enter or double click ends   Backspace takes one back"
    ends_by_double_click = True

    def press(self, document: Document, pointer: Pointer) -> None:
        if not self._points or self._points[-1] != pointer.point:
            self._points = (*self._points, pointer.point)

    def finish(self, document: Document) -> None:
        points, self._points = self._points, ()
        if len(points) > 1:
            document.add(self.name, Shape(self._label(document), LINE if len(points) == 2 else LINESTRIP, points))

    def draft(self, document: Document) -> Draft:
        return Draft(self._points, handles=self._points, ghost=self._ghost) if self._points else Draft()
