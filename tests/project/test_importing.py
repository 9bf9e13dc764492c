"""Import: classes are mapped, conflicts reported, nothing is overwritten, and no image becomes hidden."""

from __future__ import annotations

import base64
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise
from segstudio.errors import FormatError, ProjectError, SegstudioError
from segstudio.events import Problem
from segstudio.formats import temporary_folder as scratch
from segstudio.formats.dataset import ReadOptions
from segstudio.formats.registry import open_dataset
from segstudio.project.importing import RENAME, Imported, ImportOptions, ImportPreview, import_images, preview_import
from segstudio.project.mapping import DROP, ClassMapping, parse_mapping, propose_mapping
from segstudio.project.project import open_project
from segstudio.project.store import load, status_of
from tests.formats import samples
from tests.formats.layouts import LAYOUTS, make_coco, make_labelme, make_masks, make_voc
from tests.formats.samples import open_path


def bring(root: Path, project: Path, options: ImportOptions | None = None) -> tuple[Imported, list[Problem]]:
    events = list(import_images(open_path(root)[1], project, options))
    report = events[-1]
    assert isinstance(report, Imported)
    return report, [event for event in events if isinstance(event, Problem)]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_becomes_a_project_with_its_image_and_labels(name: str, tmp_path: Path) -> None:
    LAYOUTS[name](tmp_path / "in")
    report, _ = bring(tmp_path / "in", tmp_path / "out")
    assert (report.images, report.left_out) == (1, 0)
    project = open_project(tmp_path / "out")
    (item,) = project.items()
    stored = load(item)
    assert not stored.problem
    assert all(project.table.id_of(label) is not None for label in stored.annotation.labels)


def test_classes_are_renamed_merged_ignored_and_dropped_as_mapped(tmp_path: Path) -> None:
    records = [
        {"bbox": [0, 0, 5, 5]},
        {"bbox": [10, 0, 5, 5], "category_id": 7},
        {"bbox": [20, 0, 5, 5], "category_id": 8},
    ]
    categories = [
        {"id": 1, "name": "cat"},
        {"id": 7, "name": "dog"},
        {"id": 8, "name": "hat"},
        {"id": 9, "name": "cap"},
    ]
    path = samples.make_coco_json(tmp_path / "f" / "f.json", records, categories=categories)
    mapping = ClassMapping({"cat": "animal", "dog": "__ignore__", "hat": DROP, "cap": "animal"}, {"animal": (1, 2, 3)})
    _, problems = bring(path, tmp_path / "p", ImportOptions(mapping))
    project = open_project(tmp_path / "p")
    assert project.table.names == ["_background_", "animal"]
    assert project.table[1].colour == (1, 2, 3)
    (item,) = project.items()
    plane = rasterise(load(item).annotation, project.table)
    assert (plane[2, 2], plane[2, 12], plane[2, 22]) == (1, 255, 254)
    assert any("1 objects of hat were dropped" in problem.what for problem in problems)


def test_a_mapping_is_proposed_for_the_classes_of_a_dataset() -> None:
    project = ClassTable.from_names(["_background_", "Traffic Light", "car"])
    names = ["background", "traffic_light", "car", "Void", "bus"]
    assert propose_mapping(names, project) == {
        "background": "_background_",
        "traffic_light": "Traffic Light",
        "Void": "__ignore__",
    }
    assert propose_mapping(["Void", "a"], ClassTable()) == {}, "class 0 is never ignored unasked"


def test_a_mapping_is_written_as_source_equals_class() -> None:
    assert parse_mapping(["a=b", "void=__ignore__", "x="]) == {"a": "b", "void": "__ignore__", "x": DROP}
    with pytest.raises(ProjectError, match="write SOURCE=CLASS"):
        parse_mapping(["nothing"])


def test_images_that_are_in_the_project_already_only_get_labels(tmp_path: Path) -> None:
    make_coco(tmp_path / "in")
    samples.make_image(tmp_path / "in" / "b.jpg")
    before = (tmp_path / "in" / "a.jpg").stat().st_mtime_ns
    report, problems = bring(tmp_path / "in", tmp_path / "in")
    assert (report.images, [p for p in problems if "only a box" not in p.what]) == (1, [])
    assert (tmp_path / "in" / "a.jpg").stat().st_mtime_ns == before
    assert len(list(open_project(tmp_path / "in").items())) == 2


def test_an_image_with_a_taken_name_is_left_out_or_numbered_and_overwrites_nothing(tmp_path: Path) -> None:
    make_coco(tmp_path / "in")
    samples.make_image(tmp_path / "out" / "a.jpg", 9, 9)
    mine = (tmp_path / "out" / "a.jpg").read_bytes()
    report, problems = bring(tmp_path / "in", tmp_path / "out")
    assert (report.images, report.left_out) == (0, 1)
    assert "is there already" in problems[-1].what
    report, problems = bring(tmp_path / "in", tmp_path / "out", ImportOptions(taken=RENAME))
    assert report.images == 1
    assert any("a.jpg is called a-2.jpg here" in problem.what for problem in problems)
    assert (tmp_path / "out" / "a.jpg").read_bytes() == mine


