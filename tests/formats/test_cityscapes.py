"""Cityscapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.raster import rasterise
from tests.formats.layouts import (
    make_cityscapes,
    square,
)
from tests.formats.samples import open_path


def test_train_ids_and_label_ids_are_read_and_objects_stay_separate(tmp_path: Path) -> None:
    make_cityscapes(tmp_path)
    for ids, car, road, classes in (("trainIds", 13, 0, 19), ("labelIds", 26, 7, 34)):
        _, dataset = open_path(tmp_path, ids=ids)
        assert len(dataset.table) == classes
        imported = dataset.entries[0].read()
        found = rasterise(imported.annotation, dataset.table)
        assert (found == np.where(square() == 1, car, road)).all()
        assert {shape.instance for shape in imported.annotation.shapes} == {26_001, None}
    assert dataset.held_out == {"val/ulm/ulm_000001"}
