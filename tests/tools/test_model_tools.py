"""Tools that use the prediction, its probability map or a segmentation model."""

from __future__ import annotations

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.document import Document
from segstudio.core.shape import Shape
from segstudio.tools.accept import Accept
from segstudio.tools.options import ToolSettings
from segstudio.tools.prompt import Prompt
from segstudio.tools.threshold import Threshold
from segstudio.tools.tool import Pointer, ToolContext
from tests.tools.scene import (
    HEIGHT,
    WIDTH,
    FakeSegmenter,
    box,
    click,
    disc,
    drag,
    empty_document,
    make_context,
    run_pending_work,
)


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


def test_a_drag_changes_the_threshold_and_paints_nothing() -> None:
    document, context = empty_document(), make_context()
    context.probability_map = np.where(disc(), 150, 10).astype(np.uint8)
    tool = Threshold(ToolSettings(1, threshold=100), context)
    drag(tool, document, (60, 80), (64, 80))
    assert len(document.history) == 0


def test_clicks_beside_the_image_and_negative_clicks_alone_ask_the_model_nothing() -> None:
    document, context = empty_document(), make_context()
    context.segmenter = segmenter = FakeSegmenter()
    tool = Prompt(ToolSettings(1), context)
    click(tool, document, (-9, 80), (60, 300))
    click(tool, document, (40, 80), secondary=True)
    assert segmenter.requests == []
    assert tool.preview(document).negative == ((40, 80),)
    click(tool, document, (60, 80))
    assert segmenter.requests == [(((40, 80), (60, 80)), (False, True), None)]


def test_backspace_removes_the_clicks_and_then_the_box() -> None:
    document, context = empty_document(), make_context()
    context.segmenter = segmenter = FakeSegmenter()
    tool = Prompt(ToolSettings(1), context)
    drag(tool, document, (120, 30), (210, 130))
    click(tool, document, (140, 80))
    for _ in range(2):
        assert tool.step_back(document)
        run_pending_work(tool, document)
    assert [len(points) for points, _, _ in segmenter.requests] == [0, 1, 0]
    assert tool.preview(document).points == ()
    assert tool.preview(document).mask is None
    assert not tool.step_back(document)


def test_a_prediction_of_another_size_is_not_accepted() -> None:
    document, context = empty_document(), make_context()
    context.predicted = np.ones((HEIGHT, WIDTH - 1), np.uint8)
    for how in ("brush", "lasso", "component"):
        tool = Accept(ToolSettings(1, 9, accept_by=how), context)
        drag(tool, document, (40, 60), (60, 60), (60, 100))
    assert len(document.history) == 0


def test_rejecting_keeps_labels_that_differ_from_the_prediction() -> None:
    document = empty_document()
    document.add("own", Shape("b", "rectangle", ((30.0, 50.0), (59.0, 110.0))))
    click(Accept(ToolSettings(1, accept_by="component"), context_with_prediction()), document, (70, 80), alt=True)
    assert document.plane[80, 50] == 2
    assert document.plane[80, 70] == 0


def test_rejecting_erases_where_the_project_has_no_background_class() -> None:
    document = Document(Annotation(HEIGHT, WIDTH), ClassTable.from_names(["sky", "a", "b"]))
    settings = ToolSettings(1, accept_by="component")
    click(Accept(settings, context_with_prediction()), document, (60, 80))
    click(Accept(settings, context_with_prediction()), document, (60, 80), alt=True)
    assert document.plane[80, 60] == UNLABELLED


def test_escape_drops_the_lasso_of_the_accept_tool_and_its_cursor_is_a_ring_for_the_brush() -> None:
    document, settings = empty_document(), ToolSettings(1, 9, accept_by="lasso")
    tool = Accept(settings, context_with_prediction())
    assert tool.radius_px is None
    tool.press(document, Pointer(40, 60))
    tool.move(document, Pointer(60, 60))
    tool.cancel(document)
    assert tool.preview(document).points == ()
    settings.accept_by = "brush"
    assert tool.radius_px == 9
