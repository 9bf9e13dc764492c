"""Planes of what is visible of a document's objects: labels without hidden objects, and a mask of the selected ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.box import tile_box
from segstudio.core.document import Document, Region
from segstudio.core.raster import Labels
from segstudio.core.shape import Shape


class VisibleLabels:
    """Planes are made when first needed and then follow the document, in the tiles that changed."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._without_hidden: Labels | None = None
        self._hidden: frozenset[int] = frozenset()
        self._selected: NDArray[np.uint8] | None = None
        self._selection: tuple[Shape, ...] = ()

    @property
    def plane(self) -> Labels:
        """(H, W) visible class ids; the document's own plane while nothing is hidden."""
        return self._document.plane if self._without_hidden is None else self._without_hidden

    @property
    def selected(self) -> NDArray[np.uint8] | None:
        """(H, W), 1 where a selected object is; None while none is selected."""
        return self._selected if self._selection else None

    def follow(self, region: Region) -> None:
        """Update the boxes in which pixels of the document changed."""
        if self._without_hidden is not None:
            self._document.rasterise_without(self._hidden, self._without_hidden, region)

    def refresh(self) -> Region:
        """Follow marks and annotation; the boxes in which something looks different now."""
        return (*self._refresh_hidden(), *self._refresh_selected())

    def _refresh_hidden(self) -> Region:
        hidden = self._document.marks.hidden
        if hidden == self._hidden:
            return ()
        whole = self._document.annotation.box
        touched = [s.box.intersect(whole) for s in self._document.annotation.shapes if s.uid in hidden ^ self._hidden]
        region = tuple(box for box in touched if not box.empty)
        self._hidden = hidden
        if not hidden:
            self._without_hidden = None
            return region
        if self._without_hidden is None:
            self._without_hidden = self._document.plane.copy()
        self._document.rasterise_without(hidden, self._without_hidden, region)
        return region

    def _refresh_selected(self) -> Region:
        uids = self._document.marks.selected
        now = tuple(shape for shape in self._document.annotation.shapes if shape.uid in uids)
        if len(now) == len(self._selection) and all(a is b for a, b in zip(now, self._selection, strict=True)):
            return ()
        whole = self._document.annotation.box
        if self._selected is None:
            self._selected = np.zeros((whole.height, whole.width), np.uint8)
        before = [shape.box.intersect(whole) for shape in self._selection]
        for box in before:
            self._selected[box.slices] = 0
        self._selection = now
        for shape in now:
            _paint(self._selected, shape, self._document)
        return (*before, *(shape.box.intersect(whole) for shape in now))


def _paint(plane: NDArray[np.uint8], shape: Shape, document: Document) -> None:
    """Set the pixels of `shape` in `plane` to 1."""
    whole = document.annotation.box
    if shape.bitmap is None:
        box, mask = document.patch(shape)
        plane[box.slices] |= mask
        return
    for key in shape.bitmap.tiles:
        part = tile_box(key).intersect(whole)
        if not part.empty:
            plane[part.slices] |= shape.bitmap.to_array(part)
