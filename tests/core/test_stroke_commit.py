"""Committing a stroke: which shapes receive its pixels, and that locked and hidden shapes do not."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.box import Box
from segstudio.core.classes import ClassTable
from segstudio.core.document import ERASE, Document
from segstudio.core.painting_rules import OBJECTS, Marks, PaintingRules
from segstudio.core.raster import rasterise
from segstudio.core.shape import Shape

SIDE = 40
TABLE = ClassTable.from_names(["_background_", "a", "b"])


def mask_shape(label: str, y0: int, x0: int, y1: int, x1: int) -> Shape:
    return Shape(label, "mask", bitmap=Bitmap.from_array(np.ones((y1 - y0, x1 - x0), bool), y0, x0))


def polygon(label: str, x0: float, y0: float, x1: float, y1: float) -> Shape:
    return Shape(label, "polygon", ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def open_document(*shapes: Shape, mode: str = "classes") -> Document:
    document = Document(Annotation(SIDE, SIDE, shapes), TABLE)
    document.rules = PaintingRules(mode=mode)
    return document


def paint(document: Document, class_id: int, y0: int, x0: int, y1: int, x1: int, *, new_objects: bool = False) -> None:
    """One stroke that paints a rectangle, starting at its first pixel."""
    document.begin((x0 + 0.5, y0 + 0.5), new_objects=new_objects)
    document.paint(class_id, Box(y0, x0, y1, x1), np.ones((y1 - y0, x1 - x0), bool))
    document.commit("stroke")
    assert (document.plane == rasterise(document.annotation, TABLE)).all()


@pytest.mark.parametrize("class_id", [2, ERASE])
def test_a_locked_shape_under_another_shape_loses_no_pixels_to_a_stroke(class_id: int) -> None:
    locked, above = mask_shape("a", 0, 0, 20, 20), mask_shape("b", 0, 0, 20, 20)
    document = open_document(locked, above)
    document.marks = Marks(locked=frozenset({locked.uid}))
    paint(document, class_id, 0, 0, 10, 20)
    assert document.annotation.shapes[0] is locked


def test_a_locked_polygon_stays_a_polygon_when_erasing_above_it() -> None:
    locked, above = polygon("a", 0, 0, 19, 19), mask_shape("b", 0, 0, 20, 20)
    document = open_document(locked, above)
    document.marks = Marks(locked=frozenset({locked.uid}))
    paint(document, ERASE, 0, 0, 10, 20)
    assert document.annotation.shapes[0] is locked
    assert document.annotation.shapes[1].bitmap.count == 200


@pytest.mark.parametrize("mode", ["classes", OBJECTS])
def test_paint_is_above_a_locked_mask_that_another_shape_covers(mode: str) -> None:
    """The locked mask keeps its pixels, so the painted ones need a mask above it."""
    existing, locked, above = mask_shape("a", 0, 0, 5, 20), mask_shape("b", 3, 0, 20, 20), mask_shape("b", 0, 0, 20, 20)
    above = above.with_bitmap(above.bitmap.subtract(existing.bitmap))
    document = open_document(existing, locked, above, mode=mode)
    document.marks = Marks(locked=frozenset({locked.uid}))
    paint(document, 1, 0, 0, 10, 20)
    assert document.annotation.shapes[1] is locked
    assert document.plane[8, 8] == 1


def test_shapes_of_a_locked_class_lose_no_pixels_to_a_stroke() -> None:
    locked, above = mask_shape("a", 0, 0, 20, 20), mask_shape("b", 0, 0, 20, 20)
    document = open_document(locked, above)
    document.rules = PaintingRules(locked_classes=frozenset({1}))
    paint(document, ERASE, 0, 0, 10, 20)
    assert document.annotation.shapes[0] is locked
    assert document.annotation.shapes[1].bitmap.count == 200


@pytest.mark.parametrize("mark", ["locked", "hidden"])
def test_a_locked_or_hidden_mask_of_the_class_receives_no_pixels(mark: str) -> None:
    existing = mask_shape("a", 0, 0, 5, 5)
    document = open_document(existing)
    document.marks = Marks(**{mark: frozenset({existing.uid})})
    paint(document, 1, 20, 20, 25, 25)
    assert document.annotation.shapes[0] is existing
    assert document.annotation.shapes[1].bitmap.count == 25


@pytest.mark.parametrize("mark", ["locked", "hidden"])
def test_a_stroke_that_starts_on_a_locked_or_hidden_object_is_a_new_object(mark: str) -> None:
    existing = mask_shape("a", 0, 0, 20, 20)
    document = open_document(existing, mode=OBJECTS)
    document.marks = Marks(**{mark: frozenset({existing.uid})})
    paint(document, 1, 10, 10, 30, 30)
    assert document.annotation.shapes[-1].uid != existing.uid
    assert len(document.annotation.shapes) == 2


def test_a_hidden_object_is_skipped_and_the_one_below_it_receives_the_stroke() -> None:
    below, hidden = polygon("a", 0, 0, 19, 19), mask_shape("a", 0, 0, 20, 20)
    document = open_document(below, hidden, mode=OBJECTS)
    document.marks = Marks(hidden=frozenset({hidden.uid}))
    paint(document, 1, 10, 10, 30, 30)
    assert document.annotation.shapes[0].uid == below.uid
    assert document.annotation.shapes[0].bitmap.count == 700


def test_in_objects_mode_every_component_of_a_proposal_is_a_new_object() -> None:
    document = open_document(mode=OBJECTS)
    document.begin(new_objects=True)
    mask = np.zeros((SIDE, SIDE), bool)
    mask[2:6, 2:6] = mask[20:30, 20:30] = True
    document.paint(1, Box(0, 0, SIDE, SIDE), mask)
    document.commit("accept")
    assert [shape.bitmap.count for shape in document.annotation.shapes] == [100, 16]


def test_painting_an_object_under_a_polygon_adds_a_mask_of_its_group_above() -> None:
    existing, above = mask_shape("a", 0, 0, 10, 10), polygon("b", 5, 5, 30, 30)
    document = open_document(existing, above, mode=OBJECTS)
    paint(document, 1, 0, 8, 20, 20)
    first, _, added = document.annotation.shapes
    assert first.group_id == added.group_id == 1
    assert added.label == "a"
    assert document.plane[15, 15] == 1


def test_background_and_ignore_are_painted_per_class_in_objects_mode() -> None:
    document = open_document(mode=OBJECTS)
    paint(document, 0, 0, 0, 5, 5)
    paint(document, 0, 20, 20, 25, 25)
    assert [shape.bitmap.count for shape in document.annotation.shapes] == [50]


def test_a_stroke_is_added_to_the_mask_that_uses_an_old_name_of_the_class() -> None:
    table = TABLE.with_renamed(1, "car")
    document = Document(Annotation(SIDE, SIDE, (mask_shape("a", 0, 0, 5, 5),)), table)
    document.begin()
    document.paint(1, Box(20, 20, 25, 25), np.ones((5, 5), bool))
    document.commit("stroke")
    assert [shape.bitmap.count for shape in document.annotation.shapes] == [50]
