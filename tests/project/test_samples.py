"""Samples: which images are annotated, and the one split that training, export and lint share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.events import Problem
from segstudio.formats.voc.writer import VOC_WRITER
from segstudio.project.duplicates import find_duplicate_images, find_duplicates_of
from segstudio.project.export import export
from segstudio.project.item import DONE, Item
from segstudio.project.project import Project, open_project
from segstudio.project.samples import assign_subsets, gather, make_sample, record_split, split_items
from segstudio.project.store import is_annotated, load_annotated, save, state_of, with_status
from tests.project.items import CAR, TABLE

ANNOTATED = Annotation(30, 40, (CAR,))


def make_project(folder: Path, colours: list[int], held_out: dict[str, bool] | None = None) -> Project:
    """p0.png, p1.png … of one colour each, all annotated; the same colour makes the same file."""
    folder.mkdir(parents=True)
    for number, colour in enumerate(colours):
        path = folder / f"p{number}.png"
        Image.fromarray(np.full((30, 40), colour, np.uint8)).save(path)
        save(Item(path.name, path, path.with_suffix(".json")), ANNOTATED, TABLE, None)
    project = replace(open_project(folder), table=TABLE, held_out=held_out or {}, split_by="folder")
    project.save()
    return project


def gathered(project: Project) -> tuple[Sample, ...]:
    *_, samples = gather(project, list(project.items()))
    assert isinstance(samples, tuple)
    return samples


@pytest.mark.parametrize(
    ("annotation", "annotated"),
    [
        (ANNOTATED, True),
        (with_status(ANNOTATED, DONE), True),
        (with_status(Annotation(30, 40), DONE), True),
        (Annotation(30, 40), False),
        (with_status(with_status(Annotation(30, 40), DONE), "todo"), False),
    ],
)
def test_an_image_is_annotated_if_it_has_shapes_or_is_done(
    annotation: Annotation, annotated: bool, tmp_path: Path
) -> None:
    assert is_annotated(annotation) == state_of("a.png", annotation).is_annotated == annotated
    project = make_project(tmp_path / "p", [1])
    (item,) = project.items()
    item.annotation_path.unlink()
    assert load_annotated(item) is None
    save(item, annotation, TABLE, None)
    assert (load_annotated(item) is not None) == annotated
    assert len(gathered(project)) == annotated
    *_, report = export(project, [item], tmp_path / "voc", VOC_WRITER)
    assert (report.images, report.unannotated) == (int(annotated), int(not annotated))


def test_a_file_that_cannot_be_read_is_reported_and_left_out(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", [1, 2, 3])
    (tmp_path / "p" / "p1.json").write_text("{ broken")
    events = list(gather(project, list(project.items())))
    assert [event.where for event in events if isinstance(event, Problem)] == ["p1.png"]
    assert [sample.name for sample in events[-1]] == ["p0.png", "p2.png"]


def test_duplicates_are_files_with_the_same_bytes(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", [1, 2, 1, 3, 2, 1])
    items = list(project.items())
    beginning = bytes(1 << 15)
    for name, end in (("p6.png", b"a"), ("p7.png", b"b"), ("p8.png", b"a")):
        (tmp_path / "p" / name).write_bytes(beginning + end)
    items += [Item(f"p{n}.png", tmp_path / "p" / f"p{n}.png", "") for n in (6, 7, 8, 9)]
    groups = find_duplicate_images(items)
    assert sorted(groups) == [["p0.png", "p2.png", "p5.png"], ["p1.png", "p4.png"], ["p6.png", "p8.png"]]
    for group in groups:
        assert find_duplicates_of(tmp_path / "p" / group[0], items) == group
    assert find_duplicates_of(tmp_path / "p" / "p3.png", items) == ["p3.png"]
    assert find_duplicates_of(tmp_path / "p" / "p9.png", items) == [], "a file that is not there"


def test_training_and_export_have_the_same_split_with_duplicates_on_one_side(tmp_path: Path) -> None:
    fixed = {"p1.png": True, "p2.png": False, "p3.png": True}
    project = make_project(tmp_path / "p", [7, 7, 8, 9, 7], fixed)
    split = split_items(project, list(project.items()))
    assert split == {"p0.png": True, "p1.png": True, "p2.png": False, "p3.png": True, "p4.png": True}
    assert {sample.name: sample.held_out for sample in gathered(project)} == split
    list(export(project, list(project.items()), tmp_path / "voc", VOC_WRITER))
    held = (tmp_path / "voc" / "ImageSets" / "Segmentation" / "val.txt").read_text().split()
    assert held == ["p0", "p1", "p3", "p4"]


@pytest.mark.parametrize("side", [True, False])
def test_a_duplicate_that_is_annotated_later_goes_to_the_side_of_the_image_that_is_known(
    side: bool, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "p", [1, 2, 1])
    items = {item.name: item for item in project.items()}
    known = {"p0.png": side, "p1.png": not side}
    sample = make_sample(project, items["p2.png"], ANNOTATED, known)
    assert (sample.name, sample.held_out) == ("p2.png", side)
    assert make_sample(project, items["p0.png"], ANNOTATED, known).held_out == side


def test_a_recorded_split_is_kept_by_later_runs(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", [1, 2, 3, 4])
    samples = assign_subsets(gathered(project), {"p0.png": True, "p2.png": False, "none.png": True})
    recorded = record_split(project, samples)
    assert {"p0.png": True, "p2.png": False}.items() <= recorded.held_out.items()
    recorded.save()
    again = gathered(open_project(project.folder))
    assert [(s.name, s.held_out) for s in again] == [(s.name, s.held_out) for s in samples]
