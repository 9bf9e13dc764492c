"""A synthetic image and functions that drive tools as the canvas does."""

from __future__ import annotations

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.box import full_box
from segstudio.core.classes import ClassTable
from segstudio.core.document import Document
from segstudio.tools.tool import Pointer, Tool, ToolContext

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


def empty_document() -> Document:
    return Document(Annotation(HEIGHT, WIDTH), TABLE)


def make_context() -> ToolContext:
    return ToolContext(image=image(), visible_box=full_box(HEIGHT, WIDTH))


def run_pending_work(tool: Tool, document: Document) -> None:
    """Run everything that a tool wants computed, as the background jobs of the window do."""
    while (work := tool.pending_work()) is not None:
        tool.work_done(document, work, work.run())


def drag(tool: Tool, document: Document, *way: tuple[float, float], **held: bool) -> None:
    tool.press(document, Pointer(*way[0], **held))
    run_pending_work(tool, document)
    for at in way[1:]:
        tool.move(document, Pointer(*at, **held))
        run_pending_work(tool, document)
    tool.release(document, Pointer(*way[-1], **held))
    run_pending_work(tool, document)


def click(tool: Tool, document: Document, *points: tuple[float, float], **held: bool) -> None:
    for at in points:
        drag(tool, document, at, **held)
        tool.hover(document, Pointer(*at))
        run_pending_work(tool, document)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))
