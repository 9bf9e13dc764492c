"""What lint finds, and that mending mends it and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise
from segstudio.core.shape import Shape
from segstudio.project.item import Item
from segstudio.project.lint import EMPTY, NAMES, SIZE, SLIVER, TWICE, UNKNOWN, Finding, lint_project
from segstudio.project.lint_fixes import mend
from segstudio.project.project import Project, open_project
from segstudio.project.store import load, save

TABLE = ClassTable.from_names(["_background_", "car", "tree"])
CAR = Shape("car", "rectangle", ((10.0, 10.0), (60.0, 60.0)))


def project_of(folder: Path, shapes: tuple[Shape, ...] = (CAR,), table: ClassTable = TABLE, images: int = 1) -> Project:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(list(folder.iterdir())))
    for number in range(images):
        path = folder / f"p{number}.png"
        Image.fromarray(rng.integers(0, 255, (100, 100, 3), dtype=np.uint8)).save(path)
        save(Item(path.name, path, path.with_suffix(".json")), Annotation(100, 100, shapes), table, None)
    project = replace(open_project(folder), table=table)
    project.save()
    return open_project(folder)


def found(project: Project) -> list[Finding]:
    return [event for event in lint_project(project, list(project.items())) if isinstance(event, Finding)]


def mended(project: Project, findings: list[Finding]) -> list[Finding]:
    events = mend(project, list(project.items()), findings)
    return [event for event in events if isinstance(event, Finding)]


def test_a_sound_project_has_no_findings(tmp_path: Path) -> None:
    assert found(project_of(tmp_path, images=3)) == []


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("car", "Car", True),
        ("traffic light", "traffic_light", True),
        ("tree", "trees", True),
        ("pedestrian", "pedestrain", True),
        ("car", "cat", False),
        ("lane 1", "lane 2", False),
        ("class_1", "class_12", False),
        ("left arm", "right arm", False),
    ],
)
def test_names_that_look_like_one(a: str, b: str, alike: bool, tmp_path: Path) -> None:
    project = project_of(tmp_path, (), ClassTable.from_names(["_background_", a, b]))
    assert [finding.kind for finding in found(project)] == ([NAMES] if alike else [])


def test_merging_two_names_keeps_every_pixel_and_reads_the_old_name(tmp_path: Path) -> None:
    shapes = (CAR, Shape("Car", "rectangle", ((70.0, 70.0), (90.0, 90.0))))
    project = project_of(tmp_path, shapes, ClassTable.from_names(["_background_", "car", "Car", "tree"]))
    findings = found(project)
    assert mended(project, findings) == findings
    after = open_project(tmp_path)
    assert after.table.names == ["_background_", "car", "tree"]
    (item,) = after.items()
    plane = rasterise(load(item).annotation, after.table)
    assert (plane == 1).sum() == 51 * 51 + 21 * 21
    assert found(after) == []


def test_unknown_labels_are_added_or_read_as_the_class_they_resemble(tmp_path: Path) -> None:
    shapes = (
        CAR,
        Shape("trees", "rectangle", ((1.0, 70.0), (9.0, 90.0))),
        Shape("boat", "rectangle", ((70.0, 1.0), (90.0, 9.0))),
    )
    project_of(tmp_path, shapes)
    project = open_project(tmp_path)
    findings = found(project)
    assert [(f.kind, f.about) for f in findings] == [(UNKNOWN, ("trees", "tree")), (UNKNOWN, ("boat", ""))]
    mended(project, findings)
    after = open_project(tmp_path)
    assert after.table.names == ["_background_", "car", "tree", "boat"]
    assert after.table.id_of("trees") == 2
    assert found(after) == []


def test_labels_of_a_image_of_another_size_are_scaled_and_the_file_is_kept_as_it_was(tmp_path: Path) -> None:
    project = project_of(tmp_path, (Shape("car", "polygon", ((150.0, 150.0), (190.0, 150.0), (190.0, 190.0))),))
    path = tmp_path / "p0.json"
    plain = json.loads(path.read_text())
    path.write_text(json.dumps({**plain, "imageHeight": 200, "imageWidth": 200}))
    before = path.read_bytes()
    findings = found(project)
    assert [finding.kind for finding in findings] == [SIZE], "nothing is said of shapes that lie in the wrong place"
    mended(project, findings)
    shapes = load(next(iter(project.items()))).annotation.shapes
    assert shapes[0].points == ((75.0, 75.0), (95.0, 75.0), (95.0, 95.0))
    assert found(project) == []
    assert (tmp_path / ".segstudio" / "before-mending" / "p0.png.json").read_bytes() == before


def test_empty_objects_and_slivers_are_deleted_and_lines_are_none(tmp_path: Path) -> None:
    shapes = (
        CAR,
        Shape("tree", "rectangle", ((500.0, 500.0), (600.0, 600.0))),
        Shape("tree", "polygon", ((5.0, 80.0), (95.0, 80.0), (95.0, 81.0))),
        Shape("tree", "point", ((80.0, 20.0),)),
    )
    project = project_of(tmp_path, shapes)
    findings = found(project)
    assert [finding.kind for finding in findings] == [EMPTY, SLIVER]
    mended(project, findings)
    assert load(next(iter(project.items()))).annotation.shapes == (shapes[0], shapes[3])


def test_a_finding_that_is_out_of_date_deletes_nothing(tmp_path: Path) -> None:
    gone = Shape("car", "rectangle", ((500.0, 500.0), (600.0, 600.0)))
    project = project_of(tmp_path, (gone, CAR))
    findings = found(project)
    item = next(iter(project.items()))
    stored = load(item)
    save(item, stored.annotation.with_shapes((CAR,)), project.table, stored.stamp)
    assert mended(project, findings) == []
    assert load(item).annotation.shapes == (CAR,)


def test_a_image_on_both_sides_of_the_split_goes_to_one(tmp_path: Path) -> None:
    project = project_of(tmp_path, images=6)
    (tmp_path / "p5.png").write_bytes((tmp_path / "p0.png").read_bytes())
    project = replace(project, held_out={f"p{n}.png": n == 5 for n in range(6)})
    project.save()
    findings = found(project)
    assert [(finding.kind, finding.about) for finding in findings] == [(TWICE, ("p0.png", "p5.png"))]
    mended(project, findings)
    held = open_project(tmp_path).held_out
    assert held["p0.png"] == held["p5.png"]
    assert [f for f in found(open_project(tmp_path)) if f.kind == TWICE] == []
