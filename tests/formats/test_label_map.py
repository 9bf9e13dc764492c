"""Label maps and class lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from segstudio.core.classes import IGNORE
from segstudio.formats.masks import label_map
from tests.formats import samples


@pytest.mark.parametrize(
    ("content", "names", "colours"),
    [
        ("__ignore__\n_background_\ncat\n\n", ["_background_", "cat"], 0),
        ("# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:9,8,7::\nignored:224,224,192::\n", None, 3),
        ("64 128 64\tAnimal\n192 0 128\tArchway\n", ["Animal", "Archway"], 2),
        ("0: unlabeled\n1: person\n", ["unlabeled", "person"], 0),
        ("name,r,g,b\nSky,1,2,3\nCar,4,5,6\n", ["Sky", "Car"], 2),
    ],
)
def test_class_lists_of_every_kind_are_read(
    content: str, names: list[str] | None, colours: int, tmp_path: Path
) -> None:
    path = samples.write_text(tmp_path / ("l.csv" if content.startswith("name,") else "l.txt"), content)
    found = label_map.read(path)
    assert found.table.names == (names or ["background", "cat"])
    assert len(found.colours) == colours
    assert found.values[0] == 0
    if names is None:
        assert found.colours[224, 224, 192] == IGNORE
