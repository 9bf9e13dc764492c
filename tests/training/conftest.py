"""Small images to learn from, made on the spot."""

from __future__ import annotations

from pathlib import Path

import pytest

from segstudio.core.sample import Sample
from segstudio.project.project import Project
from segstudio.project.sample_project import Recipe, make_sample_project
from segstudio.project.samples import gather
from segstudio.training.config import TrainConfig


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("sample") / "project"
    *_, made = make_sample_project(folder, 6, Recipe(nx=72, ny=64, count=4, sigma=5, rgb=True))
    assert isinstance(made, Project)
    return made


@pytest.fixture(scope="session")
def samples(project: Project) -> tuple[Sample, ...]:
    *_, found = gather(project, list(project.items()))
    assert isinstance(found, tuple)
    return found


@pytest.fixture
def config(tmp_path: Path, project: Project) -> TrainConfig:
    return TrainConfig(
        run_dir=tmp_path / "run", table=project.table, minutes=0, steps=12, width=4, depth=2, patch_size=32, batch_size=4,
        device="cpu",
    )  # fmt: skip
