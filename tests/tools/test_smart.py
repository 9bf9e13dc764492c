"""Tools that look at the image, or at what a model says of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from segstudio.core.box import EMPTY, Box, whole
from segstudio.core.classes import IGNORE, UNLABELLED
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.accept import Accept
from segstudio.tools.bucket import Bucket
from segstudio.tools.grabcut import GrabCut
from segstudio.tools.prompt import Prompt
from segstudio.tools.scissors import Scissors
from segstudio.tools.superpixel import Superpixels
from segstudio.tools.threshold import Threshold
from segstudio.tools.tool import Choice, Pointer, Sight, settle
from segstudio.tools.wand import Wand
from segstudio.tools.watershed import Watershed
from tests.tools.scene import HEIGHT, WIDTH, box, click, disc, drag, fresh, iou, sight


def test_the_bucket_fills_one_label_and_no_more() -> None:
    document = fresh()
    document.add(
        "ring", Shape("a", "linestrip", ((40.0, 40.0), (120.0, 40.0), (120.0, 120.0), (40.0, 120.0), (40.0, 40.0)))
    )
    click(Bucket(Choice(2)), document, (80, 80))
    assert (document.plane[50:110, 50:110] == 2).all()
    assert document.plane[5, 5] == UNLABELLED
    click(Bucket(Choice(1)), document, (5, 5), shift=True)
    assert not (document.plane == UNLABELLED).any()
    click(Bucket(Choice(2)), document, (80, 80), alt=True)
    assert document.plane[80, 80] == UNLABELLED
    assert len(document.history) == 4


def test_the_wand_takes_what_is_alike_and_more_when_dragged() -> None:
    document, choice = fresh(), Choice(1, tolerance=20)
    click(Wand(choice, sight()), document, (60, 80))
    assert ((document.plane == 1) == disc()).all()
    click(Wand(choice, sight()), document, (60, 80), alt=True)
    assert (document.plane == UNLABELLED).all()
    drag(Wand(choice, sight()), document, (60, 80), (60 + 4 * 115, 80))
    assert choice.tolerance == 250
    assert (document.plane == 1).all()
    assert len(document.history) == 3


def test_the_wand_looks_at_the_heat_when_told_so() -> None:
    document, look = fresh(), sight()
    look.heat = np.where(box(), 200, 20).astype(np.uint8)
    click(Wand(Choice(1, tolerance=5, on_heat=True), look), document, (60, 80))
    assert ((document.plane == 1) == ~box()).all()


def test_shift_makes_the_wand_take_what_is_not_connected() -> None:
    document, look = fresh(), sight()
    look.image[10:20, 10:20] = look.image[80, 60]
    click(Wand(Choice(1, tolerance=20), look), document, (60, 80), shift=True)
    assert document.plane[15, 15] == 1


def test_scissors_follow_the_edge_between_clicks() -> None:
    document, tool = fresh(), Scissors(Choice(1), sight())
    click(tool, document, (131, 41), (199, 41), (199, 119), (131, 119))
    tool.finish(document)
    (shape,) = document.annotation.shapes
    assert shape.kind == POLYGON
    assert iou(document.plane == 1, box()) > 0.93


def test_scissors_cling_to_a_curve_that_two_clicks_alone_would_cut() -> None:
    document, tool = fresh(), Scissors(Choice(1), sight())
    click(tool, document, (60, 50), (90, 80), (60, 110), (30, 80))
    tool.finish(document)
    assert iou(document.plane == 1, disc()) > 0.9


def test_backspace_takes_an_anchor_of_the_scissors_back() -> None:
    document, tool = fresh(), Scissors(Choice(1), sight())
    click(tool, document, (131, 41), (199, 41), (20, 20))
    assert tool.step_back(document)
    settle(tool, document)
    assert tool.draft(document).handles == ((131, 41), (199, 41))
    tool.cancel(document)
    assert len(document.history) == 0


def test_scissors_without_a_image_do_nothing() -> None:
    document, tool = fresh(), Scissors(Choice(1), Sight())
    click(tool, document, (10, 10), (50, 50), (10, 50))
    tool.finish(document)
    assert len(document.history) == 0


def test_grabcut_finds_the_object_in_a_box_and_obeys_strokes() -> None:
    document, tool = fresh(), GrabCut(Choice(1, 3), sight())
    drag(tool, document, (20, 40), (100, 120))
    shown = tool.draft(document).preview
    assert shown is not None
    drag(tool, document, (60, 80), (70, 80), alt=True)
    assert tool.step_back(document)
    settle(tool, document)
    tool.finish(document)
    assert iou(document.plane == 1, disc()) > 0.97
    assert len(document.history) == 1


def test_a_stroke_says_what_is_not_part_of_the_object() -> None:
    document, tool = fresh(), GrabCut(Choice(1, 6), sight())
    drag(tool, document, (20, 40), (100, 120))
    drag(tool, document, (40, 80), (50, 80), alt=True)
    tool.finish(document)
    assert document.plane[80, 45] == UNLABELLED


def test_the_superpixel_brush_paints_whole_cells_that_stop_at_edges() -> None:
    document, tool = fresh(), Superpixels(Choice(1, 2, cell_px=16), sight())
    drag(tool, document, (60, 80), (62, 80))
    assert 60 < int((document.plane == 1).sum()) < 2000
    drag(tool, document, (40, 70), (80, 70), (80, 90), (40, 90), (60, 60), (60, 100))
    outside = (document.plane == 1) & ~disc()
    assert outside.sum() < 0.12 * (document.plane == 1).sum()
    assert len(document.history) == 2


def test_a_cell_is_the_same_cell_on_both_sides_of_a_block() -> None:
    image = np.zeros((600, 1100, 3), np.uint8)
    image[:, :] = np.random.default_rng(1).integers(0, 40, 3)
    document = Document(fresh().annotation.__class__(600, 1100), fresh().table)
    tool = Superpixels(Choice(1, 1, cell_px=20), Sight(image=image, seen=whole(600, 1100)))
    drag(tool, document, (505, 300), (520, 300))
    painted = document.plane == 1
    assert painted[:, 500:512].any()
    assert painted[:, 512:524].any()


def test_watershed_divides_between_scribbles_at_the_edge() -> None:
    document, choice = fresh(), Choice(1, 3)
    tool = Watershed(choice, sight())
    drag(tool, document, (50, 80), (70, 80))
    assert tool.draft(document).planes is None
    choice.class_id = 2
    drag(tool, document, (20, 30), (110, 30), (110, 130), (20, 130), (20, 30))
    tool.finish(document)
    assert iou(document.plane == 1, disc()) > 0.95
    assert (document.plane == 2).any()
    assert len(document.history) == 1
    document.undo()
    assert (document.plane == UNLABELLED).all()


def test_a_scribble_of_nothing_leaves_the_region_as_it_is() -> None:
    document, choice = fresh(), Choice(1, 3)
    tool = Watershed(choice, sight())
    drag(tool, document, (50, 80), (70, 80))
    drag(tool, document, (20, 30), (110, 30), (110, 130), alt=True)
    tool.finish(document)
    assert iou(document.plane == 1, disc()) > 0.95
    assert document.plane[30, 60] == UNLABELLED


def predicting() -> Sight:
    look = sight()
    look.predicted = np.where(disc(), 1, np.where(box(), 2, 0)).astype(np.uint8)
    look.predicted[:8] = IGNORE
    return look


def test_accepting_by_brush_takes_every_class_under_it_in_one_step() -> None:
    document = fresh()
    drag(Accept(Choice(1, 15), predicting()), document, (60, 80), (160, 80))
    assert (document.plane[80, 60:80] == 1).all()
    assert (document.plane[80, 140:160] == 2).all()
    assert (document.plane[80, 95:125] == 0).all()
    assert len(document.history) == 1


def test_accepting_by_lasso_and_by_component() -> None:
    document = fresh()
    drag(Accept(Choice(1, accept_by="lasso"), predicting()), document, (40, 60), (60, 60), (60, 100), (40, 100))
    assert (document.plane[70:90, 45:55] == 1).all()
    assert document.plane[80, 75] == UNLABELLED
    click(Accept(Choice(1, accept_by="component"), predicting()), document, (160, 80))
    assert ((document.plane == 2) == box()).all()


def test_rejecting_says_background_where_the_model_saw_something() -> None:
    document = fresh()
    click(Accept(Choice(1, accept_by="component"), predicting()), document, (60, 80))
    click(Accept(Choice(1, accept_by="component"), predicting()), document, (60, 80), secondary=True)
    assert ((document.plane == 0) == disc()).all()
    assert document.history.last.name == "reject"


def test_pixels_of_classes_that_the_project_lacks_are_not_taken() -> None:
    document = fresh()
    drag(Accept(Choice(1, 400), predicting()), document, (60, 80), (61, 80))
    assert (document.plane[:8] == UNLABELLED).all()
    assert (document.plane[8:] != UNLABELLED).all()


def test_the_threshold_lights_what_is_hot_and_paints_all_or_one_region() -> None:
    document, look, choice = fresh(), sight(), Choice(1, threshold=128)
    look.heat = np.where(disc(), 150, np.where(box(), 220, 10)).astype(np.uint8)
    tool = Threshold(choice, look)
    tool.hover(document, Pointer(60, 80))
    settle(tool, document)
    click(tool, document, (160, 80))
    assert ((document.plane == 1) == box()).all()
    drag(tool, document, (10, 10), (10 + 4 * 40, 10))
    assert choice.threshold == 208
    tool.finish(document)
    assert ((document.plane == 1) == box()).all()
    choice.threshold = 100
    tool.hover(document, Pointer(10, 10))
    settle(tool, document)
    tool.finish(document)
    assert ((document.plane == 1) == (box() | disc())).all()


class Answers:
    """What a model would say: the disc for a click on it, the box for a box; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def segment(self, points: Sequence[Point], positive: Sequence[bool], frame: Box | None) -> Patch:
        self.asked.append((tuple(points), tuple(positive), frame))
        mask = box() if frame is not None else disc()
        for (x, _), good in zip(points, positive, strict=True):
            if not good:
                mask = mask & (np.arange(WIDTH)[None, :] > x)
        return (whole(HEIGHT, WIDTH), mask) if mask.any() else (EMPTY, np.zeros((0, 0), bool))


