"""Tools that draw shapes: rectangle, circle, line, point, lasso; snapping; the ruler."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.classes import UNLABELLED
from segstudio.core.raster import rasterise, rasterise_capsule, rasterise_swept_square
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.brush import Brush
from segstudio.tools.free_line import Lasso
from segstudio.tools.options import ToolSettings
from segstudio.tools.polygon import Polygon
from segstudio.tools.ruler import Ruler
from segstudio.tools.shapes import (
    Circle,
    ClickedPoints,
    DragShape,
    LineTool,
    OrientedRectangle,
    PointTool,
    Rectangle,
    complete_rectangle,
)
from segstudio.tools.tool import Pointer
from tests.tools.scene import TABLE, click, drag, empty_document


def test_a_rectangle_is_dragged_or_clicked() -> None:
    document, tool = empty_document(), Rectangle(ToolSettings(1))
    drag(tool, document, (20, 30), (40, 40), (60, 70))
    click(tool, document, (100, 30), (140, 70))
    assert [shape.kind for shape in document.annotation.shapes] == ["rectangle", "rectangle"]
    assert (document.plane[30:71, 20:61] == 1).all()
    assert (document.plane[30:71, 100:141] == 1).all()
    assert len(document.history) == 2


def test_shift_makes_a_square_and_escape_cancels() -> None:
    document, tool = empty_document(), Rectangle(ToolSettings(1))
    drag(tool, document, (20, 20), (60, 90), shift=True)
    assert document.annotation.shapes[0].points == ((20, 20), (90, 90))
    tool.press(document, Pointer(10, 10))
    tool.move(document, Pointer(90, 90))
    tool.cancel(document)
    tool.release(document, Pointer(90, 90))
    assert len(document.annotation.shapes) == 1


def test_a_circle_is_dragged_from_its_centre_to_its_rim() -> None:
    document = empty_document()
    drag(Circle(ToolSettings(2)), document, (80, 80), (100, 80))
    assert document.annotation.shapes[0].kind == "circle"
    assert abs(int((document.plane == 2).sum()) - np.pi * 400) < 80


def test_two_clicks_make_a_line_and_more_a_line_strip() -> None:
    document, tool = empty_document(), LineTool(ToolSettings(1))
    click(tool, document, (20, 20), (60, 20))
    tool.finish(document)
    click(tool, document, (20, 60), (60, 60), (60, 100), (90, 100))
    tool.step_back(document)
    tool.finish(document)
    assert [(s.kind, len(s.points)) for s in document.annotation.shapes] == [("line", 2), ("linestrip", 3)]
    PointTool(ToolSettings(2)).press(document, Pointer(150, 50))
    assert document.annotation.shapes[2].kind == "point"


@pytest.mark.parametrize("kind", [Rectangle, Circle])
def test_a_shape_without_extent_is_not_added_and_escape_or_undo_drops_its_first_point(kind: type[DragShape]) -> None:
    document, tool = empty_document(), kind(ToolSettings(1))
    click(tool, document, (20, 20))
    tool.finish(document)
    click(tool, document, (20, 20))
    assert len(document.history) == 0
    assert tool.take_back(document)
    assert not tool.take_back(document)
    click(tool, document, (60, 60))
    tool.cancel(document)
    assert tool.preview(document).handles == ()


def test_a_rectangle_of_no_width_is_not_added() -> None:
    document = empty_document()
    drag(Rectangle(ToolSettings(1)), document, (20, 20), (20.2, 60))
    assert len(document.history) == 0


def test_the_second_press_of_a_double_click_adds_no_point_to_a_line() -> None:
    document, tool = empty_document(), LineTool(ToolSettings(1))
    click(tool, document, (20, 20), (60, 20))
    tool.press(document, Pointer(60, 20))
    tool.finish(document)
    assert document.annotation.shapes[0].kind == "line"


@pytest.mark.parametrize("kind", [LineTool, OrientedRectangle])
def test_escape_drops_clicked_points_and_backspace_the_last(kind: type[ClickedPoints]) -> None:
    document, tool = empty_document(), kind(ToolSettings(1))
    click(tool, document, (20, 20), (60, 20))
    assert tool.step_back(document)
    assert tool.preview(document).handles == ((20, 20),)
    tool.cancel(document)
    assert tool.preview(document).handles == ()
    assert not tool.step_back(document)


def test_the_first_side_of_an_oriented_rectangle_can_be_dragged() -> None:
    document, tool = empty_document(), OrientedRectangle(ToolSettings(1))
    drag(tool, document, (40, 40), (80, 60))
    click(tool, document, (60, 90))
    assert document.annotation.shapes[0].points[:2] == ((40, 40), (80, 60))


@given(*[st.tuples(st.floats(0, 100), st.floats(0, 100))] * 3)
def test_an_oriented_rectangle_has_right_angles_and_goes_through_its_points(
    a: tuple[float, float], b: tuple[float, float], beyond: tuple[float, float]
) -> None:
    p, q, r, s = (np.array(point) for point in complete_rectangle(a, b, beyond))
    assert np.allclose(p, a)
    assert np.allclose(q, b)
    assert abs((q - p) @ (r - q)) < 1e-6 * max(1.0, float(np.abs([p, q, r, s]).max()) ** 2)
    assert np.allclose(q - p, r - s)


def test_three_clicks_make_an_oriented_rectangle() -> None:
    document = empty_document()
    click(OrientedRectangle(ToolSettings(1)), document, (40, 40), (80, 60), (60, 90))
    (shape,) = document.annotation.shapes
    assert shape.kind == "oriented_rectangle"
    assert len(shape.points) == 4


def test_the_lasso_paints_its_inside_and_alt_erases() -> None:
    document, tool = empty_document(), Lasso(ToolSettings(1))
    drag(tool, document, (20, 20), (100, 20), (100, 100), (20, 100))
    assert (document.plane[21:99, 21:99] == 1).all()
    drag(tool, document, (40, 40), (60, 40), (60, 60), (40, 60), alt=True)
    assert (document.plane[45:55, 45:55] == UNLABELLED).all()
    assert len(document.history) == 2


def test_points_snap_to_a_neighbour_and_follow_its_border() -> None:
    document = empty_document()
    ring = ((50.0, 20.0), (90.0, 20.0), (100.0, 60.0), (90.0, 100.0), (50.0, 100.0))
    document.add("n", Shape("a", POLYGON, ring))
    click(Polygon(ToolSettings(2, snap=True)), document, (140, 20), (91, 21), (91, 99), (140, 100), (140, 20))
    drawn = document.annotation.shapes[1].points
    assert drawn == ((140, 20), (90, 20), (100, 60), (90, 100), (140, 100))


def test_a_neighbour_that_shares_a_border_leaves_no_gap() -> None:
    document = empty_document()
    ring = ((20.0, 20.0), (60.3, 20.0), (70.7, 61.2), (60.1, 100.0), (20.0, 100.0))
    document.add("n", Shape("a", POLYGON, ring))
    click(Polygon(ToolSettings(2, snap=True)), document, (110, 20), (60, 21), (60, 99), (110, 100), (110, 20))
    assert not (document.plane[25:95, 25:105] == UNLABELLED).any()


def test_control_inverts_snapping() -> None:
    document = empty_document()
    document.add("n", Shape("a", POLYGON, ((50.0, 20.0), (90.0, 20.0), (90.0, 100.0))))
    click(Polygon(ToolSettings(2)), document, (120, 21), (91, 21), control=True)
    tool = Polygon(ToolSettings(2, snap=True))
    tool.press(document, Pointer(91, 21, control=True, shift=True))
    assert tool.preview(document).points == ((91, 21),)


def test_hovering_an_edge_shows_the_vertex_that_a_press_would_make() -> None:
    document, tool = empty_document(), Polygon(ToolSettings(1))
    document.add("n", Shape("a", POLYGON, ((20.0, 20.0), (120.0, 20.0), (120.0, 120.0))))
    tool.hover(document, Pointer(70, 21))
    assert tool.preview(document).new_handle == (70, 20)
    drag(tool, document, (70, 21), (70, 5))
    assert len(document.annotation.shapes[0].points) == 4
    assert (70, 5) in document.annotation.shapes[0].points


def test_the_ruler_measures_and_changes_nothing() -> None:
    document, tool = empty_document(), Ruler(ToolSettings(1))
    drag(tool, document, (10, 10), (40, 50))
    assert tool.preview(document).text.startswith("50.0 px")
    assert len(document.history) == 0
    tool.cancel(document)
    assert tool.preview(document).text == ""


def test_shift_keeps_the_ruler_to_steps_of_45_degrees_and_a_press_removes_the_last_measure() -> None:
    document, tool = empty_document(), Ruler(ToolSettings(1))
    drag(tool, document, (10, 10), (110, 16), shift=True)
    assert tool.preview(document).text.endswith("0.0°")
    tool.press(document, Pointer(50, 50))
    assert tool.preview(document).points == ((50, 50), (50, 50))
    tool.cancel(document)
    assert tool.preview(document).points == ()


@pytest.mark.parametrize("held", ["alt", "secondary"])
def test_alt_and_the_right_button_erase_with_the_lasso(held: str) -> None:
    document, tool = empty_document(), Lasso(ToolSettings(1))
    ring = ((20, 20), (100, 20), (100, 100), (20, 100))
    drag(tool, document, *ring)
    drag(tool, document, *ring, **{held: True})
    assert (document.plane == UNLABELLED).all()


def test_the_pressure_of_a_pen_scales_the_brush() -> None:
    document, tool = empty_document(), Brush(ToolSettings(1, 20))
    tool.press(document, Pointer(60, 60, pressure=0.25))
    tool.release(document, Pointer(60, 60))
    assert abs(int((document.plane == 1).sum()) - np.pi * 25) < 20


def test_the_right_button_erases_with_the_brush() -> None:
    document, tool = empty_document(), Brush(ToolSettings(1, 20))
    click(tool, document, (60, 60))
    drag(tool, document, (60, 60), (60, 60), secondary=True)
    assert (document.plane == UNLABELLED).all()


POINT = st.tuples(st.floats(-20, 60), st.floats(-20, 60))


@given(POINT, POINT, st.floats(0.5, 15))
def test_a_swept_square_covers_the_square_at_every_point_of_its_path(
    start: tuple[float, float], end: tuple[float, float], radius: float
) -> None:
    image = empty_document().annotation.box
    box, mask = rasterise_swept_square(start, end, radius, image)
    seen = np.zeros((image.height, image.width), bool)
    seen[box.slices] = mask
    xs, ys = np.arange(image.width) + 0.5, np.arange(image.height) + 0.5
    for share in np.linspace(0, 1, 25):
        x, y = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        inside = (np.abs(ys - y) < radius - 1e-6)[:, None] & (np.abs(xs - x) < radius - 1e-6)[None, :]
        assert not (inside & ~seen).any()
    far = rasterise_capsule(start, end, radius * 1.5 + 0.01, image)
    around = np.zeros_like(seen)
    around[far[0].slices] = far[1]
    assert not (seen & ~around).any()


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_a_square_brush_paints_a_square_of_its_size(size: int) -> None:
    document = empty_document()
    click(
        Brush(ToolSettings(1, size / 2, square=True)),
        document,
        (50.5 if size % 2 else 50.0, 50.5 if size % 2 else 50.0),
    )
    assert int((document.plane == 1).sum()) == size * size
    assert (document.plane == rasterise(document.annotation, TABLE)).all()