def test_two_images_of_one_stem_keep_their_own_labels(tmp_path: Path) -> None:
    images = [{"id": n, "file_name": name, "height": 40, "width": 50} for n, name in ((1, "x.jpg"), (2, "x.png"))]
    records = [{"image_id": 1, "bbox": [0, 0, 5, 5]}, {"image_id": 2, "bbox": [0, 0, 9, 9]}]
    path = samples.make_coco_json(tmp_path / "in" / "f.json", records, images=images)
    for name in ("x.jpg", "x.png"):
        samples.make_image(tmp_path / "in" / name)
    report, _ = bring(path, tmp_path / "out")
    assert report.images == 2
    project = open_project(tmp_path / "out")
    counts = {i.name: int((rasterise(load(i).annotation, project.table) == 1).sum()) for i in project.items()}
    assert counts == {"x.jpg": 25, "x.png": 81}


def test_a_broken_symlink_is_not_written_through(tmp_path: Path) -> None:
    make_coco(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    report, _ = bring(tmp_path / "in", tmp_path / "out")
    assert report.images == 0
    assert not (tmp_path / "elsewhere.jpg").exists()


def test_a_symlink_to_a_file_outside_the_dataset_is_not_imported(tmp_path: Path) -> None:
    samples.make_image(tmp_path / "secret.jpg")
    make_labelme(tmp_path / "in")
    (tmp_path / "in" / "a.jpg").unlink()
    (tmp_path / "in" / "a.jpg").symlink_to(tmp_path / "secret.jpg")
    report, problems = bring(tmp_path / "in", tmp_path / "out")
    assert report.images == 0
    assert "has no image" in problems[0].what


def test_a_labelme_file_imports_no_image_outside_its_folder(tmp_path: Path) -> None:
    samples.make_image(tmp_path / "private" / "s.png")
    shape = {"label": "cat", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"}
    samples.write_text(tmp_path / "in" / "a.json", json.dumps({"shapes": [shape], "imagePath": "../private/s.png"}))
    report, problems = bring(tmp_path / "in", tmp_path / "out")
    assert report.images == 0
    assert "outside its folder" in problems[0].what or "no image" in problems[0].what


def test_images_in_images_beside_the_labels_are_found(tmp_path: Path) -> None:
    make_labelme(tmp_path / "labels")
    (tmp_path / "images").mkdir()
    (tmp_path / "labels" / "a.jpg").rename(tmp_path / "images" / "a.jpg")
    assert bring(tmp_path / "labels", tmp_path / "out")[0].images == 1


def test_an_image_that_would_be_hidden_is_refused(tmp_path: Path) -> None:
    images = [{"id": 3, "file_name": ".segstudio/project.png", "height": 40, "width": 50}]
    path = samples.make_coco_json(tmp_path / "in" / "f.json", [{"bbox": [0, 0, 5, 5]}], images=images)
    samples.make_image(tmp_path / "in" / ".segstudio" / "project.png")
    report, _ = bring(path, tmp_path / "out")
    assert report.images == 0


def test_stopping_an_import_keeps_what_was_imported(tmp_path: Path) -> None:
    for number in range(4):
        samples.make_image(tmp_path / "in" / "images" / f"{number}.png")
        Image.fromarray(np.ones((40, 50), np.uint8)).save(
            samples.make_image(tmp_path / "in" / "masks" / f"{number}.png")
        )
    samples.write_text(tmp_path / "in" / "classes.txt", "_background_\ncat\n")
    events = import_images(open_path(tmp_path / "in")[1], tmp_path / "out")
    for _ in range(3):
        next(events)
    events.close()
    project = open_project(tmp_path / "out")
    assert project.table.names == ["_background_", "cat"]
    assert len(list(project.items())) == 2


def test_a_preview_writes_nothing_and_has_classes_and_conflicts(tmp_path: Path) -> None:
    make_voc(tmp_path / "in")
    bring(tmp_path / "in", tmp_path / "out")
    before = sorted(tmp_path.rglob("*"))
    *_, found = preview_import(open_path(tmp_path / "in")[1], tmp_path / "out")
    assert isinstance(found, ImportPreview)
    assert (found.names, found.entries, found.held_out, found.taken) == (("_background_", "cat"), 1, 1, ("a",))
    assert len(found.first_images) == 1
    assert sorted(tmp_path.rglob("*")) == before
    make_masks(tmp_path / "masks")
    *_, found = preview_import(open_path(tmp_path / "masks")[1], tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_an_image_with_too_many_classes_is_left_out_and_not_copied(tmp_path: Path) -> None:
    for name, labels in (("a", range(1)), ("b", range(300))):
        samples.make_image(tmp_path / "in" / f"{name}.jpg")
        shapes = [{"label": f"c{n}", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"} for n in labels]
        samples.write_text(tmp_path / "in" / f"{name}.json", json.dumps({"shapes": shapes, "imagePath": f"{name}.jpg"}))
    report, problems = bring(tmp_path / "in", tmp_path / "out")
    assert (report.images, report.left_out) == (1, 1)
    assert "at most 254" in problems[0].what
    assert [item.name for item in open_project(tmp_path / "out").items()] == ["a.jpg"]


def test_blank_labels_get_a_name(tmp_path: Path) -> None:
    samples.make_image(tmp_path / "in" / "a.jpg")
    shape = {"label": " ", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"}
    samples.write_text(tmp_path / "in" / "a.json", json.dumps({"shapes": [shape], "imagePath": "a.jpg"}))
    _, problems = bring(tmp_path / "in", tmp_path / "out")
    assert "1 objects without a label are called no_name" in problems[0].what
    assert open_project(tmp_path / "out").table.names[-1] == "no_name"


@pytest.mark.parametrize("name", ["cvat", "voc", "coco"])
@pytest.mark.parametrize("inside", ["", "task/"])
def test_a_zip_file_is_imported(name: str, inside: str, tmp_path: Path) -> None:
    LAYOUTS[name](tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for path in sorted((tmp_path / "in").rglob("*")):
            archive.write(path, f"{inside}{path.relative_to(tmp_path / 'in')}")
    shutil.rmtree(tmp_path / "in")
    report, _ = bring(tmp_path / "in.zip", tmp_path / "out")
    assert report.images == 1


def test_a_zip_bomb_and_a_zip_with_paths_outside_it_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_MAX_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", bytes(12 << 20))
    with pytest.raises(FormatError, match="would unpack to 12 MB"):
        open_path(tmp_path / "bomb.zip")
    with zipfile.ZipFile(tmp_path / "climb.zip", "w") as archive:
        archive.writestr("../../outside.txt", "x")
    with pytest.raises(SegstudioError, match="cannot be imported"):
        open_path(tmp_path / "climb.zip")
    assert not (tmp_path.parent / "outside.txt").exists()
    samples.write_text(tmp_path / "broken.zip", "no archive")
    with pytest.raises(SegstudioError, match="cannot be unpacked"):
        open_path(tmp_path / "broken.zip")


def test_an_image_embedded_in_a_labelme_file_is_extracted(tmp_path: Path) -> None:
    data = samples.make_image(tmp_path / "a.png").read_bytes()
    shape = {"label": "cat", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"}
    plain = {"shapes": [shape], "imagePath": "..\\elsewhere\\a.jpg", "imageData": base64.b64encode(data).decode()}
    samples.write_text(tmp_path / "in" / "a.json", json.dumps(plain))
    report, problems = bring(tmp_path / "in", tmp_path / "out")
    assert report.images == 1
    assert "unpacked from the labels file" in problems[0].what
    assert (tmp_path / "out" / "a.png").read_bytes() == data


def test_an_image_whose_every_object_failed_is_not_marked_done(tmp_path: Path) -> None:
    path = samples.make_coco_json(tmp_path / "in" / "f.json", [{"category_id": 99, "bbox": [0, 0, 3, 3]}])
    bring(path, tmp_path / "out")
    (item,) = open_project(tmp_path / "out").items()
    assert status_of(load(item).annotation) == "todo"


def test_isbi_is_imported_pixel_for_pixel_with_its_split(shared: Path, tmp_path: Path) -> None:
    _, source = open_dataset(shared / "isbi2012", ReadOptions())
    *_, report = import_images(source, tmp_path / "isbi")
    assert (report.images, report.shapes) == (30, 60)
    project = open_project(tmp_path / "isbi")
    assert sum(project.held_out.values()) == 6
    for item in project.items():
        truth = np.asarray(Image.open(shared / "isbi2012" / "train" / "labels" / item.name)) == 255
        assert (rasterise(load(item).annotation, project.table) == truth).all()


def test_importing_twice_overwrites_nothing_and_reports_it(shared: Path, tmp_path: Path) -> None:
    _, source = open_dataset(shared / "labelme_examples" / "semantic_segmentation" / "data_annotated", ReadOptions())
    list(import_images(source, tmp_path / "out"))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.json")}
    events = list(import_images(source, tmp_path / "out"))
    assert sum(isinstance(event, Problem) for event in events) == 3
    assert events[-1] == Imported(tmp_path / "out", 0, 0, 3)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.json")} == before
    assert open_project(tmp_path / "out").table.names[:2] == ["_background_", "aeroplane"]
