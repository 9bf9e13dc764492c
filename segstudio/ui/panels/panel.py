"""What a panel says about its dock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from PySide6.QtWidgets import QWidget

ANNOTATE: Final = "annotate"
TRAIN: Final = "train"
REVIEW: Final = "review"


@dataclass(frozen=True)
class PanelInfo:
    """`title` is translated in the context "Panel". Panels of one `group` share tabs, the first shown in front.

    `height_px` is the height in front of its group, 0 for what is left.
    """

    name: str
    title: str
    group: str
    workspaces: tuple[str, ...]
    height_px: int = 0
    left: bool = False
    scrolls: bool = False


class Panel(QWidget):
    """Shows the state in a dock; changes nothing itself, but emits what the user asked for."""

    info: ClassVar[PanelInfo]
