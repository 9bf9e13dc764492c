"""The pixel under the pointer as text."""

from __future__ import annotations

from segstudio.app.state import State
from segstudio.core.classes import IGNORE, IGNORE_NAME, UNLABELLED

_MAX_BANDS = 4


def describe_pixel(state: State, x: float, y: float) -> str:
    """Position, value and class at image coordinates; empty outside of the image."""
    image, column, row = state.image, int(x // 1), int(y // 1)
    if image is None:
        return ""
    height, width = image.document.plane.shape
    if not (0 <= column < width and 0 <= row < height):
        return ""
    value = image.pixels[row, column]
    shown = " ".join(str(each) for each in value[:_MAX_BANDS]) if value.ndim else str(value)
    return f"x {column}  y {row}   {shown}   {_class_name(state, int(image.document.plane[row, column]))}"


def _class_name(state: State, class_id: int) -> str:
    if class_id == UNLABELLED:
        return "–"
    return IGNORE_NAME if class_id == IGNORE else state.table[class_id].name
