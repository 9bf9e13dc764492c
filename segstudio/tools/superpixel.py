"""Superpixel brush: paints whole superpixels, which are computed block by block in the background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box, full_box
from segstudio.core.document import ERASE, Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch, rasterise_capsule
from segstudio.tools.options import CELL, RULES, N, RadiusOption, ToolSettings
from segstudio.tools.proposal import NOTHING
from segstudio.tools.tool import Cursor, Pointer, Preview, Tool, ToolContext, ToolInfo, ToolWork

_BLOCK_PX = 512
_MARGIN_PX = 64
_MAX_BLOCKS = 64

Cells = NDArray[np.int32]
BlockKey = tuple[int, int, int]  # row, column and cell size


class Superpixels(Tool):
    """Paints every superpixel that the brush touches; those not computed yet are painted when they arrive."""

    info = ToolInfo(
        "superpixel",
        N("Tool", "Superpixel brush"),
        "S",
        "ph.hexagon",
        Cursor.ROUND,
        N("Tool", "Drag to paint whole superpixels   Alt or right button erases   cell size above"),
        options=(RadiusOption(slider=False), CELL, RULES),
        makes_pixels=True,
        has_second_button=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._image: NDArray[np.uint8] | None = None
        self._blocks: dict[BlockKey, Cells] = {}
        self._pending: ToolWork | None = None
        self._requested: dict[ToolWork, BlockKey] = {}
        self._at: Point | None = None
        self._preview: Patch = NOTHING
        self._waiting: list[tuple[Point, Point]] = []  # parts of the stroke that are not painted yet
        self._last: Point | None = None
        self._class_id = 0
        self._released = False

    def press(self, document: Document, pointer: Pointer) -> None:
        self._finish_stroke(document)
        self._class_id = ERASE if pointer.alt or pointer.secondary else self._settings.class_id
        document.begin(pointer.point)
        self._last, self._released = pointer.point, False
        self._sweep(document, pointer.point)

    def move(self, document: Document, pointer: Pointer) -> None:
        self._at = pointer.point
        if document.has_open_stroke and not self._released:
            self._sweep(document, pointer.point)

    def release(self, document: Document, pointer: Pointer) -> None:
        self._released = True
        if document.has_open_stroke and not self._waiting:
            document.commit(self.info.name)

    def hover(self, document: Document, pointer: Pointer) -> None:
        self._at = pointer.point
        self._update_preview()

    def cancel(self, document: Document) -> None:
        self._waiting, self._released = [], False
        document.cancel()

    def preview(self, document: Document) -> Preview:
        visible = not document.has_open_stroke and not self._preview[0].empty
        return Preview(mask=self._preview) if visible else Preview()

    def pending_work(self) -> ToolWork | None:
        work, self._pending = self._pending, None
        return work

    def work_done(self, document: Document, work: ToolWork, result: object) -> None:
        key = self._requested.pop(work, None)
        if key is None or not isinstance(result, np.ndarray):
            return
        self._blocks[key] = result
        while len(self._blocks) > _MAX_BLOCKS and not self._waiting:
            del self._blocks[next(iter(self._blocks))]
        self._paint_waiting(document)
        self._update_preview()

    def work_failed(self, document: Document, work: ToolWork) -> None:
        """Cancel the stroke: its superpixels will not come."""
        if self._requested.pop(work, None) is not None and self._waiting:
            self.cancel(document)

    def _update_preview(self) -> None:
        """What a press here would paint; nothing while its superpixels are being computed."""
        self._preview = NOTHING
        if self._at is not None and not self._waiting and not self._is_missing(self._reach(self._at, self._at)):
            self._preview = self._find_touched(self._at, self._at)

    def _finish_stroke(self, document: Document) -> None:
        """Compute what an earlier stroke still waits for, so that it ends before the next one starts."""
        while self._waiting and document.has_open_stroke:
            key = next((key for key in self._keys(self._reach(*self._waiting[0])) if key not in self._blocks), None)
            if key is not None and self._image is not None:
                self._blocks[key] = compute_block(self._image, key)
            self._paint_waiting(document)
        self._waiting = []

    def _sweep(self, document: Document, to: Point) -> None:
        self._waiting.append((self._last or to, to))
        self._last = to
        self._paint_waiting(document)

    def _paint_waiting(self, document: Document) -> None:
        """Paint as far as the superpixels are known, and request the next block that is missing."""
        while self._waiting and document.has_open_stroke:
            start, end = self._waiting[0]
            if self._is_missing(self._reach(start, end)):
                return
            self._waiting.pop(0)
            box, mask = self._find_touched(start, end)
            if not box.empty:
                document.paint(self._class_id, box, mask)
        if self._released and document.has_open_stroke:
            self._released = False
            document.commit(self.info.name)

    def _reach(self, start: Point, end: Point) -> Box:
        """The box of all superpixels that a brush from `start` to `end` can touch."""
        if self._context.image is None:
            return Box(0, 0, 0, 0)
        far = self._settings.radius_px + 2 * self._settings.cell_px
        return Box(
            int(min(start[1], end[1]) - far),
            int(min(start[0], end[0]) - far),
            int(max(start[1], end[1]) + far) + 1,
            int(max(start[0], end[0]) + far) + 1,
        ).intersect(full_box(*self._context.image.shape[:2]))

    def _keys(self, box: Box) -> list[BlockKey]:
        cell_px = max(4, int(self._settings.cell_px))
        rows = range(box.y0 // _BLOCK_PX, (box.y1 - 1) // _BLOCK_PX + 1)
        columns = range(box.x0 // _BLOCK_PX, (box.x1 - 1) // _BLOCK_PX + 1)
        return [(row, column, cell_px) for row in rows for column in columns]

    def _is_missing(self, box: Box) -> bool:
        """True if a block of `box` is not computed yet; the first such block is requested."""
        image = self._context.image
        if image is not self._image:
            self._image = image
            self._blocks.clear()
            self._requested.clear()
        if image is None or box.empty:
            return False
        missing = [key for key in self._keys(box) if key not in self._blocks]
        if missing and missing[0] not in self._requested.values():
            key = missing[0]
            work = ToolWork(lambda: compute_block(image, key))
            if self._pending is not None:
                self._requested.pop(self._pending, None)  # replaced before it was run
            self._requested[work] = key
            self._pending = work
        return bool(missing)

    def _find_touched(self, start: Point, end: Point) -> Patch:
        box = self._reach(start, end)
        if box.empty or self._context.image is None:
            return NOTHING
        cells = np.zeros((box.height, box.width), np.int32)
        for row, column, cell_px in self._keys(box):
            block = _block_box(row, column)
            part = block.intersect(box)
            cells[part.slices_in(box)] = self._blocks[(row, column, cell_px)][part.slices_in(block)]
        brush_box, brush = rasterise_capsule(start, end, self._settings.radius_px, box)
        touched = np.unique(cells[brush_box.slices_in(box)][brush])
        mask: Mask = np.isin(cells, touched) if len(touched) else np.zeros(cells.shape, np.bool_)
        return box, mask


def compute_block(image: NDArray[np.uint8], key: BlockKey) -> Cells:
    """(512, 512) superpixel numbers of one block; a superpixel has the same number in the neighbouring block.

    Watershed from a grid of seeds over the whole image, computed with a margin around the block.
    """
    row, column, cell_px = key
    block = _block_box(row, column)
    margin = max(_MARGIN_PX, 2 * cell_px)
    region = Box(block.y0 - margin, block.x0 - margin, block.y1 + margin, block.x1 + margin)
    region = region.intersect(full_box(*image.shape[:2]))
    part = np.ascontiguousarray(image[region.slices][:, :, :3])
    part = np.asarray(cv2.GaussianBlur(part, (0, 0), 1.0), np.uint8)
    seeds = np.zeros((region.height, region.width), np.int32)
    per_row = image.shape[1] // cell_px + 2
    ys = np.arange(region.y0 // cell_px * cell_px + cell_px // 2, region.y1, cell_px)
    xs = np.arange(region.x0 // cell_px * cell_px + cell_px // 2, region.x1, cell_px)
    ys, xs = ys[ys >= region.y0], xs[xs >= region.x0]
    if not len(ys) or not len(xs):  # a strip narrower than half a cell
        ys, xs = np.array([region.y0]), np.array([region.x0])
    ys, xs = _move_seeds_off_edges(part, region, ys, xs, cell_px)
    seeds[ys - region.y0, xs - region.x0] = (ys // cell_px) * per_row + xs // cell_px + 1
    cv2.watershed(np.ascontiguousarray(part), seeds)
    cells = _fill_walls(seeds)
    out = np.zeros((_BLOCK_PX, _BLOCK_PX), np.int32)
    inside = block.intersect(region)
    out[inside.slices_in(block)] = cells[inside.slices_in(region)]
    return out


def _block_box(row: int, column: int) -> Box:
    return Box(row * _BLOCK_PX, column * _BLOCK_PX, (row + 1) * _BLOCK_PX, (column + 1) * _BLOCK_PX)


def _move_seeds_off_edges(
    part: NDArray[np.uint8], region: Box, ys: NDArray[np.int64], xs: NDArray[np.int64], cell_px: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Grid seeds moved by up to a quarter of a cell to the pixel with the smallest gradient."""
    gray = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).astype(np.float32)
    gradient = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    reach = max(1, cell_px // 4)
    grid_y, grid_x = (axis.ravel() for axis in np.meshgrid(ys, xs, indexing="ij"))
    best = np.full(grid_y.shape, np.inf, np.float32)
    out_y, out_x = grid_y.copy(), grid_x.copy()
    for dy in (0, -reach, reach):
        for dx in (0, -reach, reach):
            y = np.clip(grid_y + dy, region.y0, region.y1 - 1)
            x = np.clip(grid_x + dx, region.x0, region.x1 - 1)
            value = gradient[y - region.y0, x - region.x0]
            better = value < best
            best[better], out_y[better], out_x[better] = value[better], y[better], x[better]
    return out_y, out_x


def _fill_walls(cells: Cells) -> Cells:
    """Give the lines of -1 that watershed leaves between cells to the neighbour with the higher number."""
    out = cells.astype(np.int32)
    for _ in range(3):
        walls = out <= 0
        if not walls.any():
            break
        spread = cv2.dilate(out.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
        out[walls] = spread[walls]
    return out
