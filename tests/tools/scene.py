"""A synthetic image and functions that drive tools as the canvas does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.box import EMPTY, Box, full_box
from segstudio.core.classes import ClassTable
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
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


class FakeSegmenter:
    """Answers clicks with the disc and boxes with the box; records the requests."""

    def __init__(self) -> None:
        self.requests: list[tuple] = []

    def segment(self, points: Sequence[Point], positive: Sequence[bool], frame: Box | None) -> Patch:
        self.requests.append((tuple(points), tuple(positive), frame))
        mask = box() if frame is not None else disc()
        for (x, _), good in zip(points, positive, strict=True):
            if not good:
                mask = mask & (np.arange(WIDTH)[None, :] > x)
        return (full_box(HEIGHT, WIDTH), mask) if mask.any() else (EMPTY, np.zeros((0, 0), bool))


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
