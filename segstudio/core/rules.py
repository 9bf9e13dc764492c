"""Painting rules: over what a stroke may go, and whose pixels they become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box
from segstudio.core.classes import UNLABELLED

EVERYTHING: Final = "everything"
ONLY_UNLABELLED: Final = "unlabelled"
ONLY_CLASS: Final = "class"

CLASSES: Final = "classes"  # one layer a class: a stroke joins the pixels of its class
OBJECTS: Final = "objects"  # a stroke that begins on nothing begins an object

# The image's raw values in a box: (h, w), any number of bits.
Intensities = Callable[[Box], NDArray[Any]]


@dataclass(frozen=True)
class Rules:
    """`locked` are classes never painted over; `intensity` is (lowest, highest) of the image's own values.

    In OBJECTS a stroke joins the object it begins on; with `same_object` the one that is selected, or the last.
    """

    over: str = EVERYTHING
    over_class: int = 0
    locked: frozenset[int] = frozenset()
    in_selection: bool = False
    intensity: tuple[int, int] | None = None
    mode: str = CLASSES
    same_object: bool = False

    @property
    def free(self) -> bool:
        """Whether anything may be painted over."""
        restricted = self.locked or self.in_selection or self.intensity is not None
        return self.over == EVERYTHING and not restricted


def allowed(rules: Rules, plane: NDArray[np.uint8], gray: NDArray[Any] | None) -> Mask:
    """Where `plane` (h, w) may be painted over, as far as classes and intensities say; `gray` is of its size."""
    table = np.ones(256, np.bool_)
    if rules.over == ONLY_UNLABELLED:
        table[:] = False
        table[UNLABELLED] = True
    elif rules.over == ONLY_CLASS:
        table[:] = False
        table[rules.over_class] = True
    table[list(rules.locked)] = False
    out: Mask = table[plane]
    if rules.intensity is not None and gray is not None:
        low, high = rules.intensity
        out &= (gray >= low) & (gray <= high)
    return out


def gray_of(pixels: NDArray[Any], box: Box) -> NDArray[Any]:
    """One value a pixel of `box`, as the image has it: of several bands the mean."""
    part = pixels[box.slices]
    return part if part.ndim == 2 else part[:, :, :3].mean(axis=2)
