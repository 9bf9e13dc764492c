"""What is drawn over the image, how strongly, and in which colours: a value, changed as a whole through the State."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from segstudio.app.display import Display
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.colours import PROBABILITY_PALETTE, Colour, safe_colour

LABELS, PREDICTION, PROBABILITY_MAP, ERRORS = "labels", "prediction", "probability_map", "errors"
UNCERTAINTY = "uncertainty"
FILL, OUTLINE, BOTH = "fill", "outline", "both"
OWN_COLOURS, SAFE_COLOURS = "own", "safe"  # those of the classes, or a palette for colour-blind users
NO_COMPARE, SWIPE, SIDE_BY_SIDE = "off", "swipe", "side by side"

IGNORE_COLOUR = (224, 224, 192)
_ERROR_COLOUR = (255, 40, 60)


@dataclass(frozen=True)
class Layer:
    visible: bool
    opacity: float


@dataclass(frozen=True)
class Layers:
    """Settings of the view. `probability_of` is a class name or UNCERTAINTY; `hidden` are class ids not shown."""

    labels: Layer = Layer(True, 0.5)
    prediction: Layer = Layer(False, 0.5)
    probability_map: Layer = Layer(False, 0.6)
    errors: Layer = Layer(False, 0.6)
    probability_of: str = UNCERTAINTY
    hidden: frozenset[int] = frozenset()
    solo: int | None = None  # the only class that is shown
    held_hidden: bool = False  # while H is held down
    style: str = FILL
    palette: str = OWN_COLOURS
    compare: str = NO_COMPARE
    divider: float = 0.5  # position of a swipe, as a fraction of the canvas width
    display: Display = field(default_factory=Display)
    pixel_grid: bool = True  # from 800 %
    crosshair: bool = False
    navigator: bool = True

    def named(self, name: str) -> Layer:
        layer: Layer = getattr(self, name)
        return layer

    def with_layer(self, name: str, *, visible: bool | None = None, opacity: float | None = None) -> Layers:
        """One layer switched or faded; `opacity` is clipped to 0..1."""
        layer = self.named(name)
        layer = Layer(
            layer.visible if visible is None else visible,
            layer.opacity if opacity is None else min(1.0, max(0.0, opacity)),
        )
        return replace(self, **{name: layer})  # type: ignore[arg-type]

    def without_classes(self) -> Layers:
        """For another project, whose class ids mean other classes."""
        return replace(self, hidden=frozenset(), solo=None, probability_of=UNCERTAINTY)

    @property
    def shows_prediction(self) -> bool:
        """True if anything on the canvas needs a prediction."""
        shown = self.prediction.visible or self.probability_map.visible or self.errors.visible
        return shown or self.compare != NO_COMPARE

    def hidden_classes(self, table: ClassTable) -> frozenset[int]:
        """Class ids that are not shown, IGNORE among them."""
        if self.solo is None:
            return self.hidden
        return frozenset({*(item.id for item in table), IGNORE} - {self.solo})

    def colour_of(self, table: ClassTable, class_id: int) -> Colour:
        """A class's colour on the screen."""
        if class_id >= len(table):
            return IGNORE_COLOUR
        return table[class_id].colour if self.palette == OWN_COLOURS else safe_colour(class_id)


def class_colours(table: ClassTable, layers: Layers, background: bool) -> list[int]:
    """256 ARGB entries for a class plane; class 0 is transparent unless `background`."""
    colours, hidden = [0] * 256, layers.hidden_classes(table)
    for item in table:
        if item.id not in hidden and (item.id or background):
            colours[item.id] = _argb(255, layers.colour_of(table, item.id))
    colours[UNLABELLED] = 0
    if IGNORE not in hidden:
        colours[IGNORE] = _argb(255, IGNORE_COLOUR)
    return colours


def probability_colours() -> list[int]:
    """256 ARGB entries; probability 0 is nearly transparent."""
    return [
        _argb(min(255, 24 + value * 2), (int(r), int(g), int(b))) for value, (r, g, b) in enumerate(PROBABILITY_PALETTE)
    ]


def error_colours() -> list[int]:
    """256 ARGB entries for an error plane: 1 is an error."""
    return [0, _argb(255, _ERROR_COLOUR)] + [0] * 254


def _argb(alpha: int, colour: tuple[int, int, int]) -> int:
    return alpha << 24 | colour[0] << 16 | colour[1] << 8 | colour[2]
