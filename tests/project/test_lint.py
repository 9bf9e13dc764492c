"""What lint finds, and that fixes change this and nothing else."""

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
from segstudio.project.item import DONE, Item
from segstudio.project.lint import (
    DUPLICATE,
    EMPTY,
    NAMES,
    SIZE,
    SLIVER,
    UNKNOWN,
    AddLabel,
    Finding,
    RecordSides,
    lint_project,
)
from segstudio.project.lint_fixes import apply_fixes
from segstudio.project.project import Project, open_project
from segstudio.project.samples import gather
from segstudio.project.store import load, save, with_status

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


def find(project: Project) -> list[Finding]:
    return [event for event in lint_project(project, list(project.items())) if isinstance(event, Finding)]


def fix(project: Project, findings: list[Finding]) -> list[Finding]:
    events = apply_fixes(project, list(project.items()), findings)
    return [event for event in events if isinstance(event, Finding)]


def test_a_sound_project_has_no_findings(tmp_path: Path) -> None:
    assert find(project_of(tmp_path, images=3)) == []


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
def test_similar_class_names_are_found(a: str, b: str, alike: bool, tmp_path: Path) -> None:
    project = project_of(tmp_path, (), ClassTable.from_names(["_background_", a, b]))
    assert [finding.kind for finding in find(project)] == ([NAMES] if alike else [])


def test_merging_two_names_keeps_every_pixel_and_reads_the_old_name(tmp_path: Path) -> None:
    shapes = (CAR, Shape("Car", "rectangle", ((70.0, 70.0), (90.0, 90.0))))
    project = project_of(tmp_path, shapes, ClassTable.from_names(["_background_", "car", "Car", "tree"]))
    findings = find(project)
    assert fix(project, findings) == findings
    after = open_project(tmp_path)
    assert after.table.names == ["_background_", "car", "tree"]
    (item,) = after.items()
    plane = rasterise(load(item).annotation, after.table)
    assert (plane == 1).sum() == 51 * 51 + 21 * 21
    assert find(after) == []


def test_unknown_labels_are_added_or_become_an_alias_of_a_similar_class(tmp_path: Path) -> None:
    shapes = (
        CAR,
        Shape("trees", "rectangle", ((1.0, 70.0), (9.0, 90.0))),
        Shape("boat", "rectangle", ((70.0, 1.0), (90.0, 9.0))),
    )
    project_of(tmp_path, shapes)
    project = open_project(tmp_path)
    findings = find(project)
    assert [(f.kind, f.fix) for f in findings] == [(UNKNOWN, AddLabel("trees", "tree")), (UNKNOWN, AddLabel("boat"))]
    fix(project, findings)
    after = open_project(tmp_path)
    assert after.table.names == ["_background_", "car", "tree", "boat"]
    assert after.table.id_of("trees") == 2
    assert find(after) == []


def test_labels_for_another_image_size_are_scaled_and_the_old_file_is_kept(tmp_path: Path) -> None:
    project = project_of(tmp_path, (Shape("car", "polygon", ((150.0, 150.0), (190.0, 150.0), (190.0, 190.0))),))
    path = tmp_path / "p0.json"
    plain = json.loads(path.read_text())
    path.write_text(json.dumps({**plain, "imageHeight": 200, "imageWidth": 200}))
    before = path.read_bytes()
    findings = find(project)
    assert [finding.kind for finding in findings] == [SIZE], "shapes in the wrong place are not checked"
    fix(project, findings)
    shapes = load(next(iter(project.items()))).annotation.shapes
    assert shapes[0].points == ((75.0, 75.0), (95.0, 75.0), (95.0, 95.0))
    assert find(project) == []
    assert (tmp_path / ".segstudio" / "before-fixes" / "p0.png.json").read_bytes() == before


def test_a_size_that_was_corrected_since_is_not_scaled_again(tmp_path: Path) -> None:
    project = project_of(tmp_path)
    path = tmp_path / "p0.json"
    plain = json.loads(path.read_text())
    path.write_text(json.dumps({**plain, "imageHeight": 200, "imageWidth": 200}))
    findings = find(project)
    path.write_text(json.dumps(plain))
    before = path.read_bytes()
    assert [finding.kind for finding in findings] == [SIZE]
    assert fix(project, findings) == []
    assert path.read_bytes() == before


