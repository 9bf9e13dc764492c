"""Tools that use the image, the prediction or a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from segstudio.core.box import EMPTY, Box, full_box
from segstudio.core.classes import IGNORE, UNLABELLED
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.accept import Accept
from segstudio.tools.bucket import Bucket
from segstudio.tools.grabcut import GrabCut
from segstudio.tools.options import ToolSettings
from segstudio.tools.prompt import Prompt
from segstudio.tools.scissors import Scissors
from segstudio.tools.superpixel import Superpixels
from segstudio.tools.threshold import Threshold
from segstudio.tools.tool import Pointer, ToolContext
from segstudio.tools.wand import Wand
from segstudio.tools.watershed import Watershed
from tests.tools.scene import HEIGHT, WIDTH, box, click, disc, drag, empty_document, iou, make_context, run_pending_work


def test_the_bucket_fills_one_region_or_all_pixels_of_a_label() -> None:
    document = empty_document()
    document.add(
        "ring", Shape("a", "linestrip", ((40.0, 40.0), (120.0, 40.0), (120.0, 120.0), (40.0, 120.0), (40.0, 40.0)))
    )
    click(Bucket(ToolSettings(2)), document, (80, 80))
    assert (document.plane[50:110, 50:110] == 2).all()
    assert document.plane[5, 5] == UNLABELLED
    click(Bucket(ToolSettings(1)), document, (5, 5), shift=True)
    assert not (document.plane == UNLABELLED).any()
    click(Bucket(ToolSettings(2)), document, (80, 80), alt=True)
    assert document.plane[80, 80] == UNLABELLED
    assert len(document.history) == 4


def test_the_wand_paints_similar_pixels_and_dragging_raises_the_tolerance() -> None:
    document, settings = empty_document(), ToolSettings(1, tolerance=20)
    click(Wand(settings, make_context()), document, (60, 80))
    assert ((document.plane == 1) == disc()).all()
    click(Wand(settings, make_context()), document, (60, 80), alt=True)
    assert (document.plane == UNLABELLED).all()
    drag(Wand(settings, make_context()), document, (60, 80), (60 + 4 * 115, 80))
    assert settings.tolerance == 250
    assert (document.plane == 1).all()
    assert len(document.history) == 3


def test_the_wand_can_compare_the_probability_map() -> None:
    document, context = empty_document(), make_context()
    context.probability_map = np.where(box(), 200, 20).astype(np.uint8)
    click(Wand(ToolSettings(1, tolerance=5, on_probability_map=True), context), document, (60, 80))
    assert ((document.plane == 1) == ~box()).all()


def test_shift_makes_the_wand_paint_unconnected_pixels_too() -> None:
    document, context = empty_document(), make_context()
    context.image[10:20, 10:20] = context.image[80, 60]
    click(Wand(ToolSettings(1, tolerance=20), context), document, (60, 80), shift=True)
    assert document.plane[15, 15] == 1


def test_scissors_follow_the_edge_between_clicks() -> None:
    document, tool = empty_document(), Scissors(ToolSettings(1), make_context())
    click(tool, document, (131, 41), (199, 41), (199, 119), (131, 119))
    tool.finish(document)
    (shape,) = document.annotation.shapes
    assert shape.kind == POLYGON
    assert iou(document.plane == 1, box()) > 0.93


def test_scissors_follow_a_curve_between_few_clicks() -> None:
    document, tool = empty_document(), Scissors(ToolSettings(1), make_context())
    click(tool, document, (60, 50), (90, 80), (60, 110), (30, 80))
    tool.finish(document)
    assert iou(document.plane == 1, disc()) > 0.9


def test_backspace_removes_the_last_anchor_of_the_scissors() -> None:
    document, tool = empty_document(), Scissors(ToolSettings(1), make_context())
    click(tool, document, (131, 41), (199, 41), (20, 20))
    assert tool.step_back(document)
    run_pending_work(tool, document)
    assert tool.preview(document).handles == ((131, 41), (199, 41))
    tool.cancel(document)
    assert len(document.history) == 0


def test_scissors_without_an_image_do_nothing() -> None:
    document, tool = empty_document(), Scissors(ToolSettings(1), ToolContext())
    click(tool, document, (10, 10), (50, 50), (10, 50))
    tool.finish(document)
    assert len(document.history) == 0


def test_grabcut_finds_the_object_in_a_box_and_strokes_can_be_removed() -> None:
    document, tool = empty_document(), GrabCut(ToolSettings(1, 3), make_context())
    drag(tool, document, (20, 40), (100, 120))
    shown = tool.preview(document).mask
    assert shown is not None
    drag(tool, document, (60, 80), (70, 80), alt=True)
    assert tool.step_back(document)
    run_pending_work(tool, document)
    tool.finish(document)
    assert iou(document.plane == 1, disc()) > 0.97
    assert len(document.history) == 1


def test_a_negative_stroke_removes_pixels_from_the_grabcut_object() -> None:
    document, tool = empty_document(), GrabCut(ToolSettings(1, 6), make_context())
    drag(tool, document, (20, 40), (100, 120))
    drag(tool, document, (40, 80), (50, 80), alt=True)
    tool.finish(document)
    assert document.plane[80, 45] == UNLABELLED


def test_the_superpixel_brush_paints_whole_superpixels_that_end_at_edges() -> None:
    document, tool = empty_document(), Superpixels(ToolSettings(1, 2, cell_px=16), make_context())
    drag(tool, document, (60, 80), (62, 80))
    assert 60 < int((document.plane == 1).sum()) < 2000
    drag(tool, document, (40, 70), (80, 70), (80, 90), (40, 90), (60, 60), (60, 100))
    outside = (document.plane == 1) & ~disc()
    assert outside.sum() < 0.12 * (document.plane == 1).sum()
    assert len(document.history) == 2


def test_a_superpixel_continues_across_the_border_of_two_blocks() -> None:
    image = np.zeros((600, 1100, 3), np.uint8)
    image[:, :] = np.random.default_rng(1).integers(0, 40, 3)
    document = Document(empty_document().annotation.__class__(600, 1100), empty_document().table)
    tool = Superpixels(ToolSettings(1, 1, cell_px=20), ToolContext(image=image, visible_box=full_box(600, 1100)))
    drag(tool, document, (505, 300), (520, 300))
    painted = document.plane == 1
    assert painted[:, 500:512].any()
    assert painted[:, 512:524].any()


def test_watershed_divides_the_region_between_scribbles_along_the_edge() -> None:
    document, settings = empty_document(), ToolSettings(1, 3)
    tool = Watershed(settings, make_context())
    drag(tool, document, (50, 80), (70, 80))
    assert tool.preview(document).labels is None
    settings.class_id = 2
    drag(tool, document, (20, 30), (110, 30), (110, 130), (20, 130), (20, 30))
    tool.finish(document)
    assert iou(document.plane == 1, disc()) > 0.95
    assert (document.plane == 2).any()
    assert len(document.history) == 1
    document.undo()
    assert (document.plane == UNLABELLED).all()


def test_watershed_leaves_the_region_of_an_alt_scribble_unchanged() -> None:
    document, settings = empty_document(), ToolSettings(1, 3)
    tool = Watershed(settings, make_context())
    drag(tool, document, (50, 80), (70, 80))
    drag(tool, document, (20, 30), (110, 30), (110, 130), alt=True)
    tool.finish(document)
    assert iou(document.plane == 1, disc()) > 0.95
    assert document.plane[30, 60] == UNLABELLED


def context_with_prediction() -> ToolContext:
    context = make_context()
    context.predicted = np.where(disc(), 1, np.where(box(), 2, 0)).astype(np.uint8)
    context.predicted[:8] = IGNORE
    return context


def test_accepting_by_brush_paints_all_predicted_classes_as_one_undo_step() -> None:
    document = empty_document()
    drag(Accept(ToolSettings(1, 15), context_with_prediction()), document, (60, 80), (160, 80))
    assert (document.plane[80, 60:80] == 1).all()
    assert (document.plane[80, 140:160] == 2).all()
    assert (document.plane[80, 95:125] == 0).all()
    assert len(document.history) == 1


def test_accepting_by_lasso_and_by_component() -> None:
    document = empty_document()
    drag(
        Accept(ToolSettings(1, accept_by="lasso"), context_with_prediction()),
        document,
        (40, 60),
        (60, 60),
        (60, 100),
        (40, 100),
    )
    assert (document.plane[70:90, 45:55] == 1).all()
    assert document.plane[80, 75] == UNLABELLED
    click(Accept(ToolSettings(1, accept_by="component"), context_with_prediction()), document, (160, 80))
    assert ((document.plane == 2) == box()).all()


def test_rejecting_a_component_makes_it_background() -> None:
    document = empty_document()
    click(Accept(ToolSettings(1, accept_by="component"), context_with_prediction()), document, (60, 80))
    click(Accept(ToolSettings(1, accept_by="component"), context_with_prediction()), document, (60, 80), secondary=True)
    assert ((document.plane == 0) == disc()).all()
    assert document.history.last.name == "reject"


def test_pixels_predicted_as_classes_not_in_the_project_are_not_accepted() -> None:
    document = empty_document()
    drag(Accept(ToolSettings(1, 400), context_with_prediction()), document, (60, 80), (61, 80))
    assert (document.plane[:8] == UNLABELLED).all()
    assert (document.plane[8:] != UNLABELLED).all()


def test_the_threshold_highlights_probable_pixels_and_paints_all_or_one_region() -> None:
    document, context, settings = empty_document(), make_context(), ToolSettings(1, threshold=128)
    context.probability_map = np.where(disc(), 150, np.where(box(), 220, 10)).astype(np.uint8)
    tool = Threshold(settings, context)
    tool.hover(document, Pointer(60, 80))
    run_pending_work(tool, document)
    click(tool, document, (160, 80))
    assert ((document.plane == 1) == box()).all()
    drag(tool, document, (10, 10), (10 + 4 * 40, 10))
    assert settings.threshold == 208
    tool.finish(document)
    assert ((document.plane == 1) == box()).all()
    settings.threshold = 100
    tool.hover(document, Pointer(10, 10))
    run_pending_work(tool, document)
    tool.finish(document)
    assert ((document.plane == 1) == (box() | disc())).all()


class FakeSegmenter:
    """Answers clicks with the disc and boxes with the box; records the requests."""

    def __init__(self) -> None:
        self.requests: list[tuple] = []

    def segment(self, points: Sequence[Point], positive: Sequence[bool], frame: Box | None) -> Patch:
        self.requests.append((tuple(points), tuple(positive), frame))
        mask = box() if frame is not None else disc()
        for (x, _), good in zip(points, positive, strict=True):
            if not good:
                mask = mask & (np.arange(WIDTH)[None, :] > x)
        return (full_box(HEIGHT, WIDTH), mask) if mask.any() else (EMPTY, np.zeros((0, 0), bool))


def test_the_model_answers_clicks_and_boxes_and_enter_paints_the_mask() -> None:
    document, context = empty_document(), make_context()
    context.segmenter = segmenter = FakeSegmenter()
    tool = Prompt(ToolSettings(1), context)
    click(tool, document, (60, 80))
    assert len(document.history) == 0
    assert tool.preview(document).positive == ((60, 80),)
    click(tool, document, (40, 80), alt=True)
    assert segmenter.requests[-1] == (((60, 80), (40, 80)), (True, False), None)
    assert tool.step_back(document)
    run_pending_work(tool, document)
    tool.finish(document)
    assert ((document.plane == 1) == disc()).all()
    drag(tool, document, (120, 30), (210, 130))
    tool.finish(document)
    assert ((document.plane == 1) == (disc() | box())).all()
    assert len(document.history) == 2


def test_a_result_after_escape_is_dropped() -> None:
    document, context = empty_document(), make_context()
    context.segmenter = FakeSegmenter()
    tool = Prompt(ToolSettings(1), context)
    tool.press(document, Pointer(60, 80))
    tool.release(document, Pointer(60, 80))
    work = tool.pending_work()
    tool.cancel(document)
    tool.work_done(document, work, work.run())
    tool.finish(document)
    assert len(document.history) == 0
    assert tool.preview(document).mask is None


@pytest.mark.parametrize("make", [Wand, Scissors, GrabCut, Superpixels, Watershed, Accept, Threshold, Prompt])
def test_without_an_image_or_prediction_nothing_is_painted(make: type) -> None:
    document = empty_document()
    tool = make(ToolSettings(1), ToolContext())
    drag(tool, document, (20, 20), (60, 60), (90, 20))
    tool.finish(document)
    run_pending_work(tool, document)
    assert len(document.history) == 0
    assert not document.has_open_stroke
