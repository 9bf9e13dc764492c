"""Helpers that write small files of a dataset and read it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise
from segstudio.formats.dataset import DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.registry import open_dataset

HEIGHT, WIDTH = 40, 50


def make_image(path: Path, height: int = HEIGHT, width: int = WIDTH) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(path)
    return path


def write_text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    return path


def make_coco_json(path: Path, annotations: list[dict[str, Any]], **changes: Any) -> Path:
    """One image `a.jpg` and the categories 1: cat, 7: dog."""
    make_image(path.parent / "a.jpg")
    plain = {
        "images": [{"id": 3, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}],
        "annotations": [{"id": n, "image_id": 3, "category_id": 1, **each} for n, each in enumerate(annotations, 1)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 7, "name": "dog"}],
    }
    return write_text(path, json.dumps({**plain, **changes}))


def open_path(root: Path, name: str = "auto", **options: Any) -> tuple[str, DatasetReader]:
    return open_dataset(root, ReadOptions(**options), name)


def read_first(root: Path, name: str = "auto", **options: Any) -> ImportedImage:
    return open_path(root, name, **options)[1].entries[0].read()


def rasterise_classes(imported: ImportedImage, *names: str) -> np.ndarray:
    """The class plane with `_background_` and these names as classes; 0 where there is no shape."""
    out = rasterise(imported.annotation, ClassTable.from_names(["_background_", *names]))
    out[out == 254] = 0
    return out
