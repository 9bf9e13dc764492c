"""Snapping of points to neighbouring shapes."""

from __future__ import annotations

import pytest

from segstudio.core.annotation import Annotation
from segstudio.core.shape import Shape
from segstudio.core.snapping import Anchor, path_between, snap

SQUARE = Shape("a", "polygon", ((10.0, 10.0), (50.0, 10.0), (50.0, 50.0), (10.0, 50.0)))
ANNOTATION = Annotation(100, 100, (SQUARE, Shape("a", "circle", ((80.0, 80.0), (90.0, 80.0)))))


def test_a_vertex_within_reach_is_preferred_to_a_nearer_edge() -> None:
    anchor = snap(ANNOTATION, (14.0, 10.5), 5)
    assert anchor == Anchor((10.0, 10.0), SQUARE.uid, 0.0)


def test_a_vertex_of_one_shape_is_preferred_to_a_nearer_edge_of_another() -> None:
    other = Shape("b", "polygon", ((0.0, 7.0), (80.0, 7.0), (80.0, 0.0), (0.0, 0.0)))
    anchor = snap(Annotation(100, 100, (other, SQUARE)), (12.0, 7.5), 5)
    assert anchor == Anchor((10.0, 10.0), SQUARE.uid, 0.0)


def test_without_a_vertex_within_reach_the_nearest_point_on_an_edge_is_returned() -> None:
    anchor = snap(ANNOTATION, (30.0, 12.0), 5)
    assert anchor == Anchor((30.0, 10.0), SQUARE.uid, 0.5)


@pytest.mark.parametrize("point", [(30.0, 16.0), (80.0, 70.5), (10.0, 56.0)])
def test_nothing_is_found_beyond_the_reach_and_on_circles(point: tuple[float, float]) -> None:
    assert snap(ANNOTATION, point, 5) is None


def test_excluded_shapes_are_skipped() -> None:
    assert snap(ANNOTATION, (10.0, 10.0), 5, {SQUARE.uid}) is None


def test_a_rectangle_is_snapped_to_at_all_four_corners() -> None:
    rectangle = Shape("a", "rectangle", ((10.0, 10.0), (50.0, 30.0)))
    anchor = snap(Annotation(100, 100, (rectangle,)), (49.0, 11.0), 5)
    assert anchor is not None
    assert anchor.point == (50.0, 10.0)


def test_the_path_between_two_anchors_takes_the_shorter_way_in_either_direction() -> None:
    start, end = Anchor((30.0, 10.0), SQUARE.uid, 0.5), Anchor((50.0, 40.0), SQUARE.uid, 1.75)
    assert path_between(ANNOTATION, start, end) == ((50.0, 10.0),)
    assert path_between(ANNOTATION, end, start) == ((50.0, 10.0),)
    around = Anchor((10.0, 20.0), SQUARE.uid, 3.75)
    assert path_between(ANNOTATION, around, start) == ((10.0, 10.0),)


def test_there_is_no_path_between_two_shapes() -> None:
    assert path_between(ANNOTATION, Anchor((30.0, 10.0), SQUARE.uid, 0.5), Anchor((1.0, 1.0), -1, 0.0)) == ()
