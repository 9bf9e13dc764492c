"""What lies over the picture, how strongly, and in which colours."""

from __future__ import annotations

from dataclasses import dataclass, field

from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.colours import HEAT_PALETTE

LABELS, PREDICTION, HEAT, ERRORS = "labels", "prediction", "heat", "errors"
ENTROPY = "uncertainty"

_IGNORE_COLOUR = (224, 224, 192)
_ERROR_COLOUR = (255, 40, 60)


@dataclass
class Layer:
    visible: bool
    opacity: float


@dataclass
class Layers:
    """Choices of the layers dock; `heat_of` is a class name or ENTROPY. `hidden` are class ids not shown."""

    labels: Layer = field(default_factory=lambda: Layer(True, 0.5))
    prediction: Layer = field(default_factory=lambda: Layer(False, 0.5))
    heat: Layer = field(default_factory=lambda: Layer(False, 0.6))
    errors: Layer = field(default_factory=lambda: Layer(False, 0.6))
    heat_of: str = ENTROPY
    hidden: set[int] = field(default_factory=set)
    held_hidden: bool = False  # while H is held down

    def named(self, name: str) -> Layer:
        layer: Layer = getattr(self, name)
        return layer


def _argb(alpha: int, colour: tuple[int, int, int]) -> int:
    return alpha << 24 | colour[0] << 16 | colour[1] << 8 | colour[2]


def class_colours(table: ClassTable, hidden: set[int], background: bool) -> list[int]:
    """256 ARGB entries for a class plane; class 0 is seen through unless `background`."""
    colours = [0] * 256
    for item in table:
        if item.id not in hidden and (item.id or background):
            colours[item.id] = _argb(255, item.colour)
    colours[UNLABELLED] = 0
    if IGNORE not in hidden:
        colours[IGNORE] = _argb(255, _IGNORE_COLOUR)
    return colours


def heat_colours() -> list[int]:
    """256 ARGB entries; what is certainly not there is seen through."""
    return [_argb(min(255, 24 + value * 2), (int(r), int(g), int(b))) for value, (r, g, b) in enumerate(HEAT_PALETTE)]


def error_colours() -> list[int]:
    return [0, _argb(255, _ERROR_COLOUR)] + [0] * 254
