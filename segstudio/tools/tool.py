"""What every tool is: a plain object that the canvas and a test drive in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import EMPTY, Box
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.prediction import Heat
from segstudio.core.raster import Labels, Patch


@dataclass(frozen=True)
class Pointer:
    """Where the hand is, in image pixels. `reach` is how near counts as a hit, in image pixels.

    `secondary` is the right button; `pressure` is a tablet pen's, 1.0 for a mouse.
    """

    x: float
    y: float
    reach: float = 4.0
    shift: bool = False
    alt: bool = False
    control: bool = False
    secondary: bool = False
    pressure: float = 1.0

    @property
    def point(self) -> Point:
        return self.x, self.y


@dataclass(frozen=True)
class Line:
    """A line to show; in the class in hand's colour, or that of `class_id`. `negative`: away with what is here."""

    points: tuple[Point, ...]
    closed: bool = False
    class_id: int | None = None
    negative: bool = False
    width_px: float = 0.0  # in image pixels; 0 is a thin line at any zoom


@dataclass(frozen=True)
class Draft:
    """What a tool wants shown over the image: lines, handles, marks, and the pixels it would paint."""

    points: tuple[Point, ...] = ()
    closed: bool = False
    handles: tuple[Point, ...] = ()
    hot: int | None = None
    ghost: Point | None = None
    spot: Point | None = None  # a handle that a press would make
    lines: tuple[Line, ...] = ()
    plus: tuple[Point, ...] = ()
    minus: tuple[Point, ...] = ()
    preview: Patch | None = None
    planes: tuple[Box, Labels] | None = None  # class ids to come; UNLABELLED where nothing comes
    text: str = ""  # beside the last of `points`


class Segmenter(Protocol):
    """A model that answers to clicks and boxes on the open image."""

    def segment(self, points: Sequence[Point], positive: Sequence[bool], box: Box | None) -> Patch: ...


@dataclass
class Sight:
    """What a tool sees of the open image beside its labels; the window keeps it up to date. Look, do not write.

    `image` is (H, W, C) uint8 with three or four channels; `heat` (H, W); `predicted` (H, W) class ids of the
    project, IGNORE where there is none; `seen` is the part on the screen.
    """

    image: NDArray[np.uint8] | None = None
    heat: Heat | None = None
    predicted: Labels | None = None
    seen: Box = EMPTY
    segmenter: Segmenter | None = None


@dataclass
class Choice:
    """What the hand holds: shared by all tools and changed by the strip above the canvas."""

    class_id: int = 0
    radius_px: float = 12.0
    last_class_id: int = 0
    square: bool = False
    pressure: bool = True  # a pen's pressure changes the size
    snap: bool = False  # points go to the borders of neighbours
    tolerance: int = 24
    on_heat: bool = False  # the wand looks at the heat instead of the image
    cell_px: int = 16
    accept_by: str = "brush"
    threshold: int = 128
    detail_px: float = 1.0
    amount_px: int = 3  # by how much shapes grow, shrink, open, close and smooth
    least_px: int = 50  # smaller parts are removed


@dataclass(frozen=True, eq=False)
class Work:
    """Something slow to be computed elsewhere; told apart by identity."""

    run: Callable[[], object]


class Tool:
    """`name` is the tool's word, `key` its shortcut, `hint` the line in the status bar, `options` its strip.

    Every method may change the document; the ones here do nothing. A tool that needs something slow gives it
    out by `wanted` and hears of it by `done`.
    """

    name = ""
    key = ""
    hint = ""
    needs = ""  # "prediction" or "heat", without which it can do nothing
    ends_by_double_click = False
    has_second_button = False  # the right button means something to it
    options: tuple[str, ...] = ()  # fields of Choice, and "rules" where painting rules hold

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        self._choice = choice
        self._sight = Sight() if sight is None else sight

    @property
    def radius_px(self) -> float | None:
        """Size of the round cursor in image pixels, or None for a cross."""
        return None

    def _label(self, document: Document) -> str:
        """Name of the class in hand."""
        return document.table.name_of(self._choice.class_id)

    def press(self, document: Document, pointer: Pointer) -> None:
        """A button went down."""

    def move(self, document: Document, pointer: Pointer) -> None:
        """The pointer moved with the button down."""

    def release(self, document: Document, pointer: Pointer) -> None:
        """The button went up."""

    def hover(self, document: Document, pointer: Pointer) -> None:
        """The pointer moved with no button down."""

    def finish(self, document: Document) -> None:
        """Enter or double click: complete what is begun."""

    def take_back(self, document: Document) -> bool:
        """Undo: whether the tool had begun something, not yet an edit, that it took a step of back."""
        return False

    def step_back(self, document: Document) -> bool:
        """Backspace or Delete: whether the tool had something to take back."""
        return self.take_back(document)

    def cancel(self, document: Document) -> None:
        """Escape, or another tool was taken."""
        document.cancel()

    def draft(self, document: Document) -> Draft:
        return Draft()

    def wanted(self) -> Work | None:
        """What is to be computed next, once; newer wishes replace older ones."""
        return None

    def done(self, document: Document, work: Work, result: object) -> None:
        """The result of a work; an outdated one is passed over."""

    def failed(self, document: Document, work: Work) -> None:
        """A work ended without a result."""


def settle(tool: Tool, document: Document) -> None:
    """Do all that a tool wants at once: for tests, and before something that needs the result."""
    while (work := tool.wanted()) is not None:
        tool.done(document, work, work.run())
