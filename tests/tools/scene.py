"""An image of plain things to try tools on, and hands to try them with."""

from __future__ import annotations

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.box import whole
from segstudio.core.classes import ClassTable
from segstudio.core.document import Document
from segstudio.tools.tool import Pointer, Sight, Tool, settle

TABLE = ClassTable.from_names(["_background_", "a", "b"])
HEIGHT, WIDTH = 160, 240


def image() -> np.ndarray:
    """Gray, with a red disc of radius 30 at (60, 80) and a blue box from (130, 40) to (200, 120), a little noisy."""
    out = np.full((HEIGHT, WIDTH, 4), 128, np.uint8)
    out[disc()] = (40, 40, 220, 255)
    out[box()] = (220, 60, 40, 255)
    noise = np.random.default_rng(0).integers(0, 8, out.shape, dtype=np.uint8)
    return out + noise


def disc() -> np.ndarray:
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    return (rows + 0.5 - 80) ** 2 + (columns + 0.5 - 60) ** 2 <= 900


def box() -> np.ndarray:
    out = np.zeros((HEIGHT, WIDTH), bool)
    out[40:120, 130:200] = True
    return out


def fresh() -> Document:
    return Document(Annotation(HEIGHT, WIDTH), TABLE)


def sight() -> Sight:
    return Sight(image=image(), seen=whole(HEIGHT, WIDTH))


def drag(tool: Tool, document: Document, *way: tuple[float, float], **held: bool) -> None:
    tool.press(document, Pointer(*way[0], **held))
    settle(tool, document)
    for at in way[1:]:
        tool.move(document, Pointer(*at, **held))
        settle(tool, document)
    tool.release(document, Pointer(*way[-1], **held))
    settle(tool, document)


def click(tool: Tool, document: Document, *points: tuple[float, float], **held: bool) -> None:
    for at in points:
        drag(tool, document, at, **held)
        tool.hover(document, Pointer(*at))
        settle(tool, document)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))
