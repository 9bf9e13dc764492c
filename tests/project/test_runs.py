"""Runs on disk: their names, files, and what a list of runs shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from segstudio.errors import ProjectError
from segstudio.project.project import open_project
from segstudio.project.runs import find_free_run_name, find_weights, run_folder


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
