"""The index: item states and confusion matrices are kept until they are out of date."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.project.index import Index, scan
from segstudio.project.item import DONE, TODO, ItemState
from segstudio.project.project import open_project
from segstudio.project.store import save, stamp_of, with_status
from tests.project.items import CAR, TABLE, make_item


def test_the_index_keeps_states_until_a_file_changes_and_is_rebuilt_when_damaged(tmp_path: Path) -> None:
    items = [make_item(tmp_path, f"p{number}.png") for number in range(4)]
    save(items[0], with_status(Annotation(30, 40, (CAR,)), DONE), TABLE, None)
    items[1].annotation_path.write_text("{ broken")
    project = open_project(tmp_path)

    def states() -> dict[str, ItemState]:
        return {s.name: s for s in scan(project, items) if isinstance(s, ItemState)}

    first = states()
    assert first["p0.png"] == ItemState("p0.png", True, DONE, ("car",), "")
    assert first["p1.png"].problem
    assert first["p2.png"] == ItemState("p2.png")
    assert states() == first
    save(items[0], Annotation(30, 40, (CAR, replace(CAR, label="road"))), TABLE, stamp_of(items[0]))
    assert states()["p0.png"] == ItemState("p0.png", True, TODO, ("car", "road"), "")
    save(items[0], with_status(Annotation(30, 40, (CAR,)), DONE), TABLE, stamp_of(items[0]))
    save(items[2], Annotation(30, 40, (CAR,)), TABLE, None)
    assert states()["p2.png"].is_annotated
    project.index_file.write_bytes(b"no database at all")
    assert states()["p0.png"] == first["p0.png"]


def test_matrices_are_stored_by_run_and_classes(tmp_path: Path) -> None:
    matrix = np.arange(4).reshape(2, 2)
    with Index(tmp_path / "index.sqlite") as index:
        index.put_matrix("r", "a.png", ["x", "y"], matrix)
    with Index(tmp_path / "index.sqlite") as index:
        assert index.read_matrices("r", ["x", "y"])["a.png"].tolist() == matrix.tolist()
        assert index.read_matrices("r", ["x", "z"]) == {}
        assert index.read_matrices("other", ["x", "y"]) == {}
