"""Brush, eraser and polygon."""

from __future__ import annotations

import pytest

from segstudio.core.annotation import Annotation
from segstudio.core.classes import UNLABELLED
from segstudio.core.document import Document
from segstudio.core.painting_rules import Marks, PaintingRules
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.brush import Brush, Eraser
from segstudio.tools.options import ToolSettings
from segstudio.tools.polygon import Polygon
from segstudio.tools.tool import Pointer
from tests.tools.scene import TABLE, click, drag


@pytest.fixture
def document() -> Document:
    return Document(Annotation(200, 300), TABLE)


def test_a_brush_stroke_has_no_gaps_and_is_one_step(document: Document) -> None:
    drag(Brush(ToolSettings(1, 4)), document, (20, 50), (200, 50), (200, 150))
    assert (document.plane[50, 20:200] == 1).all()
    assert (document.plane[50:150, 200] == 1).all()
    assert len(document.history) == 1
    document.undo()
    assert (document.plane == UNLABELLED).all()


def test_a_click_paints_the_pixel_under_it_even_with_the_smallest_brush(document: Document) -> None:
    click(Brush(ToolSettings(2, 0.5)), document, (20.9, 30.1))
    assert document.plane[30, 20] == 2
    assert (document.plane == 2).sum() == 1


def test_shift_click_draws_a_straight_line_from_the_last_stroke(document: Document) -> None:
    brush = Brush(ToolSettings(1, 3))
    click(brush, document, (20, 20))
    drag(brush, document, (120, 20), shift=True)
    assert (document.plane[20, 20:120] == 1).all()


def test_the_eraser_removes_labels(document: Document) -> None:
    settings = ToolSettings(1, 20)
    click(Brush(settings), document, (100, 100))
    drag(Eraser(settings), document, (60, 100), (140, 100))
    assert (document.plane == UNLABELLED).all()


def test_escape_cancels_a_stroke(document: Document) -> None:
    brush = Brush(ToolSettings(1, 5))
    brush.press(document, Pointer(50, 50))
    brush.cancel(document)
    brush.move(document, Pointer(90, 50))
    brush.release(document, Pointer(90, 50))
    assert (document.plane == UNLABELLED).all()
    assert len(document.history) == 0


@pytest.mark.parametrize("closing", ["enter", "first point", "double click"])
def test_a_polygon_is_closed_in_three_paths(closing: str, document: Document) -> None:
    polygon = Polygon(ToolSettings(2))
    corners = [(20.0, 20.0), (120.0, 20.0), (120.0, 120.0)]
    click(polygon, document, *corners)
    match closing:
        case "enter":
            polygon.finish(document)
        case "first point":
            click(polygon, document, (21.0, 21.0))
        case "double click":
            polygon.press(document, Pointer(*corners[-1]))
            polygon.finish(document)
    (shape,) = document.annotation.shapes
    assert (shape.label, shape.kind, shape.points) == ("b", "polygon", tuple(corners))


def test_two_points_make_no_polygon_and_backspace_removes_the_last(document: Document) -> None:
    polygon = Polygon(ToolSettings(1))
    click(polygon, document, (20, 20), (90, 20), (90, 90))
    assert polygon.step_back(document)
    polygon.finish(document)
    assert document.annotation.shapes == ()
    assert not polygon.step_back(document)


@pytest.fixture
def drawn(document: Document) -> tuple[Polygon, Document]:
    polygon = Polygon(ToolSettings(1))
    click(polygon, document, (20, 20), (120, 20), (120, 120), (20, 120))
    polygon.finish(document)
    return polygon, document


def test_a_vertex_is_dragged_in_one_step(drawn: tuple[Polygon, Document]) -> None:
    polygon, document = drawn
    drag(polygon, document, (119, 119), (150, 150), (180, 160))
    assert document.annotation.shapes[0].points[2] == (180, 160)
    assert document.plane[140, 150] == 1
    assert len(document.history) == 2
    document.undo()
    assert document.annotation.shapes[0].points[2] == (120, 120)
    assert document.plane[140, 150] == UNLABELLED


def test_alt_click_on_an_edge_adds_a_vertex_that_can_be_dragged_at_once(drawn: tuple[Polygon, Document]) -> None:
    polygon, document = drawn
    drag(polygon, document, (70, 21), (70, 5), alt=True)
    assert document.annotation.shapes[0].points[:3] == ((20, 20), (70, 5), (120, 20))
    assert len(document.history) == 2


def test_delete_removes_the_vertex_under_the_pointer_and_a_triangle_entirely(
    drawn: tuple[Polygon, Document],
) -> None:
    polygon, document = drawn
    for at, left in (((20, 20), 3), ((120, 120), None)):
        polygon.hover(document, Pointer(*at))
        assert polygon.step_back(document)
        shapes = document.annotation.shapes
        assert (len(shapes[0].points) if shapes else None) == left


def test_delete_inside_removes_the_polygon(drawn: tuple[Polygon, Document]) -> None:
    polygon, document = drawn
    polygon.hover(document, Pointer(70, 70))
    assert polygon.preview(document).closed
    polygon.step_back(document)
    assert document.annotation.shapes == ()


