"""The eraser: a brush that takes labels away."""

from __future__ import annotations

from segstudio.core.document import ERASE
from segstudio.tools.brush import Brush


class Eraser(Brush):
    """Takes labels away; a polygon that it touches becomes pixels."""

    name = "eraser"
    key = "E"
    hint = "Drag to erase   [ ] size   a polygon that loses a pixel becomes a mask"

    def _class_id(self) -> int:
        return ERASE
