"""Sample project: synthetic images of noisy discs and squares, with their ground truth as labelme files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise_vector_shape
from segstudio.core.shape import CIRCLE, RECTANGLE, Shape
from segstudio.events import Progress
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import encode_png
from segstudio.project.free_names import check_new_folder
from segstudio.project.item import Item
from segstudio.project.project import Project, open_project
from segstudio.project.store import save

NUM_IMAGES: Final = 24
DISC, SQUARE = "disc", "square"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """`count` discs and, with `rectangles`, `count // 2` squares; lengths in pixels, `sigma` in gray levels.

    Centres are in [border, n - border), radii (of squares half the side) in [r_min, r_max), intensities in [1, 255).
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


def make_sample_project(
    folder: Path, images: int = NUM_IMAGES, recipe: Recipe | None = None
) -> Iterator[Progress | Project]:
    """The last event is the project. Raises ProjectError where `folder` is not empty or cannot be written to."""
    recipe = recipe or Recipe(rgb=True)
    check_new_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = ClassTable().with_added(DISC).with_added(SQUARE)
    for number in range(images):
        yield Progress(number, images, "drawing discs and squares")
        image, annotation = draw_noisy_shapes(replace(recipe, seed=recipe.seed + number))
        path = folder / f"shapes_{number:03d}.png"
        write_bytes(path, encode_png((image * 255 + 0.5).astype(np.uint8)))
        save(Item(path.name, path, path.with_suffix(".json")), annotation, table, None)
    project = replace(open_project(folder), table=table, listed=True)
    project.save()
    yield project


def draw_noisy_shapes(recipe: Recipe) -> tuple[NDArray[np.float32], Annotation]:
    """Image (ny, nx) or (ny, nx, 3) in 0..1, and its annotation.

    On an image of ones discs are drawn, then squares, later over earlier; Gaussian noise is added; the result is
    stretched to 0..1.
    """
    rng = np.random.default_rng(recipe.seed)
    channels = 3 if recipe.rgb else 1
    image = np.ones((recipe.ny, recipe.nx, channels), np.float32)
    annotation = Annotation(recipe.ny, recipe.nx)
    for index in range(recipe.count + (recipe.count // 2 if recipe.rectangles else 0)):
        shape = _draw_shape(recipe, DISC if index < recipe.count else SQUARE, rng)
        box, mask = rasterise_vector_shape(shape, annotation.box)
        image[box.slices][mask] = rng.integers(1, 255, channels)
        annotation = annotation.with_added(shape)
    image += rng.normal(0.0, recipe.sigma, image.shape).astype(np.float32) if recipe.sigma else 0
    image = (image - image.min()) / max(float(np.ptp(image)), 1e-6)
    return (image if recipe.rgb else image[:, :, 0]), annotation


def _draw_shape(recipe: Recipe, label: str, rng: np.random.Generator) -> Shape:
    """A shape of random place and size."""
    x = float(rng.integers(recipe.border, recipe.nx - recipe.border))
    y = float(rng.integers(recipe.border, recipe.ny - recipe.border))
    radius = float(rng.integers(recipe.r_min, recipe.r_max))
    if label == DISC:
        return Shape(DISC, CIRCLE, ((x, y), (x + radius, y)))
    return Shape(SQUARE, RECTANGLE, ((x - radius, y - radius), (x + radius, y + radius)))
