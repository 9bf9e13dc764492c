"""Options of tools as data: the toolbar above the canvas builds a widget for each of them.

An option names a field of `ToolSettings`. A new option is a field there, a description here, and an entry in the
`ToolInfo.options` of the tools that have it.
"""

from __future__ import annotations

from dataclasses import dataclass

BRUSH, LASSO, COMPONENT = "brush", "lasso", "component"  # values of ToolSettings.accept_by


def N(context: str, text: str) -> str:  # noqa: N802  # lupdate finds it: -tr-function-alias QT_TRANSLATE_NOOP=N
    """Mark a text for translation and return it unchanged."""
    return text


@dataclass
class ToolSettings:
    """Current class, brush size and options, shared by all tools; the toolbar above the canvas changes them."""

    class_id: int = 0
    radius_px: float = 12.0
    last_class_id: int = 0
    square: bool = False
    pressure: bool = True  # the pressure of a pen scales the size
    snap: bool = False  # points snap to the borders of neighbours
    tolerance: int = 24
    on_probability_map: bool = False  # the wand compares probabilities instead of colours
    cell_px: int = 16
    accept_by: str = BRUSH
    threshold: int = 128
    detail_px: float = 1.0
    amount_px: int = 3  # radius by which shapes grow, shrink, open, close and smooth
    least_px: int = 50  # parts of fewer pixels are removed


@dataclass(frozen=True)
class NumberOption:
    """A whole number from `low` to `high`; `unit` is shown after it."""

    field: str
    label: str
    tip: str
    low: int
    high: int
    unit: str = ""


@dataclass(frozen=True)
class SliderOption:
    """A number on a slider with positions `low` to `high`; the value is the position times `step`."""

    field: str
    label: str
    tip: str
    low: int
    high: int
    step: float = 1.0


@dataclass(frozen=True)
class ChoiceOption:
    """One of several values; `choices` are pairs of a value and its label."""

    field: str
    label: str
    tip: str
    choices: tuple[tuple[object, str], ...]


@dataclass(frozen=True)
class CheckOption:
    """On or off."""

    field: str
    label: str
    tip: str


@dataclass(frozen=True)
class RadiusOption:
    """The size of round tools; with a slider beside the number where there is room for one."""

    slider: bool = True
    field: str = "radius_px"


@dataclass(frozen=True)
class RulesOption:
    """The painting rules, which belong to the document."""


@dataclass(frozen=True)
class ModelOption:
    """The model that answers to clicks."""


FieldOption = NumberOption | SliderOption | ChoiceOption | CheckOption
Option = FieldOption | RadiusOption | RulesOption | ModelOption

RADIUS, RULES, MODEL = RadiusOption(), RulesOption(), ModelOption()
SQUARE = CheckOption("square", N("Tool", "Square"), N("Tool", "Paint with a square instead of a disc (Shift+B)"))
PRESSURE = CheckOption("pressure", N("Tool", "Pressure"), N("Tool", "The pressure of a pen changes the size"))
SNAP = CheckOption(
    "snap", N("Tool", "Snap"), N("Tool", "Points snap to the borders of neighbours, which then share them (Ctrl)")
)
TOLERANCE = NumberOption(
    "tolerance", N("Tool", "Tolerance"), N("Tool", "Largest difference of a colour channel, 0 to 255"), 0, 255
)
ON_PROBABILITY_MAP = ChoiceOption(
    "on_probability_map",
    N("Tool", "Of"),
    N("Tool", "What the wand compares"),
    ((False, N("Tool", "image")), (True, N("Tool", "probability map"))),
)
CELL = NumberOption("cell_px", N("Tool", "Cell"), N("Tool", "Side of a superpixel, about"), 4, 100, N("Tool", " px"))
ACCEPT_BY = ChoiceOption(
    "accept_by",
    N("Tool", "By"),
    N("Tool", "How to mark the pixels to accept or reject"),
    ((BRUSH, N("Tool", "brush")), (LASSO, N("Tool", "lasso")), (COMPONENT, N("Tool", "click"))),
)
THRESHOLD = SliderOption(
    "threshold", N("Tool", "At least"), N("Tool", "Smallest probability, 1 to 255 for 0 to 100 %"), 1, 255
)
DETAIL = SliderOption(
    "detail_px",
    N("Tool", "Detail"),
    N("Tool", "Largest distance of a polygon from the border of the mask; changes the last polygon made"),
    0,
    100,
    0.1,
)
AMOUNT = NumberOption(
    "amount_px",
    N("Tool", "Amount"),
    N("Tool", "By how much Grow, Shrink, Open, Close and Smooth change a shape"),
    1,
    200,
    N("Tool", " px"),
)
LEAST = NumberOption(
    "least_px",
    N("Tool", "Small: under"),
    N("Tool", "Parts with fewer pixels are removed by Remove small parts"),
    1,
    1_000_000,
    N("Tool", " px"),
)
