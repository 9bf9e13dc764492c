"""A project written by segstudio 0.1.0 is read as it was: classes, split, journal and runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask

from segstudio.core.raster import rasterise
from segstudio.project import journal
from segstudio.project.index import scan
from segstudio.project.item import DONE, ItemState
from segstudio.project.project import Project, open_project
from segstudio.project.runs import find_resumable_run, find_weights, list_trained_runs, read_runs, read_split
from segstudio.project.samples import gather
from segstudio.project.store import load, save

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "version_1" / "project"
SPLIT = {"seq_0.png": False, "seq_1.png": True, "seq_2.png": True, "seq_3.png": True}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    shutil.copytree(FIXTURE, tmp_path / "project")
    return open_project(tmp_path / "project")


def test_classes_aliases_and_split_are_read(project: Project) -> None:
    assert [(item.id, item.name, item.colour, item.aliases) for item in project.table] == [
        (0, "_background_", (0, 0, 0), ()),
        (1, "vehicle", (128, 0, 0), ("car",)),
        (2, "road", (0, 128, 0), ()),
    ]
    assert (project.unlabelled, project.split_by, project.held_out) == ("background", "prefix", SPLIT)
    assert (project.listed, project.annotation_folder, project.notes) == (True, None, ())


def test_its_labels_are_read_and_count_as_before(project: Project) -> None:
    items = list(project.items())
    states = {state.name: state for state in scan(project, items) if isinstance(state, ItemState)}
    assert {name: state.labels for name, state in states.items()} == {
        "seq_0.png": ("vehicle", "road"),
        "seq_1.png": ("vehicle",),
        "seq_2.png": ("vehicle",),
        "seq_3.png": ("vehicle",),
    }
    assert [name for name, state in states.items() if state.status == DONE] == ["seq_0.png", "seq_1.png"]
    assert all(state.is_annotated and not state.problem for state in states.values())
    *_, samples = gather(project, items)
    assert isinstance(samples, tuple)
    assert {sample.name: sample.held_out for sample in samples} == SPLIT


def test_reading_it_changes_no_labels_and_saving_it_again_keeps_its_meaning(project: Project) -> None:
    before = {path.name: path.read_bytes() for path in project.folder.glob("*.json")}
    list(scan(project, list(project.items())))
    assert {path.name: path.read_bytes() for path in project.folder.glob("*.json")} == before
    text = json.loads(project.file.read_text())
    project.save()
    assert open_project(project.folder) == project
    assert text.items() <= json.loads(project.file.read_text()).items()


def test_its_journal_entry_is_found_and_recovered(project: Project) -> None:
    items = list(project.items())
    lock = journal.JournalLock()
    assert lock.acquire(project.folder)
    journal.set_aside(project.folder)
    (entry,) = journal.read_entries(project.folder, items)
    lock.release()
    assert isinstance(entry, journal.JournalEntry)
    assert (entry.item.name, entry.annotation.labels) == ("seq_1.png", ["vehicle", "road"])
    assert load(entry.item).annotation.labels == ["vehicle"]
    save(entry.item, entry.annotation, project.table, entry.stamp)
    journal.remove_entry(project.folder, entry.item)
    assert load(entry.item).annotation == entry.annotation
    journal.set_aside(project.folder)
    assert list(journal.read_entries(project.folder, items)) == []


def test_its_runs_are_read(project: Project) -> None:
    runs = {run.name: run for run in read_runs(project)}
    assert set(runs) == set(list_trained_runs(project)) == {"finished", "run-1"}
    finished, stopped = runs["finished"], runs["run-1"]
    assert (finished.steps, finished.seconds, finished.has_weights, finished.resumable) == (6, 0.18, True, True)
    assert finished.best_miou == 0.2687051307505884
    assert finished.rows[0]["iou"]["vehicle"] == 0.2924320352681852
    assert finished.rows[0]["loss"] == 1.7966596682866414
    assert (finished.config["steps"], finished.config["width"], finished.config["patch"]) == (6, 4, 32)
    assert (stopped.rows, stopped.config["steps"], stopped.resumable) == ((), 12, True)
    assert read_split(finished.folder) == read_split(stopped.folder) == SPLIT
    assert find_resumable_run(project) in runs
    assert find_weights(project, "finished") == finished.folder / "best.safetensors"


def test_a_polygon_that_was_imported_from_coco_keeps_the_fill_rule_of_coco(project: Project) -> None:
    """The keys in label files and journal entries are those of version 0.1."""
    corners = [[3.3, 3.4], [20.6, 4.2], [12.5, 25.7]]
    polygon = {"label": "road", "shape_type": "polygon", "points": corners}
    item = next(iter(project.items()))
    height, width = load(item).annotation.height, load(item).annotation.width
    planes = []
    for extra in ({}, {"segstudio.rule": "coco", "segstudio.instance": 7}):
        plain = {"imageHeight": height, "imageWidth": width, "shapes": [{**polygon, **extra}]}
        item.annotation_path.write_text(json.dumps(plain), "utf-8")
        annotation = load(item).annotation
        planes.append(rasterise(annotation, project.table) == 2)
    assert annotation.shapes[0].instance == 7
    assert (planes[0] != planes[1]).any()
    expected = mask.decode(mask.frPyObjects([np.ravel(corners).tolist()], height, width))[..., 0]
    assert (planes[1] == expected.astype(bool)).all()
