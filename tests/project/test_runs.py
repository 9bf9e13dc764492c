"""Runs on disk: their names, files, and what a list of runs shows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from segstudio.errors import ProjectError
from segstudio.project.index import Index
from segstudio.project.project import Project, open_project
from segstudio.project.runs import (
    compare_configs,
    delete_run,
    find_free_run_name,
    find_resumable_run,
    find_weights,
    list_trained_runs,
    read_run,
    read_runs,
    read_split,
    rename_run,
    run_folder,
)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", "c:d"])
def test_the_name_of_a_run_cannot_be_a_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="name of a run"):
        run_folder(open_project(tmp_path), name)


def test_runs_are_numbered_and_found_by_name_or_file(tmp_path: Path) -> None:
    project = open_project(tmp_path)
    assert find_free_run_name(project) == "run-1"
    weights = run_folder(project, "run-1") / "best.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"")
    assert find_free_run_name(project) == "run-2"
    assert find_weights(project, "run-1") == find_weights(project, str(weights)) == weights
    with pytest.raises(ProjectError, match="its runs are: run-1"):
        find_weights(project, "run-9")


def test_a_run_comes_before_a_folder_of_its_name_and_a_path_is_not_cut_to_its_last_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = open_project(tmp_path)
    for folder in (run_folder(project, "first"), tmp_path / "elsewhere" / "first"):
        folder.mkdir(parents=True)
        (folder / "best.safetensors").touch()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert find_weights(project, "first").parent == run_folder(project, "first")
    assert find_weights(project, "./first").resolve() == tmp_path / "elsewhere" / "first" / "best.safetensors"
    with pytest.raises(ProjectError, match="its runs are: first"):
        find_weights(project, "missing/first")


def make_run(project: Project, name: str) -> Path:
    folder = run_folder(project, name)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"steps": 8, "width": 4, "run_dir": name}))
    rows = ['{"step": 4, "miou": NaN, "time_s": 1.5}', '{"step": 8, "miou": 0.25, "time_s": 3.0}', '{"step": 12, "mi']
    (folder / "metrics.jsonl").write_text("\n".join(rows))
    return folder


def test_a_run_is_read_up_to_a_row_that_is_half_written(tmp_path: Path) -> None:
    run = read_run(make_run(open_project(tmp_path), "r"))
    assert (run.name, run.steps, run.seconds, run.best_miou) == ("r", 8, 3.0, 0.25)
    assert (run.config["steps"], run.has_weights, run.resumable) == (8, False, False)
    (run.folder / "previous.ckpt").touch()
    assert read_run(run.folder).resumable


def test_the_split_of_a_run_is_read_or_empty(tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text('{"train": ["a.png"], "val": ["b.png", "c.png"], "other": 1}')
    assert read_split(tmp_path) == {"a.png": False, "b.png": True, "c.png": True}
    for text in ("", "[]", "{", '{"train": 3}'):
        (tmp_path / "split.json").write_text(text)
        assert read_split(tmp_path) == {}


def test_the_run_written_to_last_is_resumed_also_by_the_start_of_torchrun(tmp_path: Path) -> None:
    project = open_project(tmp_path)
    assert find_resumable_run(project) == ""
    for age, (name, launch) in enumerate([("a", "x"), ("b", "y"), ("c", "x")]):
        state = make_run(project, name) / "last.ckpt"
        state.touch()
        os.utime(state, (1000 - age, 1000 - age))
        (state.parent / "launch.txt").write_text(launch)
    assert [find_resumable_run(project, launch) for launch in ("", "x", "y", "z")] == ["a", "a", "b", ""]


def test_a_run_is_renamed_and_deleted_with_its_results_in_the_index(tmp_path: Path) -> None:
    project = open_project(tmp_path)
    make_run(project, "a")
    make_run(project, "b")
    with Index(project.index_file) as index:
        index.put_uncertainty("a", "p.png", 0.5)
    with pytest.raises(ProjectError, match="there is a run of this name"):
        rename_run(project, "a", "b")
    rename_run(project, "a", "c")
    assert {run.name for run in read_runs(project)} == {"b", "c"}
    with Index(project.index_file) as index:
        assert (index.read_uncertainties("a"), index.read_uncertainties("c")) == ({}, {"p.png": 0.5})
    delete_run(project, "c")
    assert not run_folder(project, "c").exists()
    with Index(project.index_file) as index:
        assert index.read_uncertainties("c") == {}
    with pytest.raises(ProjectError, match="not a run of this project"):
        delete_run(project, "c")


def test_runs_are_listed_from_the_newest(tmp_path: Path) -> None:
    project = open_project(tmp_path)
    for age, name in enumerate(["b", "c", "a"]):
        for path in make_run(project, name).iterdir():
            os.utime(path, (1000 - age, 1000 - age))
        weights = run_folder(project, name) / "best.safetensors"
        weights.touch()
        os.utime(weights, (1000 - age, 1000 - age))
    assert [run.name for run in read_runs(project)] == ["b", "c", "a"]
    assert list_trained_runs(project) == ["a", "c", "b"], "the oldest first"


def test_runs_are_compared_by_the_values_that_differ(tmp_path: Path) -> None:
    project = open_project(tmp_path)
    one, two = (read_run(make_run(project, name)) for name in ("a", "b"))
    assert compare_configs([one, two]) == []
    two.config.update(width=8, depth=3)
    assert compare_configs([one, two]) == [("depth", ["", "3"]), ("width", ["4", "8"])]
