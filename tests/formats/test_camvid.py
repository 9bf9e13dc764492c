"""CamVid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.classes import IGNORE
from segstudio.core.raster import rasterise
from tests.formats import samples
from tests.formats.layouts import (
    make_camvid,
    png,
    square,
)
from tests.formats.samples import HEIGHT, WIDTH, open_path, read_first


def test_camvid_colours_need_no_label_map_and_void_is_ignored(tmp_path: Path) -> None:
    make_camvid(tmp_path)
    _, dataset = open_path(tmp_path)
    found = rasterise(dataset.entries[0].read().annotation, dataset.table)
    assert {dataset.table.name_of(value) for value in np.unique(found)} == {"Car", "Sky"}
    png(tmp_path / "valannot" / "a.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert (rasterise(read_first(tmp_path).annotation, dataset.table) == IGNORE).all()


def test_the_folders_and_label_colours_of_cambridge_are_read(tmp_path: Path) -> None:
    samples.make_image(tmp_path / "701_StillsRaw_full" / "a.png")
    colours = np.where((square() == 1)[..., None], (64, 0, 128), (0, 0, 0)).astype(np.uint8)
    png(tmp_path / "LabeledApproved_full" / "a_L.png", colours)
    samples.write_text(tmp_path / "label_colors.txt", "64 0 128\tCar\n0 0 0\t\tVoid\n")
    name, dataset = open_path(tmp_path)
    assert name == "camvid"
    found = rasterise(dataset.entries[0].read().annotation, dataset.table)
    assert (found == np.where(square() == 1, 0, IGNORE)).all()
