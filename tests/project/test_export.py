"""Export: VOC against labelme's own, the report, and what is refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.shape import Shape
from segstudio.errors import ProjectError
from segstudio.events import Problem
from segstudio.formats import class_list
from segstudio.formats.voc.writer import VOC_WRITER
from segstudio.project.export import Exported, export
from segstudio.project.item import DONE
from segstudio.project.project import open_project
from segstudio.project.store import save, with_status
from tests.oracles import labelme_planes
from tests.project.items import CAR, TABLE, make_item


def plane_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == "P"
        return np.asarray(image)


@pytest.mark.parametrize("task", ["semantic_segmentation", "instance_segmentation"])
def test_voc_label_planes_equal_those_of_the_installed_labelme_in_every_pixel(
    shared: Path, task: str, tmp_path: Path
) -> None:
    source = shared / "labelme_examples" / task
    shutil.copytree(source / "data_annotated", tmp_path / "data")
    project = open_project(tmp_path / "data")
    table = class_list.read(source / "labels.txt")
    *_, report = export(replace(project, table=table), list(project.items()), tmp_path / "voc", VOC_WRITER)
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


def test_an_export_has_the_voc_layout_and_its_report_counts_every_image(tmp_path: Path) -> None:
    items = [make_item(tmp_path / "in", f"p{number}.png") for number in range(6)]
    for item in items[:3]:
        save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    save(items[3], with_status(Annotation(30, 40), DONE), TABLE, None)
    items[4].annotation_path.write_text("{ broken")
    project = replace(open_project(tmp_path / "in"), table=TABLE)
    events = list(export(project, items, tmp_path / "voc", VOC_WRITER))
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
    item = make_item(tmp_path / "in")
    save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    project = replace(open_project(tmp_path / "in"), table=TABLE, unlabelled="ignore")
    list(export(project, [item], tmp_path / "voc", VOC_WRITER))
    assert set(np.unique(plane_of(tmp_path / "voc" / "SegmentationClass" / "a.png"))) == {1, 255}


def test_an_export_into_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    item = make_item(tmp_path / "in")
    with pytest.raises(ProjectError, match="not empty"):
        list(export(open_project(tmp_path / "in"), [item], tmp_path / "in", VOC_WRITER))


def test_two_images_with_one_export_name_are_reported(tmp_path: Path) -> None:
    items = [make_item(tmp_path / "in", "a/b.png"), make_item(tmp_path / "in", "a_b.png")]
    for item in items:
        save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    project = replace(open_project(tmp_path / "in"), table=TABLE)
    problems = [e for e in export(project, items, tmp_path / "voc", VOC_WRITER) if isinstance(e, Problem)]
    assert len(problems) == 1
    assert "a_b" in problems[0].what


def test_an_image_with_an_unknown_label_is_reported_and_left_out(tmp_path: Path) -> None:
    item = make_item(tmp_path / "in")
    save(item, Annotation(30, 40, (Shape("boat", "rectangle", ((1, 1), (5, 5))),)), TABLE, None)
    project = replace(open_project(tmp_path / "in"), table=TABLE)
    problems = [e for e in export(project, [item], tmp_path / "voc", VOC_WRITER) if isinstance(e, Problem)]
    assert "boat" in problems[0].what
