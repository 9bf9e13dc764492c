"""What every tool is: a plain object that the canvas and a test drive in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from segstudio.core.document import Document
from segstudio.core.geometry import Point


@dataclass(frozen=True)
class Pointer:
    """Where the hand is, in picture pixels. `reach` is how near counts as a hit, in picture pixels."""

    x: float
    y: float
    reach: float = 4.0
    shift: bool = False
    alt: bool = False
    control: bool = False

    @property
    def point(self) -> Point:
        return self.x, self.y


@dataclass(frozen=True)
class Draft:
    """What a tool wants shown over the picture: lines, and handles of which one may be under the pointer."""

    points: tuple[Point, ...] = ()
    closed: bool = False
    handles: tuple[Point, ...] = ()
    hot: int | None = None
    ghost: Point | None = None


@dataclass
class Choice:
    """What the hand holds: shared by all tools and changed by the strip above the canvas."""

    class_id: int = 0
    radius_px: float = 12.0


class Tool(Protocol):
    """`name` is the tool's word, `key` its shortcut, `hint` the line in the status bar.

    `radius_px` is the size of its round cursor, or None for a cross. Every method may change the document.
    """

    name: str
    key: str
    hint: str

    @property
    def radius_px(self) -> float | None: ...

    def press(self, document: Document, pointer: Pointer) -> None: ...

    def move(self, document: Document, pointer: Pointer) -> None:
        """The pointer moved with the button down."""

    def release(self, document: Document, pointer: Pointer) -> None: ...

    def hover(self, document: Document, pointer: Pointer) -> None:
        """The pointer moved with no button down."""

    def finish(self, document: Document) -> None:
        """Enter or double click: complete what is begun."""

    def take_back(self, document: Document) -> bool:
        """Undo: whether the tool had begun something, not yet an edit, that it took a step of back."""

    def step_back(self, document: Document) -> bool:
        """Backspace or Delete: whether the tool had something to take back."""

    def cancel(self, document: Document) -> None:
        """Escape, or another tool was taken."""

    def draft(self, document: Document) -> Draft: ...
