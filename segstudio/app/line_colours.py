"""Colours of the lines over an image: outlines of vector shapes, and the preview of the active tool."""

from __future__ import annotations

from segstudio.app.layers import IGNORE_COLOUR
from segstudio.app.state import State
from segstudio.core.classes import IGNORE
from segstudio.core.colours import Colour
from segstudio.core.document import Document
from segstudio.core.shape import Shape

_MIN_LUMINANCE = 150
_WHITE = (255, 255, 255)


def brighten(colour: Colour) -> Colour:
    """Mix the colour with white until thin lines are visible on dark images."""
    red, green, blue = colour
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    share = max(0.0, (_MIN_LUMINANCE - luminance) / (255 - luminance)) if luminance < 255 else 0.0
    red, green, blue = (round(value + (255 - value) * share) for value in colour)
    return red, green, blue


def current_colour(state: State) -> Colour:
    """Of the current class; white for tools that need none."""
    if not state.tool.info.needs_class:
        return _WHITE
    return brighten(state.layers.colour_of(state.table, state.settings.class_id))


def colours_by_class(state: State) -> dict[int, Colour]:
    """Of every class id, IGNORE among them."""
    return {**{item.id: state.layers.colour_of(state.table, item.id) for item in state.table}, IGNORE: IGNORE_COLOUR}


def list_outlines(state: State, document: Document) -> list[tuple[Shape, Colour]]:
    """The vector shapes that are not hidden, each in the colour of its class."""
    table, layers = state.table, state.layers
    hidden_classes, hidden_shapes = layers.hidden_classes(table), document.marks.hidden
    colours: dict[str, Colour] = {}  # by label, without hidden classes
    for label in document.annotation.labels:
        class_id = table.id_of(label)
        if class_id not in hidden_classes:
            colours[label] = IGNORE_COLOUR if class_id is None else layers.colour_of(table, class_id)
    return [
        (shape, colours[shape.label])
        for shape in document.annotation.shapes
        if shape.bitmap is None and shape.label in colours and shape.uid not in hidden_shapes
    ]
