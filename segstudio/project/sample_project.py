"""A project to try things on, made from nothing: noisy discs and squares with labelme files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from segstudio.core.classes import ClassTable
from segstudio.core.synthetic import DISC, SQUARE, Recipe, noisy_shapes
from segstudio.errors import ProjectError
from segstudio.events import Progress
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import png_bytes
from segstudio.project.item import Item
from segstudio.project.project import Project, open_project
from segstudio.project.store import save

NUM_IMAGES = 24


def make_sample_project(
    folder: Path, images: int = NUM_IMAGES, recipe: Recipe | None = None
) -> Iterator[Progress | Project]:
    """Raises ProjectError when `folder` holds anything."""
    recipe = recipe or Recipe(rgb=True)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProjectError(f"{folder}: is not empty; choose a new folder for the sample")
    folder.mkdir(parents=True, exist_ok=True)
    table = ClassTable().with_added(DISC).with_added(SQUARE)
    for number in range(images):
        yield Progress(number, images, "drawing discs and squares")
        image, annotation = noisy_shapes(replace(recipe, seed=recipe.seed + number))
        path = folder / f"shapes_{number:03d}.png"
        write_bytes(path, png_bytes((image * 255 + 0.5).astype(np.uint8)))
        save(Item(path.name, path, path.with_suffix(".json")), annotation, table, None)
    project = replace(open_project(folder), table=table, listed=True)
    project.save()
    yield project
