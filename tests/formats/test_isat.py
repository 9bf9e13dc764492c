"""ISAT JSON."""

from __future__ import annotations

from pathlib import Path

from tests.formats.layouts import (
    make_isat,
)
from tests.formats.samples import open_path, rasterise_classes, read_first


def test_isat_background_cuts_a_hole_wherever_it_is_in_the_file(tmp_path: Path) -> None:
    make_isat(tmp_path)
    found = rasterise_classes(read_first(tmp_path), "cat")
    assert not found[5:15, 5:15].any()
    assert (found[16:30, 0:30] == 1).all()
    assert open_path(tmp_path)[1].table.names == ["_background_", "cat"]