def test_clicks_and_boxes_are_answered_and_enter_paints() -> None:
    document, look = fresh(), sight()
    look.segmenter = answers = Answers()
    tool = Prompt(Choice(1), look)
    click(tool, document, (60, 80))
    assert len(document.history) == 0
    assert tool.draft(document).plus == ((60, 80),)
    click(tool, document, (40, 80), alt=True)
    assert answers.asked[-1] == (((60, 80), (40, 80)), (True, False), None)
    assert tool.step_back(document)
    settle(tool, document)
    tool.finish(document)
    assert ((document.plane == 1) == disc()).all()
    drag(tool, document, (120, 30), (210, 130))
    tool.finish(document)
    assert ((document.plane == 1) == (disc() | box())).all()
    assert len(document.history) == 2


def test_a_result_after_escape_is_dropped() -> None:
    document, look = fresh(), sight()
    look.segmenter = Answers()
    tool = Prompt(Choice(1), look)
    tool.press(document, Pointer(60, 80))
    tool.release(document, Pointer(60, 80))
    work = tool.wanted()
    tool.cancel(document)
    tool.done(document, work, work.run())
    tool.finish(document)
    assert len(document.history) == 0
    assert tool.draft(document).preview is None


@pytest.mark.parametrize("make", [Wand, Scissors, GrabCut, Superpixels, Watershed, Accept, Threshold, Prompt])
def test_without_anything_to_look_at_nothing_happens(make: type) -> None:
    document = fresh()
    tool = make(Choice(1), Sight())
    drag(tool, document, (20, 20), (60, 60), (90, 20))
    tool.finish(document)
    settle(tool, document)
    assert len(document.history) == 0
    assert not document.stroking
