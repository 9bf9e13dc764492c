"""The eraser: a brush that takes labels away."""

from __future__ import annotations

from segstudio.core.document import ERASE
from segstudio.tools.brush import Brush
from segstudio.tools.tool import Pointer


class Eraser(Brush):
    """Takes labels away; a polygon that it touches becomes pixels."""

    name = "eraser"
    key = "E"
    hint = "Drag to erase   [ ] size   Shift+click straight line   a polygon that loses a pixel becomes a mask"

    def _class_id(self, pointer: Pointer) -> int:
        return ERASE