def test_escape_during_a_drag_restores_the_polygon(drawn: tuple[Polygon, Document]) -> None:
    polygon, document = drawn
    before = document.annotation
    polygon.press(document, Pointer(120, 120))
    polygon.move(document, Pointer(150, 150))
    polygon.cancel(document)
    assert document.annotation is before
    polygon.move(document, Pointer(160, 160))
    polygon.release(document, Pointer(160, 160))
    assert document.annotation is before


def test_a_stroke_keeps_its_class_when_the_current_class_changes(document: Document) -> None:
    settings = ToolSettings(1, 5)
    brush = Brush(settings)
    brush.press(document, Pointer(50, 50))
    settings.class_id = 2
    brush.move(document, Pointer(90, 50))
    brush.release(document, Pointer(90, 50))
    assert (document.plane[50, 50:90] == 1).all()


def test_a_release_away_from_the_last_move_is_painted_too(document: Document) -> None:
    brush = Brush(ToolSettings(1, 5))
    brush.press(document, Pointer(50, 50))
    brush.release(document, Pointer(90, 50))
    assert (document.plane[50, 50:90] == 1).all()


@pytest.mark.parametrize(("pressure", "by_pressure", "radius_px"), [(0.25, False, 20), (0.0, True, 2)])
def test_pressure_can_be_switched_off_and_has_a_lower_limit(
    pressure: float, by_pressure: bool, radius_px: int, document: Document
) -> None:
    brush = Brush(ToolSettings(1, 20, pressure=by_pressure))
    brush.press(document, Pointer(60, 60, pressure=pressure))
    brush.release(document, Pointer(60, 60))
    assert document.plane[60, 60 + radius_px - 1] == 1
    assert document.plane[60, 60 + radius_px + 1] == UNLABELLED


def test_erasing_with_the_right_button_is_an_edit_of_the_eraser(document: Document) -> None:
    brush = Brush(ToolSettings(1, 20))
    click(brush, document, (60, 60))
    drag(brush, document, (60, 60), secondary=True)
    assert document.history.last.name == "eraser"


def test_after_escape_shift_click_starts_at_the_pointer(document: Document) -> None:
    brush = Brush(ToolSettings(1, 3))
    click(brush, document, (20, 20))
    brush.cancel(document)
    drag(brush, document, (120, 20), shift=True)
    assert document.plane[20, 70] == UNLABELLED


@pytest.mark.parametrize("how", ["locked", "hidden", "class"])
def test_vertices_of_locked_and_hidden_polygons_are_not_dragged(how: str, drawn: tuple[Polygon, Document]) -> None:
    polygon, document = drawn
    before = document.annotation
    if how == "class":
        document.rules = PaintingRules(locked_classes=frozenset({1}))
    else:
        document.marks = Marks(**{how: frozenset({before.shapes[0].uid})})
    drag(polygon, document, (120, 120), (150, 150))
    assert document.annotation is before
    assert polygon.preview(document).handles == ((120, 120),)  # a new polygon instead


def test_a_vertex_hit_before_another_edit_is_not_deleted(drawn: tuple[Polygon, Document]) -> None:
    polygon, document = drawn
    polygon.hover(document, Pointer(120, 120))
    shape = document.annotation.shapes[0]
    moved = document.annotation.with_replaced(0, shape.with_points(tuple((x + 9, y) for x, y in shape.points)))
    document.apply("move", moved)
    assert polygon.preview(document).handles == ()
    assert not polygon.step_back(document)
    assert document.annotation is moved


def test_alt_shift_click_removes_a_vertex_and_shift_click_starts_a_polygon_there(
    drawn: tuple[Polygon, Document],
) -> None:
    polygon, document = drawn
    drag(polygon, document, (120, 120), alt=True, shift=True)
    assert document.annotation.shapes[0].points == ((20, 20), (120, 20), (20, 120))
    drag(polygon, document, (120, 20), shift=True)
    assert polygon.preview(document).handles == ((120, 20),)


def test_a_dragged_vertex_snaps_to_neighbours_but_not_to_its_own_polygon(document: Document) -> None:
    document.add("n", Shape("a", POLYGON, ((150.0, 20.0), (200.0, 20.0), (200.0, 100.0))))
    document.add("p", Shape("b", POLYGON, ((20.0, 20.0), (80.0, 20.0), (80.0, 100.0), (20.0, 100.0))))
    polygon = Polygon(ToolSettings(1, snap=True))
    drag(polygon, document, (80, 100), (80, 22), (78, 22))
    assert document.annotation.shapes[1].points[2] == (78, 22)
    drag(polygon, document, (78, 22), (151, 21))
    assert document.annotation.shapes[1].points[2] == (150, 20)
    document.marks = Marks(hidden=frozenset({document.annotation.shapes[0].uid}))
    drag(polygon, document, (20, 100), (151, 21))
    assert document.annotation.shapes[1].points[3] == (151, 21)
