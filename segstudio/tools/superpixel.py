"""The superpixel brush: paints whole cells of like pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box, whole
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch, capsule
from segstudio.tools.proposal import NOTHING
from segstudio.tools.tool import Choice, Draft, Pointer, Sight, Tool, Work

_BLOCK = 512
_MARGIN = 64
_MOST_BLOCKS = 64

Cells = NDArray[np.int32]
BlockKey = tuple[int, int, int]  # row, column and cell size


class Superpixels(Tool):
    """Cells are found block by block where the hand is; a cell that the brush touches is painted whole."""

    name = "superpixel"
    key = "S"
    has_second_button = True
    hint = "Drag to paint whole cells of like pixels   Alt or right button takes labels away   cell size above"
    options = ("cell_px", "radius_px", "rules")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._image: NDArray[np.uint8] | None = None
        self._blocks: dict[BlockKey, Cells] = {}
        self._pending: Work | None = None
        self._asked: dict[Work, BlockKey] = {}
        self._at: Point | None = None
        self._preview: Patch = NOTHING
        self._waiting: list[tuple[Point, Point]] = []
        self._last: Point | None = None
        self._class_id = 0
        self._released = False

    @property
    def radius_px(self) -> float | None:
        return self._choice.radius_px

    def press(self, document: Document, pointer: Pointer) -> None:
        self._finish_now(document)
        self._class_id = ERASE if pointer.alt or pointer.secondary else self._choice.class_id
        document.begin(pointer.point)
        self._last, self._released = pointer.point, False
        self._sweep(document, pointer.point)

    def move(self, document: Document, pointer: Pointer) -> None:
        self._at = pointer.point
        if document.stroking and not self._released:
            self._sweep(document, pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        self._released = True
        if document.stroking and not self._waiting:
            document.commit(self.name)

    def hover(self, document: Document, pointer: Pointer) -> None:
        self._at = pointer.point
        self._look()

    def cancel(self, document: Document) -> None:
        self._waiting, self._released = [], False
        document.cancel()

    def draft(self, document: Document) -> Draft:
        shown = not document.stroking and not self._preview[0].empty
        return Draft(preview=self._preview) if shown else Draft()

    def wanted(self) -> Work | None:
        work, self._pending = self._pending, None
        return work

    def done(self, document: Document, work: Work, result: object) -> None:
        key = self._asked.pop(work, None)
        if key is None or not isinstance(result, np.ndarray):
            return
        self._blocks[key] = result
        while len(self._blocks) > _MOST_BLOCKS and not self._waiting:
            del self._blocks[next(iter(self._blocks))]
        self._catch_up(document)
        self._look()

    def _look(self) -> None:
        """What a press here would paint, if its cells are known by now."""
        self._preview = NOTHING
        if self._at is not None and not self._waiting and not self._missing(self._reach(self._at, self._at)):
            self._preview = self._touched(self._at, self._at)

    def _finish_now(self, document: Document) -> None:
        """A stroke whose cells are still being found ends before the next begins."""
        while self._waiting and document.stroking:
            key = next((key for key in self._keys(self._reach(*self._waiting[0])) if key not in self._blocks), None)
            if key is not None and self._image is not None:
                self._blocks[key] = block_of_cells(self._image, key)
            self._catch_up(document)
        self._waiting = []

    def failed(self, document: Document, work: Work) -> None:
        """What was to be painted is given up, or it would wait for ever."""
        if self._asked.pop(work, None) is not None and self._waiting:
            self.cancel(document)

    def _sweep(self, document: Document, to: Point) -> None:
        self._waiting.append((self._last or to, to))
        self._last = to
        self._catch_up(document)

    def _catch_up(self, document: Document) -> None:
        """Paints as far as the cells are known, and asks for the next block that is not."""
        while self._waiting and document.stroking:
            start, end = self._waiting[0]
            if self._missing(self._reach(start, end)):
                return
            self._waiting.pop(0)
            box, mask = self._touched(start, end)
            if not box.empty:
                document.paint(self._class_id, box, mask)
        if self._released and document.stroking:
            self._released = False
            document.commit(self.name)

    def _reach(self, start: Point, end: Point) -> Box:
        """Where cells may lie that a brush from `start` to `end` touches."""
        if self._sight.image is None:
            return Box(0, 0, 0, 0)
        far = self._choice.radius_px + 2 * self._choice.cell_px
        return Box(
            int(min(start[1], end[1]) - far),
            int(min(start[0], end[0]) - far),
            int(max(start[1], end[1]) + far) + 1,
            int(max(start[0], end[0]) + far) + 1,
        ).intersect(whole(*self._sight.image.shape[:2]))

    def _keys(self, box: Box) -> list[BlockKey]:
        cell = max(4, int(self._choice.cell_px))
        rows = range(box.y0 // _BLOCK, (box.y1 - 1) // _BLOCK + 1)
        return [(row, c, cell) for row in rows for c in range(box.x0 // _BLOCK, (box.x1 - 1) // _BLOCK + 1)]

    def _missing(self, box: Box) -> bool:
        """Whether a block is not there yet; the first of them is asked for."""
        image = self._sight.image
        if image is not self._image:
            self._image = image
            self._blocks.clear()
            self._asked.clear()
        if image is None or box.empty:
            return False
        lacking = [key for key in self._keys(box) if key not in self._blocks]
        if lacking and lacking[0] not in self._asked.values():
            key = lacking[0]
            work = Work(lambda: block_of_cells(image, key))
            if self._pending is not None:
                self._asked.pop(self._pending, None)  # nobody will compute it any more
            self._asked[work] = key
            self._pending = work
        return bool(lacking)

    def _touched(self, start: Point, end: Point) -> Patch:
        box = self._reach(start, end)
        if box.empty or self._sight.image is None:
            return NOTHING
        cells = np.zeros((box.height, box.width), np.int32)
        for row, column, cell in self._keys(box):
            block = Box(row * _BLOCK, column * _BLOCK, (row + 1) * _BLOCK, (column + 1) * _BLOCK)
            part = block.intersect(box)
            cells[part.within(box)] = self._blocks[(row, column, cell)][part.within(block)]
        there, under = capsule(start, end, self._choice.radius_px, box)
        chosen = np.unique(cells[there.within(box)][under])
        mask: Mask = np.isin(cells, chosen) if len(chosen) else np.zeros(cells.shape, np.bool_)
        return box, mask


def block_of_cells(image: NDArray[np.uint8], key: BlockKey) -> Cells:
    """(512, 512) numbers of the cells of one block; a cell has the same number in the block beside it.

    Watershed of the image from a grid of seeds that covers the whole image, with some room around the block.
    """
    row, column, cell = key
    block = Box(row * _BLOCK, column * _BLOCK, (row + 1) * _BLOCK, (column + 1) * _BLOCK)
    margin = max(_MARGIN, 2 * cell)
    region = Box(block.y0 - margin, block.x0 - margin, block.y1 + margin, block.x1 + margin)
    region = region.intersect(whole(*image.shape[:2]))
    part = np.ascontiguousarray(image[region.slices][:, :, :3])
    part = np.asarray(cv2.GaussianBlur(part, (0, 0), 1.0), np.uint8)
    seeds = np.zeros((region.height, region.width), np.int32)
    across = image.shape[1] // cell + 2
    ys = np.arange(region.y0 // cell * cell + cell // 2, region.y1, cell)
    xs = np.arange(region.x0 // cell * cell + cell // 2, region.x1, cell)
    ys, xs = ys[ys >= region.y0], xs[xs >= region.x0]
    if not len(ys) or not len(xs):  # a rim narrower than half a cell
        ys, xs = np.array([region.y0]), np.array([region.x0])
    ys, xs = _calmest(part, region, ys, xs, cell)
    numbers = (ys // cell) * across + xs // cell + 1
    seeds[ys - region.y0, xs - region.x0] = numbers
    cv2.watershed(np.ascontiguousarray(part), seeds)
    cells = _without_walls(seeds)
    out = np.zeros((_BLOCK, _BLOCK), np.int32)
    inside = block.intersect(region)
    out[inside.within(block)] = cells[inside.within(region)]
    return out


def _calmest(
    part: NDArray[np.uint8], region: Box, ys: NDArray[np.int64], xs: NDArray[np.int64], cell: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Seeds moved, inside the middle of their cells, to where the image changes least."""
    gray = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).astype(np.float32)
    steep = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    reach = max(1, cell // 4)
    grid_y, grid_x = (axis.ravel() for axis in np.meshgrid(ys, xs, indexing="ij"))
    best = np.full(grid_y.shape, np.inf, np.float32)
    out_y, out_x = grid_y.copy(), grid_x.copy()
    for dy in (0, -reach, reach):
        for dx in (0, -reach, reach):
            y = np.clip(grid_y + dy, region.y0, region.y1 - 1)
            x = np.clip(grid_x + dx, region.x0, region.x1 - 1)
            value = steep[y - region.y0, x - region.x0]
            better = value < best
            best[better], out_y[better], out_x[better] = value[better], y[better], x[better]
    return out_y, out_x


def _without_walls(cells: Cells) -> Cells:
    """Watershed leaves lines of -1 between cells; they go to the cell with the higher number beside them."""
    out = cells.astype(np.int32)
    for _ in range(3):
        walls = out <= 0
        if not walls.any():
            break
        spread = cv2.dilate(out.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
        out[walls] = spread[walls]
    return out
