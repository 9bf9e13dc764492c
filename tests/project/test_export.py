"""VOC export against labelme; import; the sample project."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.raster import rasterise
from segstudio.core.shape import Shape
from segstudio.errors import ProjectError
from segstudio.events import Problem, Progress
from segstudio.formats import class_list
from segstudio.formats.dataset import SourceOptions
from segstudio.formats.registry import open_source
from segstudio.formats.voc.writer import VOC
from segstudio.project.export import Exported, export
from segstudio.project.importing import Imported, import_source
from segstudio.project.item import DONE
from segstudio.project.project import Project, open_project
from segstudio.project.sample_project import make_sample_project
from segstudio.project.store import load, save, with_status
from tests.oracles import labelme_planes
from tests.project.test_store import CAR, TABLE, image


def plane_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == "P"
        return np.asarray(image)


@pytest.mark.parametrize("task", ["semantic_segmentation", "instance_segmentation"])
def test_index_planes_equal_those_of_the_installed_labelme_in_every_pixel(
    shared: Path, task: str, tmp_path: Path
) -> None:
    source = shared / "labelme_examples" / task
    shutil.copytree(source / "data_annotated", tmp_path / "data")
    project = open_project(tmp_path / "data")
    table = class_list.read(source / "labels.txt")
    *_, report = export(replace(project, table=table), list(project.items()), tmp_path / "voc", VOC)
    assert report == Exported(tmp_path / "voc", 3, 0, 0)
    truth = labelme_planes(source / "labels.txt", tmp_path, sorted((tmp_path / "data").glob("*.json")))
    differing = 0
    for stem, (cls, ins) in truth.items():
        ours = plane_of(tmp_path / "voc" / "SegmentationClass" / f"{stem}.png")
        assert (ours == np.where(cls == -1, 255, cls)).all(), stem
        if task == "instance_segmentation":
            assert (plane_of(tmp_path / "voc" / "SegmentationObject" / f"{stem}.png") == ins).all(), stem
        expected = source / "data_dataset_voc" / "SegmentationClass" / f"{stem}.png"
        differing += int((ours != plane_of(expected)).sum())
    assert differing <= 1, "labelme's files, of an older Pillow, differ from its code of today in one pixel"
    assert (tmp_path / "voc" / "class_names.txt").read_text() == (
        source / "data_dataset_voc" / "class_names.txt"
    ).read_text()


def test_the_layout_is_vocs(tmp_path: Path) -> None:
    items = [image(tmp_path / "in", f"p{number}.png") for number in range(6)]
    for item in items[:3]:
        save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    save(items[3], with_status(Annotation(30, 40), DONE), TABLE, None)
    items[4].annotation_path.write_text("{ broken")
    project = replace(open_project(tmp_path / "in"), table=TABLE)
    events = list(export(project, items, tmp_path / "voc", VOC))
    assert [event.where for event in events if isinstance(event, Problem)] == ["p4.png"]
    assert events[-1] == Exported(tmp_path / "voc", 4, 1, 1)
    sets = {
        name: (tmp_path / "voc" / "ImageSets" / "Segmentation" / f"{name}.txt").read_text().split()
        for name in ("train", "val", "trainval")
    }
    assert sets["trainval"] == ["p0", "p1", "p2", "p3"]
    assert sorted(sets["train"] + sets["val"]) == sets["trainval"]
    assert sets["val"]
    assert sets["train"]
    for folder, suffix in (("JPEGImages", "jpg"), ("SegmentationClass", "png"), ("SegmentationObject", "png")):
        assert sorted(p.stem for p in (tmp_path / "voc" / folder).glob(f"*.{suffix}")) == sets["trainval"]
    assert not plane_of(tmp_path / "voc" / "SegmentationClass" / "p3.png").any()
    assert {p.name for p in (tmp_path / "voc").glob("*.txt")} == {"labelmap.txt", "class_names.txt", "labels.txt"}


def test_unlabelled_pixels_are_ignored_where_the_project_says_so(tmp_path: Path) -> None:
    item = image(tmp_path / "in")
    save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    project = replace(open_project(tmp_path / "in"), table=TABLE, unlabelled="ignore")
    list(export(project, [item], tmp_path / "voc", VOC))
    assert set(np.unique(plane_of(tmp_path / "voc" / "SegmentationClass" / "a.png"))) == {1, 255}


def test_nothing_is_written_into_a_folder_that_holds_anything(tmp_path: Path) -> None:
    item = image(tmp_path / "in")
    with pytest.raises(ProjectError, match="not empty"):
        list(export(open_project(tmp_path / "in"), [item], tmp_path / "in", VOC))


def test_two_names_that_become_one_are_told(tmp_path: Path) -> None:
    items = [image(tmp_path / "in", "a/b.png"), image(tmp_path / "in", "a_b.png")]
    for item in items:
        save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    project = replace(open_project(tmp_path / "in"), table=TABLE)
    problems = [e for e in export(project, items, tmp_path / "voc", VOC) if isinstance(e, Problem)]
    assert len(problems) == 1
    assert "a_b" in problems[0].what


def test_an_unknown_label_is_told_and_not_guessed(tmp_path: Path) -> None:
    item = image(tmp_path / "in")
    save(item, Annotation(30, 40, (Shape("boat", "rectangle", ((1, 1), (5, 5))),)), TABLE, None)
    project = replace(open_project(tmp_path / "in"), table=TABLE)
    problems = [e for e in export(project, [item], tmp_path / "voc", VOC) if isinstance(e, Problem)]
    assert "boat" in problems[0].what


def test_isbi_comes_in_pixel_for_pixel_with_its_split(shared: Path, tmp_path: Path) -> None:
    _, source = open_source(shared / "isbi2012", SourceOptions())
    *_, report = import_source(source, tmp_path / "isbi")
    assert (report.images, report.shapes) == (30, 60)
    project = open_project(tmp_path / "isbi")
    assert sum(project.held_out.values()) == 6
    for item in project.items():
        truth = np.asarray(Image.open(shared / "isbi2012" / "train" / "labels" / item.name)) == 255
        assert (rasterise(load(item).annotation, project.table) == truth).all()


def test_importing_twice_overwrites_nothing_and_says_so(shared: Path, tmp_path: Path) -> None:
    _, source = open_source(shared / "labelme_examples" / "semantic_segmentation" / "data_annotated", SourceOptions())
    list(import_source(source, tmp_path / "out"))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.json")}
    events = list(import_source(source, tmp_path / "out"))
    assert sum(isinstance(event, Problem) for event in events) == 3
    assert events[-1] == Imported(tmp_path / "out", 0, 0, 3)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.json")} == before
    assert open_project(tmp_path / "out").table.names[:2] == ["_background_", "aeroplane"]


def test_the_sample_project_is_the_same_each_time_and_overwrites_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        *_, project = make_sample_project(tmp_path / name, 3)
        assert isinstance(project, Project)
    for path in (tmp_path / "one").glob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    assert project.table.names == ["_background_", "disc", "square"]
    with pytest.raises(ProjectError, match="not empty"):
        list(make_sample_project(tmp_path / "one"))


def test_progress_goes_up_to_the_total(tmp_path: Path) -> None:
    steps = [e for e in make_sample_project(tmp_path / "one", 3) if isinstance(e, Progress)]
    assert [step.done for step in steps] == [0, 1, 2]
    assert json.loads((tmp_path / "one" / "shapes_000.json").read_text())["imagePath"] == "shapes_000.png"