def test_empty_objects_and_slivers_are_deleted_but_not_points(tmp_path: Path) -> None:
    shapes = (
        CAR,
        Shape("tree", "rectangle", ((500.0, 500.0), (600.0, 600.0))),
        Shape("tree", "polygon", ((5.0, 80.0), (95.0, 80.0), (95.0, 81.0))),
        Shape("tree", "point", ((80.0, 20.0),)),
    )
    project = project_of(tmp_path, shapes)
    findings = find(project)
    assert [finding.kind for finding in findings] == [EMPTY, SLIVER]
    fix(project, findings)
    assert load(next(iter(project.items()))).annotation.shapes == (shapes[0], shapes[3])


def test_an_outdated_finding_deletes_nothing(tmp_path: Path) -> None:
    gone = Shape("car", "rectangle", ((500.0, 500.0), (600.0, 600.0)))
    project = project_of(tmp_path, (gone, CAR))
    findings = find(project)
    item = next(iter(project.items()))
    stored = load(item)
    save(item, stored.annotation.with_shapes((CAR,)), project.table, stored.stamp)
    assert fix(project, findings) == []
    assert load(item).annotation.shapes == (CAR,)


def test_the_copy_that_0_1_0_kept_of_a_file_is_not_replaced(tmp_path: Path) -> None:
    project = project_of(tmp_path, (CAR, Shape("car", "rectangle", ((500.0, 500.0), (600.0, 600.0)))))
    old = tmp_path / ".segstudio" / "before-mending" / "p0.png.json"
    old.parent.mkdir()
    old.write_text("the file as a person left it")
    assert len(fix(project, find(project))) == 1
    assert not (tmp_path / ".segstudio" / "before-fixes").exists()


def with_duplicates(
    folder: Path, held_out: dict[str, bool], *, images: int = 6, same: tuple[int, ...] = (0, 5)
) -> Project:
    """Images p0.png, p1.png … with these sides recorded, of which those numbered `same` have the same content."""
    project = project_of(folder, images=images)
    for number in same:
        (folder / f"p{number}.png").write_bytes((folder / f"p{same[0]}.png").read_bytes())
    replace(project, held_out=held_out, split_by="folder").save()
    return open_project(folder)


def training_sides(project: Project) -> dict[str, bool]:
    *_, samples = gather(project, list(project.items()))
    assert isinstance(samples, tuple)
    return {sample.name: sample.held_out for sample in samples}


@pytest.mark.parametrize("majority", [True, False])
def test_duplicates_recorded_on_both_sides_of_the_split_get_the_side_that_training_uses(
    majority: bool, tmp_path: Path
) -> None:
    sides = {f"p{n}.png": n % 2 == 1 for n in range(7)} | {"p0.png": majority, "p4.png": majority}
    project = with_duplicates(tmp_path, sides | {"p5.png": not majority}, images=7, same=(0, 4, 5))
    (finding,) = find(project)
    names = ("p0.png", "p4.png", "p5.png")
    assert (finding.kind, finding.item) == (DUPLICATE, "p0.png")
    assert finding.fix == RecordSides(names, majority)
    before = training_sides(project)
    assert {before[name] for name in names} == {majority}
    assert fix(project, [finding]) == [finding]
    after = open_project(tmp_path)
    assert training_sides(after) == before
    assert {after.held_out[name] for name in names} == {majority}
    assert find(after) == []


def test_duplicates_that_training_puts_on_one_side_are_not_reported(tmp_path: Path) -> None:
    project = with_duplicates(tmp_path, {f"p{n}.png": n == 1 for n in range(5)})
    assert "p5.png" not in project.held_out
    assert find(project) == []
    assert len({training_sides(project)[name] for name in ("p0.png", "p5.png")}) == 1


def test_duplicates_that_are_not_annotated_are_not_reported(tmp_path: Path) -> None:
    project = with_duplicates(tmp_path, {f"p{n}.png": n == 5 for n in range(6)})
    (tmp_path / "p5.json").unlink()
    assert find(project) == []
    item = next(item for item in project.items() if item.name == "p5.png")
    save(item, Annotation(100, 100), TABLE, None)
    assert find(project) == [], "a file without shapes"
    item.annotation_path.unlink()
    save(item, with_status(Annotation(100, 100), DONE), TABLE, None)
    assert [finding.kind for finding in find(project)] == [DUPLICATE], "an image that is done is annotated"


def test_the_only_two_images_are_reported_where_they_are_duplicates_and_nothing_fixes_it(tmp_path: Path) -> None:
    project = with_duplicates(tmp_path, {}, images=2, same=(0, 1))
    (finding,) = find(project)
    assert "no other images" in finding.text
    assert len(set(training_sides(project).values())) == 2
    assert fix(project, [finding]) == []
