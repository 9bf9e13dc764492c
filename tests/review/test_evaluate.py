"""Evaluation and its report."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.sample import Sample, rasterise_ground_truth
from segstudio.errors import FileError
from segstudio.events import Problem
from segstudio.project.index import Index
from segstudio.project.project import Project
from segstudio.project.sample_project import make_sample_project
from segstudio.project.samples import gather
from segstudio.review.evaluate import Evaluation, evaluate
from segstudio.review.report import to_dict, to_lines


def sample_of(folder: Path) -> tuple[Project, tuple[Sample, ...]]:
    *_, project = make_sample_project(folder, 3)
    *_, samples = gather(project, list(project.items()))
    return project, samples


def test_a_perfect_model_has_miou_1_and_its_matrices_are_kept(tmp_path: Path) -> None:
    project, samples = sample_of(tmp_path / "p")
    *_, result = evaluate(
        project, samples, lambda s: rasterise_ground_truth(s.annotation, project.table, "background"), "r"
    )
    assert isinstance(result, Evaluation)
    plain = to_dict(result)
    assert plain["dataset"]["miou"] == 1.0
    assert plain["dataset"]["classes_averaged"] == 3
    with Index(project.index_file) as index:
        kept = index.read_matrices("r", project.table.names)
    assert (sum(kept.values()) == np.array(plain["dataset"]["confusion"])).all()


def test_an_image_that_fails_is_reported_and_the_worst_is_listed_first(tmp_path: Path) -> None:
    project, samples = sample_of(tmp_path / "p")

    def predict(sample: Sample) -> np.ndarray:
        if sample.name.endswith("0.png"):
            raise FileError("x", "broken", "fix it")
        truth = rasterise_ground_truth(sample.annotation, project.table, "background")
        return truth if sample.name.endswith("1.png") else np.zeros_like(truth)

    events = list(evaluate(project, samples, predict, "r"))
    assert [event.where for event in events if isinstance(event, Problem)] == ["shapes_000.png"]
    lines = to_lines(events[-1])
    assert lines[1].startswith("shapes_002.png")
    assert "1.000" in lines[2]
    assert lines[3].startswith("all images")


def test_an_undefined_metric_is_null_and_a_dash(tmp_path: Path) -> None:
    result = Evaluation(("a", "b"), ())
    assert to_dict(result)["dataset"]["miou"] is None
    assert "–" in to_lines(result)[-1]
