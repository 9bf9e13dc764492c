"""Rasterisation, compared pixel by pixel with labelme."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.box import Box
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.instances import rasterise_with_instances
from segstudio.core.raster import rasterise, rasterise_capsule, rasterise_vector_shape
from segstudio.core.shape import NUM_POINTS, Shape
from segstudio.formats.labelme import labelme_json
from tests.oracles import labelme_planes

KINDS = ["polygon", "rectangle", "oriented_rectangle", "circle", "line", "linestrip", "point", "mask"]


def random_shape(rng: np.random.Generator, height: int, width: int) -> Shape:
    """A shape of any kind at any sub-pixel position, often partly outside the image."""
    kind = KINDS[int(rng.integers(len(KINDS)))]
    label = ["a", "b", "c"][int(rng.integers(3))]
    group = None if rng.random() < 0.7 else int(rng.integers(4))
    if kind == "mask":
        mask = rng.random((int(rng.integers(1, 60)), int(rng.integers(1, 60)))) < 0.5
        mask[0, 0] = True
        y, x = int(rng.integers(height - mask.shape[0])), int(rng.integers(width - mask.shape[1]))
        return Shape(label, kind, bitmap=Bitmap.from_array(mask, y, x), group_id=group)
    fewest, most = NUM_POINTS[kind]
    count = most or int(rng.integers(fewest, 12))
    centre = rng.uniform((-20, -20), (width + 20, height + 20))
    spread = float(rng.choice([3, 30, 200]))
    points = centre + rng.uniform(-spread, spread, (count, 2))
    if rng.random() < 0.3:
        points = np.round(points)
    return Shape(label, kind, tuple((float(x), float(y)) for x, y in points), group_id=group)


def test_planes_equal_those_of_labelme_for_two_thousand_shapes_of_every_kind(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\na\nb\nc\n")
    annotations: dict[str, Annotation] = {}
    for number in range(50):
        height, width = int(rng.integers(80, 900)), int(rng.integers(80, 3000))
        shapes = tuple(random_shape(rng, height, width) for _ in range(40))
        annotations[f"p{number}"] = Annotation(height, width, shapes)
        (tmp_path / f"p{number}.json").write_bytes(labelme_json.encode(annotations[f"p{number}"], "x.png"))
    truth = labelme_planes(tmp_path / "labels.txt", tmp_path, [tmp_path / f"{name}.json" for name in annotations])
    table = ClassTable.from_names(["_background_", "a", "b", "c"])
    for name, annotation in annotations.items():
        plane = rasterise(annotation, table)
        plane[plane == UNLABELLED] = 0
        assert (plane == truth[name][0]).all(), name
        assert (rasterise_with_instances(annotation, ClassTable())[1] == truth[name][1]).all(), name


def test_a_points_shape_is_the_union_of_its_points() -> None:
    box = Box(0, 0, 60, 60)
    both = Annotation(60, 60, (Shape("a", "points", ((10.0, 10.0), (40.5, 33.2))),))
    apart = Annotation(60, 60, tuple(Shape("a", "point", (p,)) for p in ((10.0, 10.0), (40.5, 33.2))))
    table = ClassTable.from_names(["_background_", "a"])
    assert (rasterise(both, table) == rasterise(apart, table)).all()
    assert rasterise_vector_shape(both.shapes[0], box)[1].any()


def test_later_shapes_cover_earlier_ones_and_unknown_labels_become_ignore() -> None:
    square = ((2.0, 2.0), (7.0, 7.0))
    shapes = tuple(Shape(label, "rectangle", square) for label in ("a", "b"))
    table = ClassTable.from_names(["_background_", "a", "b"])
    assert rasterise(Annotation(10, 10, shapes), table)[4, 4] == 2
    assert rasterise(Annotation(10, 10, shapes[::-1]), table)[4, 4] == 1
    assert rasterise(Annotation(10, 10, (Shape("?", "rectangle", square),)), table)[4, 4] == IGNORE
    assert rasterise(Annotation(10, 10, shapes), table)[0, 0] == UNLABELLED


def test_rasterising_a_small_shape_costs_little_in_a_huge_image() -> None:
    box, mask = rasterise_vector_shape(
        Shape("a", "circle", ((15_000.0, 9_000.0), (15_004.0, 9_000.0))), Box(0, 0, 20_000, 20_000)
    )
    assert mask.size < 400
    assert box.height < 20


@settings(max_examples=80, deadline=None)
@given(*(st.floats(-30, 90) for _ in range(4)), st.floats(0.5, 25))
def test_a_capsule_contains_the_pixels_within_its_radius(ax: float, ay: float, bx: float, by: float, r: float) -> None:
    image = Box(0, 0, 60, 60)
    box, mask = rasterise_capsule((ax, ay), (bx, by), r, image)
    drawn = np.zeros((60, 60), bool)
    drawn[box.slices] = mask
    centres = np.stack(np.meshgrid(np.arange(60) + 0.5, np.arange(60) + 0.5), axis=-1)
    segment = np.array([bx - ax, by - ay])
    along = np.clip(((centres - (ax, ay)) @ segment) / max(segment @ segment, 1e-12), 0, 1)
    distance = np.hypot(*np.moveaxis(centres - (ax, ay) - along[..., None] * segment, -1, 0))
    radius = max(r, 0.71)
    assert drawn[distance < radius - 1e-3].all()
    assert not drawn[distance > radius + 1e-3].any()


@pytest.mark.parametrize("task", ["semantic_segmentation", "instance_segmentation"])
def test_the_examples_of_labelme_are_read_and_rasterised_exactly(shared: Path, task: str, tmp_path: Path) -> None:
    folder = shared / "labelme_examples" / task
    files = sorted((folder / "data_annotated").glob("*.json"))
    names = (folder / "labels.txt").read_text().split("\n")
    table = ClassTable.from_names(name for name in names if name.strip())
    # labelme 6 requires sizes in the file; its examples of version 4 have them
    assert all("imageHeight" in json.loads(path.read_text()) for path in files)
    truth = labelme_planes(folder / "labels.txt", tmp_path, files)
    for path in files:
        annotation = labelme_json.read(path).annotation
        plane = rasterise(annotation, table).astype(np.int32)
        plane[plane == UNLABELLED] = 0
        plane[plane == IGNORE] = -1
        assert (plane == truth[path.stem][0]).all(), path.name
