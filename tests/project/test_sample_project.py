"""The sample project and its noisy discs and squares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segstudio.errors import ProjectError
from segstudio.events import Progress
from segstudio.project.project import Project
from segstudio.project.sample_project import DISC, SQUARE, Recipe, draw_noisy_shapes, make_sample_project


def test_a_recipe_gives_the_same_image_each_time() -> None:
    recipe = Recipe(nx=120, ny=80, count=6, r_min=5, r_max=9, border=10, seed=4)
    image, annotation = draw_noisy_shapes(recipe)
    again, _ = draw_noisy_shapes(recipe)
    assert image.shape == (80, 120)
    assert (image == again).all()
    assert (image.min(), image.max()) == (0.0, 1.0)
    assert [shape.label for shape in annotation.shapes] == [DISC] * 6 + [SQUARE] * 3
    for shape in annotation.shapes:
        (x, y), (rim_x, _) = shape.points
        middle, radius = (x, rim_x - x) if shape.label == DISC else ((x + rim_x) / 2, (rim_x - x) / 2)
        assert 10 <= middle < 110
        assert 5 <= radius < 9
        assert y < 80


def test_without_noise_shapes_are_flat_and_later_ones_are_drawn_over_earlier_ones() -> None:
    image, annotation = draw_noisy_shapes(Recipe(sigma=0.0, count=30, rectangles=False, rgb=True))
    assert image.shape == (192, 192, 3)
    top = annotation.shapes[-1]
    (x, y) = top.points[0]
    inside = image[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3]
    assert (inside == inside[0, 0]).all()


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


def test_progress_counts_up_to_the_total(tmp_path: Path) -> None:
    steps = [e for e in make_sample_project(tmp_path / "one", 3) if isinstance(e, Progress)]
    assert [step.done for step in steps] == [0, 1, 2]
    assert json.loads((tmp_path / "one" / "shapes_000.json").read_text())["imagePath"] == "shapes_000.png"
