"""An image on disk, a class table and a shape for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from segstudio.core.classes import ClassTable
from segstudio.core.shape import Shape
from segstudio.project.item import Item

TABLE = ClassTable.from_names(["_background_", "car"])
CAR = Shape("car", "polygon", ((1.0, 1.0), (20.0, 1.0), (20.0, 20.0)))


def make_item(folder: Path, name: str = "a.png", size: tuple[int, int] = (30, 40)) -> Item:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros(size, np.uint8)).save(path)
    return Item(name, path, path.with_suffix(".json"))
