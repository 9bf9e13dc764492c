"""Painting rules: which pixels a stroke may change, from classes, intensities and selected or locked shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Mask
from segstudio.core.box import TILE, Box, TileKey, tile_box, tiles_of
from segstudio.core.classes import UNLABELLED
from segstudio.core.raster import Labels, PatchOf
from segstudio.core.shape import Shape

EVERYTHING: Final = "everything"
ONLY_UNLABELLED: Final = "unlabelled"
ONLY_CLASS: Final = "class"

CLASSES: Final = "classes"  # semantic segmentation: a stroke is added to the mask of its class
OBJECTS: Final = "objects"  # instance segmentation: a stroke is added to the object that it starts on, or is a new one

# Raw image values of a box, (h, w), of any bit depth.
Intensities = Callable[[Box], NDArray[Any]]


@dataclass(frozen=True)
class PaintingRules:
    """Limits on painting that the user sets; `intensity` is (lowest, highest) in the image's own values, inclusive.

    In OBJECTS mode a stroke is added to the object that it starts on; with `same_object` to the selected object, or
    else to the last one painted.
    """

    over: str = EVERYTHING
    over_class: int = 0
    locked_classes: frozenset[int] = frozenset()
    in_selection: bool = False
    intensity: tuple[int, int] | None = None
    mode: str = CLASSES
    same_object: bool = False

    @property
    def unrestricted(self) -> bool:
        """True if every pixel may be painted over."""
        restricted = self.locked_classes or self.in_selection or self.intensity is not None
        return self.over == EVERYTHING and not restricted


@dataclass(frozen=True)
class Marks:
    """Uids of the shapes that are selected, locked or hidden."""

    selected: frozenset[int] = frozenset()
    locked: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()


def with_selected(marks: Marks, uids: frozenset[int]) -> Marks:
    """The same marks with other shapes selected."""
    return replace(marks, selected=uids)


@dataclass
class StrokeLimits:
    """Where one stroke may paint. Each tile is computed once, when the stroke first touches it."""

    rules: PaintingRules
    marks: Marks
    plane: Labels
    intensities: Intensities | None
    patch: PatchOf
    locked_uids: frozenset[int] = frozenset()  # locked shapes, and shapes of locked classes
    _tiles: dict[TileKey, Mask] = field(default_factory=dict)

    @property
    def unrestricted(self) -> bool:
        return self.rules.unrestricted and not self.marks.locked

    def allowed_in(self, box: Box, annotation: Annotation) -> Mask:
        """(h, w) of `box`: True where the stroke may paint; False outside the image."""
        out = np.zeros((box.height, box.width), np.bool_)
        for key in tiles_of(box.intersect(annotation.box)):
            part = tile_box(key).intersect(box)
            out[part.slices_in(box)] = self._tile(key, annotation)[part.slices_in(tile_box(key))]
        return out

    def _tile(self, key: TileKey, annotation: Annotation) -> Mask:
        held = self._tiles.get(key)
        if held is None:
            held = self._tiles[key] = self._compute_tile(key, annotation)
        return held

    def _compute_tile(self, key: TileKey, annotation: Annotation) -> Mask:
        part = tile_box(key).intersect(annotation.box)
        gray = self.intensities(part) if self.intensities and self.rules.intensity else None
        allowed = compute_allowed(self.rules, self.plane[part.slices], gray)
        if self.rules.in_selection:
            allowed &= _pixels_of(annotation.shapes, self.marks.selected, part, self.patch, visible_only=False)
        if self.marks.locked:
            allowed &= ~_pixels_of(annotation.shapes, self.marks.locked, part, self.patch, visible_only=True)
        out = np.zeros((TILE, TILE), np.bool_)
        out[part.slices_in(tile_box(key))] = allowed
        return out


def compute_allowed(rules: PaintingRules, plane: NDArray[np.uint8], gray: NDArray[Any] | None) -> Mask:
    """(h, w) mask of where the rules on classes and intensities allow painting over `plane`; `gray` has its size."""
    table = np.ones(256, np.bool_)
    if rules.over == ONLY_UNLABELLED:
        table[:] = False
        table[UNLABELLED] = True
    elif rules.over == ONLY_CLASS:
        table[:] = False
        table[rules.over_class] = True
    table[list(rules.locked_classes)] = False
    out: Mask = table[plane]
    if rules.intensity is not None and gray is not None:
        low, high = rules.intensity
        out &= (gray >= low) & (gray <= high)
    return out


def gray_of(pixels: NDArray[Any], box: Box) -> NDArray[Any]:
    """(h, w) raw values of `box`: the only band, or the mean of the first three."""
    part = pixels[box.slices]
    return part if part.ndim == 2 else part[:, :, :3].mean(axis=2)


def _pixels_of(shapes: Iterable[Shape], uids: frozenset[int], box: Box, patch: PatchOf, *, visible_only: bool) -> Mask:
    """Pixels of `box` that belong to shapes of `uids`; with `visible_only` those not covered by a later shape."""
    out = np.zeros((box.height, box.width), np.bool_)
    for shape in shapes:
        if shape.uid not in uids and not visible_only:
            continue
        if shape.bitmap is not None:
            out |= (mask := shape.bitmap.to_array(box))
            if shape.uid not in uids:
                out &= ~mask
        elif shape.box.overlaps(box):
            patch_box, mask = patch(shape)
            part = patch_box.intersect(box)
            if not part.empty:
                view, own = out[part.slices_in(box)], mask[part.slices_in(patch_box)]
                view[own] = shape.uid in uids
    return out
