"""Edits of whole shapes, compared with numpy arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segstudio.core import morphology, shape_edits
from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise, rasterise_shape
from segstudio.core.shape import COCO, FILL_RULE, MASK, Shape

SIDE = 20
TABLE = ClassTable.from_names(["_background_", "a", "b"])
MASKS = arrays(np.bool_, (SIDE, SIDE))


def of(*masks: np.ndarray) -> Annotation:
    return Annotation(SIDE, SIDE, tuple(Shape("a", MASK, bitmap=Bitmap.from_array(mask)) for mask in masks))


def pixels(shape: Shape) -> np.ndarray:
    out = np.zeros((SIDE, SIDE), bool)
    box, mask = rasterise_shape(shape, Annotation(SIDE, SIDE).box)
    out[box.slices] = mask
    return out


@given(MASKS, MASKS, MASKS)
def test_union_subtract_and_intersect_equal_numpy(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    assume(a.any() and b.any() and c.any())
    annotation = of(a, b, c)
    union = shape_edits.combine(annotation, [0, 1, 2], shape_edits.UNION)
    assert (rasterise(union, TABLE) == rasterise(annotation, TABLE)).all()
    assert len(union.shapes) == int((a | b | c).any())
    difference = shape_edits.combine(annotation, [1, 0, 2], shape_edits.SUBTRACT)
    expected = b & ~a & ~c
    assert [pixels(s).tolist() for s in difference.shapes if s.uid == annotation.shapes[1].uid] == (
        [expected.tolist()] if expected.any() else []
    )
    both = shape_edits.combine(annotation, [0, 1], shape_edits.INTERSECT)
    assert [s.uid for s in both.shapes[-1:]] == [annotation.shapes[2].uid]
    if (a & b).any():
        assert (pixels(both.shapes[0]) == (a & b)).all()


@given(MASKS, st.integers(-30, 30), st.integers(-30, 30))
def test_moving_a_mask_shifts_every_pixel_and_stops_at_row_and_column_0(
    mask: np.ndarray, rows: int, columns: int
) -> None:
    assume(mask.any())
    annotation = of(mask)
    after = shape_edits.move(annotation, [0], rows, columns).shapes[0].bitmap
    before = annotation.shapes[0].bitmap
    assert after.count == before.count
    down, right = after.box.y0 - before.box.y0, after.box.x0 - before.box.x0
    assert (after.to_array(after.box) == before.to_array(before.box)).all()
    assert down == max(-before.box.y0, min(rows, SIDE - 1 - before.box.y0))
    assert right == max(-before.box.x0, min(columns, SIDE - 1 - before.box.x0))


def test_shapes_outside_the_image_are_unchanged() -> None:
    far = Shape("a", "polygon", ((50.0, 50.0), (90.0, 50.0), (90.0, 90.0)))
    annotation = Annotation(SIDE, SIDE, (far, far.duplicate()))
    for change in (
        morphology.fill_holes,
        morphology.keep_largest_component,
        lambda m: morphology.dilate(m, 2),
        lambda m: morphology.smooth(m, 2),
    ):
        assert shape_edits.reshape(annotation, [0, 1], change, 3).shapes == annotation.shapes
    for how in (shape_edits.UNION, shape_edits.SUBTRACT, shape_edits.INTERSECT):
        assert shape_edits.combine(annotation, [0, 1], how).shapes == annotation.shapes
    assert shape_edits.convert_to_masks(annotation, [0]).shapes == annotation.shapes


def test_copies_of_one_group_form_a_new_group() -> None:
    annotation = shape_edits.group(of(np.eye(SIDE, dtype=bool), np.eye(SIDE, dtype=bool)), [0, 1])
    groups = [shape.group_id for shape in shape_edits.duplicate(annotation, [0, 1]).shapes]
    assert groups[0] == groups[1] != groups[2] == groups[3]


@settings(max_examples=150)
@given(MASKS)
def test_a_mask_without_holes_converts_to_polygons_with_the_same_pixels(mask: np.ndarray) -> None:
    mask = morphology.fill_holes(morphology.dilate(mask, 1))
    annotation = of(mask)
    after = shape_edits.convert_to_polygons(annotation, [0], 0)
    assert (rasterise(after, TABLE) == rasterise(annotation, TABLE)).all()
    groups = {shape.group_id for shape in after.shapes}
    assert len(groups) == 1
    assert len({shape.uid for shape in after.shapes}) == len(after.shapes)


def test_holes_are_kept_when_converting_to_polygons_and_back() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[2:18, 2:18] = True
    mask[6:10, 6:10] = False
    after = shape_edits.convert_to_masks(shape_edits.convert_to_polygons(of(mask), [0], 0), [0])
    assert (pixels(after.shapes[0]) == mask).all()


def test_a_larger_tolerance_gives_fewer_points() -> None:
    rows, columns = np.ogrid[:SIDE, :SIDE]
    disc = (rows - 10) ** 2 + (columns - 10) ** 2 <= 64
    counts = [len(shape_edits.convert_to_polygons(of(disc), [0], detail).shapes[0].points) for detail in (0, 1, 3)]
    assert counts[0] > counts[1] > counts[2] >= 3


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True), st.sampled_from(["front", "back"]))
def test_restacking_to_front_or_back_keeps_all_shapes_and_their_order(chosen: list[int], where: str) -> None:
    annotation = of(*[np.ones((SIDE, SIDE), bool)] * 6)
    after = shape_edits.restack(annotation, chosen, where)
    picked = [annotation.shapes[i] for i in sorted(chosen)]
    rest = [s for i, s in enumerate(annotation.shapes) if i not in chosen]
    assert [s.uid for s in after.shapes] == [
        s.uid for s in ([*rest, *picked] if where == "front" else [*picked, *rest])
    ]


@pytest.mark.parametrize(
    ("chosen", "where", "expected"),
    [
        ([0], "forward", [1, 0, 2, 3]),
        ([3], "forward", [0, 1, 2, 3]),
        ([2, 3], "forward", [0, 1, 2, 3]),
        ([0, 1], "forward", [2, 0, 1, 3]),
        ([0], "backward", [0, 1, 2, 3]),
        ([1, 3], "backward", [1, 0, 3, 2]),
    ],
)
def test_restacking_by_one_step(chosen: list[int], where: str, expected: list[int]) -> None:
    annotation = of(*[np.ones((SIDE, SIDE), bool)] * 4)
    uids = [shape.uid for shape in annotation.shapes]
    assert [uids.index(s.uid) for s in shape_edits.restack(annotation, chosen, where).shapes] == expected


def test_copies_are_new_objects() -> None:
    annotation = of(np.eye(SIDE, dtype=bool))
    after = shape_edits.paste(shape_edits.duplicate(annotation, [0], 2), annotation.shapes)
    assert len({shape.uid for shape in after.shapes}) == 3
    assert after.shapes[2].bitmap == annotation.shapes[0].bitmap


def test_pasting_into_a_smaller_image_crops_masks_and_leaves_out_shapes_outside() -> None:
    large = np.zeros((100, 100), bool)
    large[10:40, 10:40] = True
    far = Shape("a", "polygon", ((50.0, 50.0), (90.0, 50.0), (90.0, 90.0)))
    after = shape_edits.paste(Annotation(SIDE, SIDE), (Shape("a", MASK, bitmap=Bitmap.from_array(large)), far))
    assert len(after.shapes) == 1
    assert after.shapes[0].bitmap.count == 100


def test_splitting_keeps_the_uid_of_one_part_and_adds_new_objects() -> None:
    annotation = of(np.ones((SIDE, SIDE), bool))
    after = shape_edits.split_along(annotation, [0], [(10, -2), (10, 22)])
    assert [shape.uid == annotation.shapes[0].uid for shape in after.shapes] == [True, False]
    assert (rasterise(after, TABLE) == rasterise(annotation, TABLE)).all()


def test_dilation_stays_in_the_image_and_an_unchanged_polygon_stays_a_polygon() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[0:3, 0:3] = True
    after = shape_edits.reshape(of(mask), [0], lambda m: morphology.dilate(m, 2), margin_px=2)
    assert pixels(after.shapes[0])[4, 1]
    polygon = Annotation(SIDE, SIDE, (Shape("a", "polygon", ((2.0, 2.0), (9.0, 2.0), (9.0, 9.0))),))
    assert shape_edits.reshape(polygon, [0], morphology.fill_holes).shapes[0] is polygon.shapes[0]


def test_every_group_has_its_own_number() -> None:
    annotation = of(*[np.ones((SIDE, SIDE), bool)] * 4)
    once = shape_edits.group(annotation, [0, 1])
    twice = shape_edits.group(once, [2, 3])
    assert twice.shapes[0].group_id == twice.shapes[1].group_id != twice.shapes[2].group_id == twice.shapes[3].group_id
    assert shape_edits.ungroup(twice, [0]).shapes[0].group_id is None


def test_polygons_of_a_mask_from_coco_are_filled_by_the_rule_they_were_traced_for() -> None:
    disc = morphology.dilate(np.pad(np.ones((1, 1), bool), (8, SIDE - 9)), 5)
    shape = Shape("a", MASK, bitmap=Bitmap.from_array(disc), extra={FILL_RULE: COCO, "score": 1})
    after = shape_edits.convert_to_polygons(Annotation(SIDE, SIDE, (shape,)), [0], 0)
    assert (after.shapes[0].kind, dict(after.shapes[0].extra)) == ("polygon", {"score": 1})
    assert (pixels(after.shapes[0]) == disc).all()
