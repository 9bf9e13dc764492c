"""The list of objects: the shapes of an annotation, topmost first, filtered by class, group or kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto

from segstudio.app.state import State
from segstudio.core.annotation import Annotation
from segstudio.core.painting_rules import Marks, with_selected
from segstudio.core.shape import Shape
from segstudio.tools.toolbox import SELECT


class RowChange(Enum):
    """How the rows of one list differ from those of another."""

    NONE = auto()
    ONE_ON_TOP = auto()  # as after a stroke, or a new shape
    OTHER = auto()


def row_texts(shape: Shape) -> tuple[str, str]:
    """Class with group, and kind."""
    group = f" · {shape.group_id}" if shape.group_id is not None else ""
    return shape.label + group, shape.kind.replace("_", " ")


def list_shapes(annotation: Annotation | None, text: str = "") -> list[Shape]:
    """The topmost first; with `text` only those whose row contains it in any case."""
    shapes = [] if annotation is None else list(reversed(annotation.shapes))
    wanted = text.strip().casefold()
    return [shape for shape in shapes if wanted in " ".join(row_texts(shape)).casefold()] if wanted else shapes


def compare_rows(before: Sequence[Shape], now: Sequence[Shape]) -> RowChange:
    """Compare what the rows show; other points or pixels are no change."""
    old, new = [_row(shape) for shape in before], [_row(shape) for shape in now]
    if new == old:
        return RowChange.NONE
    return RowChange.ONE_ON_TOP if new[1:] == old else RowChange.OTHER


def toggle_mark(marks: Marks, uid: int, *, lock: bool) -> Marks:
    """Lock or unlock one object, or hide or show it."""
    if lock:
        return replace(marks, locked=marks.locked ^ {uid})
    return replace(marks, hidden=marks.hidden ^ {uid})


def select_objects(state: State, uids: frozenset[int]) -> None:
    """Select objects of the open image, with the select tool."""
    image = state.image
    if image is None or uids == image.document.marks.selected:
        return
    if uids and state.tool.info.name != SELECT:
        state.choose(tool=SELECT)
    state.set_marks(with_selected(image.document.marks, uids))


def _row(shape: Shape) -> tuple[int, str, str, int | None]:
    return shape.uid, shape.label, shape.kind, shape.group_id
