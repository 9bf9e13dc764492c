"""Painting rules: which pixels may be painted over."""

from __future__ import annotations

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.box import Box
from segstudio.core.classes import ClassTable
from segstudio.core.document import Document
from segstudio.core.painting_rules import ONLY_CLASS, Marks, PaintingRules, compute_allowed, gray_of
from segstudio.core.shape import Shape

TABLE = ClassTable.from_names(["_background_", "a", "b"])
ROW = np.array([[0, 1, 2, 254]], np.uint8)


def test_the_intensity_range_includes_both_limits() -> None:
    gray = np.array([[9, 10, 20, 21]])
    assert compute_allowed(PaintingRules(intensity=(10, 20)), ROW, gray).tolist() == [[False, True, True, False]]


def test_a_locked_class_is_never_painted_over() -> None:
    rules = PaintingRules(over=ONLY_CLASS, over_class=1, locked_classes=frozenset({1}))
    assert not compute_allowed(rules, ROW, None).any()
    assert compute_allowed(PaintingRules(locked_classes=frozenset({1})), ROW, None).tolist() == [
        [True, False, True, True]
    ]


def test_intensity_of_a_colour_image_is_the_mean_of_its_first_three_bands() -> None:
    pixels = np.array([[[1, 2, 6, 100]]], np.uint16)
    assert gray_of(pixels, Box(0, 0, 1, 1)).tolist() == [[3.0]]


def test_only_the_visible_pixels_of_a_locked_shape_are_protected() -> None:
    locked = Shape("a", "mask", bitmap=Bitmap.from_array(np.ones((10, 10), bool)))
    cover = Shape("b", "polygon", ((0.0, 0.0), (9.0, 0.0), (9.0, 4.0), (0.0, 4.0)))
    document = Document(Annotation(10, 10, (locked, cover)), TABLE)
    document.marks = Marks(locked=frozenset({locked.uid}))
    document.begin()
    document.paint(0, Box(0, 0, 10, 10), np.ones((10, 10), bool))
    assert (document.plane[:5] == 0).all()
    assert (document.plane[5:] == 1).all()


def test_a_locked_mask_is_protected_where_it_is_above_another_mask() -> None:
    below = Shape("b", "mask", bitmap=Bitmap.from_array(np.ones((10, 10), bool)))
    locked = Shape("a", "mask", bitmap=Bitmap.from_array(np.ones((4, 10), bool)))
    for shapes, protected in (((below, locked), 4), ((locked, below), 0)):
        document = Document(Annotation(10, 10, shapes), TABLE)
        document.marks = Marks(locked=frozenset({locked.uid}))
        document.begin()
        document.paint(0, Box(0, 0, 10, 10), np.ones((10, 10), bool))
        assert np.count_nonzero(document.plane != 0) == 10 * protected
