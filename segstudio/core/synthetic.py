"""Images that make themselves: noisy discs and squares, with the shapes that are their truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.raster import shape_patch
from segstudio.core.shape import CIRCLE, RECTANGLE, Shape

DISC, SQUARE = "disc", "square"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """`count` discs and, with `rectangles`, `count // 2` squares; lengths in pixels, `sigma` in gray levels.

    Centres lie in [border, n - border), radii (half sides) in [r_min, r_max), intensities in [1, 255).
    """

    nx: int = 192
    ny: int = 192
    count: int = 10
    r_min: int = 6
    r_max: int = 22
    border: int = 12
    sigma: float = 20.0
    rectangles: bool = True
    rgb: bool = False
    seed: int = 0


def noisy_shapes(recipe: Recipe) -> tuple[NDArray[np.float32], Annotation]:
    """Image (ny, nx) or (ny, nx, 3) in 0..1, and its annotation.

    An image of ones; discs, then squares, later over earlier; Gaussian noise; stretched from its minimum
    to its maximum.
    """
    rng = np.random.default_rng(recipe.seed)
    channels = 3 if recipe.rgb else 1
    image = np.ones((recipe.ny, recipe.nx, channels), np.float32)
    annotation = Annotation(recipe.ny, recipe.nx)
    for index in range(recipe.count + (recipe.count // 2 if recipe.rectangles else 0)):
        shape = _random_shape(recipe, DISC if index < recipe.count else SQUARE, rng)
        box, mask = shape_patch(shape, annotation.box)
        image[box.slices][mask] = rng.integers(1, 255, channels)
        annotation = annotation.with_added(shape)
    image += rng.normal(0.0, recipe.sigma, image.shape).astype(np.float32) if recipe.sigma else 0
    image = (image - image.min()) / max(float(np.ptp(image)), 1e-6)
    return (image if recipe.rgb else image[:, :, 0]), annotation


def _random_shape(recipe: Recipe, label: str, rng: np.random.Generator) -> Shape:
    x = float(rng.integers(recipe.border, recipe.nx - recipe.border))
    y = float(rng.integers(recipe.border, recipe.ny - recipe.border))
    radius = float(rng.integers(recipe.r_min, recipe.r_max))
    if label == DISC:
        return Shape(DISC, CIRCLE, ((x, y), (x + radius, y)))
    return Shape(SQUARE, RECTANGLE, ((x - radius, y - radius), (x + radius, y + radius)))
