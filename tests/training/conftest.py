"""A small sample project, its samples and a configuration that trains in a fraction of a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from segstudio.core.sample import Sample
from segstudio.project.project import Project
from segstudio.project.sample_project import Recipe, make_sample_project
from segstudio.project.samples import gather
from segstudio.training.config import TrainConfig


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of these tests are so small that more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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
        run_dir=tmp_path / "run",
        table=project.table,
        minutes=0,
        steps=12,
        width=4,
        depth=2,
        patch_size=32,
        batch_size=4,
        device="cpu",
    )


def copy_samples(samples: tuple[Sample, ...], folder: Path, **changes: object) -> list[Sample]:
    """The same samples with copies of their images in `folder`, for tests that damage or delete files."""
    copies = []
    for sample in samples:
        image = folder / sample.name
        image.write_bytes(sample.image.read_bytes())
        copies.append(replace(sample, image=image, **changes))
    return copies


def run_command(*arguments: str) -> int:
    """Run `segstudio ARGUMENTS` in this process; returns its exit status."""
    from segstudio.__main__ import main

    before, sys.argv = sys.argv, ["segstudio", *arguments]
    try:
        main()
    except SystemExit as error:
        return int(error.code or 0)
    finally:
        sys.argv = before
    return 0
