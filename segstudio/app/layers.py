"""What lies over the image, how strongly, and in which colours."""

from __future__ import annotations

from dataclasses import dataclass, field

from segstudio.app.display import Display
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.colours import HEAT_PALETTE, Colour, safe_colour

LABELS, PREDICTION, HEAT, ERRORS = "labels", "prediction", "heat", "errors"
ENTROPY = "uncertainty"
FILL, OUTLINE, BOTH = "fill", "outline", "both"
OWN_COLOURS, SAFE_COLOURS = "own", "safe"  # those of the classes, or some that colour-blind eyes tell apart
NO_COMPARE, SWIPE, SIDE_BY_SIDE = "off", "swipe", "side by side"

IGNORE_COLOUR = (224, 224, 192)
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
    solo: int | None = None  # the one class that is shown
    held_hidden: bool = False  # while H is held down
    style: str = FILL
    palette: str = OWN_COLOURS
    compare: str = NO_COMPARE
    divider: float = 0.5  # where a swipe stands, as a share of the canvas
    display: Display = field(default_factory=Display)
    pixel_grid: bool = True  # from 800 %
    crosshair: bool = False
    navigator: bool = True

    def named(self, name: str) -> Layer:
        layer: Layer = getattr(self, name)
        return layer

    def unseen(self, table: ClassTable) -> set[int]:
        """Class ids that are not shown, IGNORE among them."""
        if self.solo is None:
            return self.hidden
        return {item.id for item in table} - {self.solo} | ({IGNORE} - {self.solo})

    def colour_of(self, table: ClassTable, class_id: int) -> Colour:
        """A class's colour on the screen."""
        if class_id >= len(table):
            return IGNORE_COLOUR
        return table[class_id].colour if self.palette == OWN_COLOURS else safe_colour(class_id)

    def forget_classes(self) -> None:
        """Another project has other classes."""
        self.hidden.clear()
        self.solo = None


def _argb(alpha: int, colour: tuple[int, int, int]) -> int:
    return alpha << 24 | colour[0] << 16 | colour[1] << 8 | colour[2]


def class_colours(table: ClassTable, layers: Layers, background: bool) -> list[int]:
    """256 ARGB entries for a class plane; class 0 is seen through unless `background`."""
    colours, unseen = [0] * 256, layers.unseen(table)
    for item in table:
        if item.id not in unseen and (item.id or background):
            colours[item.id] = _argb(255, layers.colour_of(table, item.id))
    colours[UNLABELLED] = 0
    if IGNORE not in unseen:
        colours[IGNORE] = _argb(255, IGNORE_COLOUR)
    return colours


def heat_colours() -> list[int]:
    """256 ARGB entries; what is certainly not there is seen through."""
    return [_argb(min(255, 24 + value * 2), (int(r), int(g), int(b))) for value, (r, g, b) in enumerate(HEAT_PALETTE)]


def error_colours() -> list[int]:
    return [0, _argb(255, _ERROR_COLOUR)] + [0] * 254
