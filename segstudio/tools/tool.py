"""What every tool is: a plain object that the canvas and a test drive in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import EMPTY, Box
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.prediction import ProbabilityMap
from segstudio.core.raster import Labels, Patch
from segstudio.tools.options import MODEL, Option, ToolSettings

PREDICTION, PROBABILITY_MAP = "prediction", "probability_map"  # values of ToolInfo.needs


class Cursor(Enum):
    """The mouse cursor over the canvas; with ROUND the canvas draws a ring of the tool's size instead."""

    ARROW = auto()
    CROSS = auto()
    POINTING = auto()
    HORIZONTAL = auto()
    ROUND = auto()


@dataclass(frozen=True)
class ToolInfo:
    """What the window shows of a tool and how it treats it.

    `name` identifies the tool in settings and edits; `title`, `hint` and `tip` are texts to translate in the context
    "Tool"; `key` is the default shortcut; `icon` an icon of qtawesome. `tip` is shown in place of `title` over its
    button. `needs` is PREDICTION or PROBABILITY_MAP if the tool does nothing without one. `makes_pixels`: its edits may
    turn polygons into masks.
    """

    name: str
    title: str
    key: str
    icon: str
    cursor: Cursor = Cursor.CROSS
    hint: str = ""
    tip: str = ""
    options: tuple[Option, ...] = ()
    needs_class: bool = True
    needs: str = ""
    makes_pixels: bool = False
    ends_by_double_click: bool = False
    has_second_button: bool = False  # the right button does something else than the left one
    opens_menu: bool = False  # releasing the right button opens the menu of objects

    @property
    def uses_assistant(self) -> bool:
        """True if a model answers the tool's clicks, so that images are worth encoding ahead."""
        return MODEL in self.options


@dataclass(frozen=True)
class Pointer:
    """Position of the mouse or pen in image pixels, with the keys that are held.

    `reach` is the distance in image pixels within which handles and edges are hit. `secondary` is the right button;
    `pressure` is that of a pen, 0 to 1, and 1 for a mouse.
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
    """A line to draw, in the colour of `class_id` or else of the current class; `negative` ones in red."""

    points: tuple[Point, ...]
    closed: bool = False
    class_id: int | None = None
    negative: bool = False
    width_px: float = 0.0  # in image pixels; 0 is a thin line at any zoom


@dataclass(frozen=True)
class Preview:
    """What a tool draws over the image: lines, handles, markers, and the pixels that it would paint.

    `points` are joined by a line, on to `next_point` where the next click would be. `active_handle` is an index into
    `handles`; `new_handle` is the handle that a press would insert. `positive` and `negative` are markers of clicks.
    `mask` would become the current class; `labels` are class ids that would be painted, UNLABELLED where none.
    `text` is drawn beside the last of `points`.
    """

    points: tuple[Point, ...] = ()
    closed: bool = False
    handles: tuple[Point, ...] = ()
    active_handle: int | None = None
    next_point: Point | None = None
    new_handle: Point | None = None
    lines: tuple[Line, ...] = ()
    positive: tuple[Point, ...] = ()
    negative: tuple[Point, ...] = ()
    mask: Patch | None = None
    labels: tuple[Box, Labels] | None = None
    text: str = ""


class Segmenter(Protocol):
    """A model that answers clicks and boxes on the open image with a mask."""

    def segment(self, points: Sequence[Point], positive: Sequence[bool], box: Box | None) -> Patch: ...


@dataclass
class ToolContext:
    """What tools see of the open image besides its labels; `app` keeps it up to date, tools only read it.

    `image` is (H, W, C) uint8 with three or four channels; `probability_map` (H, W); `predicted` (H, W) class ids of
    the project, IGNORE where there is none; `visible_box` is the part of the image on the screen.
    """

    image: NDArray[np.uint8] | None = None
    probability_map: ProbabilityMap | None = None
    predicted: Labels | None = None
    visible_box: Box = EMPTY
    segmenter: Segmenter | None = None


@dataclass(frozen=True, eq=False)
class ToolWork:
    """A slow computation to run in the background; compared by identity."""

    run: Callable[[], object]


class Tool:
    """Base of all tools: every method may change the document, and the ones here do nothing.

    Slow work is returned by `pending_work()` and its result received in `work_done()`.
    """

    info: ClassVar[ToolInfo]

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        self._settings = settings
        self._context = ToolContext() if context is None else context

    @property
    def cursor(self) -> Cursor:
        """The cursor now; tools whose cursor changes override it."""
        return self.info.cursor

    @property
    def radius_px(self) -> float | None:
        """Radius of the ring that is the cursor, in image pixels; None for another cursor."""
        return self._settings.radius_px if self.cursor is Cursor.ROUND else None

    def press(self, document: Document, pointer: Pointer) -> None:
        """A button was pressed."""

    def move(self, document: Document, pointer: Pointer) -> None:
        """The pointer moved with the button held."""

    def release(self, document: Document, pointer: Pointer) -> None:
        """The button was released."""

    def hover(self, document: Document, pointer: Pointer) -> None:
        """The pointer moved with no button held."""

    def finish(self, document: Document) -> None:
        """Enter or double click: complete what was started."""

    def take_back(self, document: Document) -> bool:
        """Undo one step of something started and not committed yet; False if there was none."""
        return False

    def step_back(self, document: Document) -> bool:
        """Backspace or Delete; False if the tool had nothing to remove."""
        return self.take_back(document)

    def cancel(self, document: Document) -> None:
        """Escape, or another tool becomes the active one."""
        document.cancel()

    def preview(self, document: Document) -> Preview:
        """What to draw over the image now."""
        return Preview()

    def pending_work(self) -> ToolWork | None:
        """The work to run next, returned once; a newer request replaces an older one."""
        return None

    def work_done(self, document: Document, work: ToolWork, result: object) -> None:
        """Receive the result of `work`; an outdated one is ignored."""

    def work_failed(self, document: Document, work: ToolWork) -> None:
        """`work` ended without a result."""

    def _label(self, document: Document) -> str:
        """Name of the current class."""
        return document.table.name_of(self._settings.class_id)
