"""Tools that use the image: bucket, wand, scissors, GrabCut, superpixels and watershed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segstudio.core.box import Box, full_box
from segstudio.core.classes import UNLABELLED
from segstudio.core.document import Document
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.accept import Accept
from segstudio.tools.bucket import Bucket
from segstudio.tools.grabcut import GrabCut
from segstudio.tools.options import ToolSettings
from segstudio.tools.prompt import Prompt
from segstudio.tools.scissors import Scissors
from segstudio.tools.superpixel import Superpixels
from segstudio.tools.threshold import Threshold
from segstudio.tools.tool import Pointer, Tool, ToolContext
from segstudio.tools.wand import Wand, search_box
from segstudio.tools.watershed import Scribble, Watershed, divide
from tests.tools.scene import (
    box,
    click,
    disc,
    drag,
    empty_document,
    iou,
    make_context,
    run_pending_work,
)


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


@pytest.mark.parametrize("make", [Wand, Scissors, GrabCut, Superpixels, Watershed, Accept, Threshold, Prompt])
def test_without_an_image_or_prediction_nothing_is_painted(make: type) -> None:
    document = empty_document()
    tool = make(ToolSettings(1), ToolContext())
    drag(tool, document, (20, 20), (60, 60), (90, 20))
    tool.finish(document)
    run_pending_work(tool, document)
    assert len(document.history) == 0
    assert not document.has_open_stroke


@pytest.mark.parametrize("kind", [Bucket, Wand, Superpixels])
@pytest.mark.parametrize("held", ["alt", "secondary"])
def test_alt_and_the_right_button_erase(kind: type[Tool], held: str) -> None:
    document, tool = empty_document(), kind(ToolSettings(1, 3, tolerance=30), make_context())
    click(tool, document, (60, 80))
    assert document.plane[80, 60] == 1
    click(tool, document, (60, 80), **{held: True})
    assert document.plane[80, 60] == UNLABELLED
    assert len(document.history) == 2


def test_a_bucket_click_on_the_current_class_requests_nothing() -> None:
    document, tool = empty_document(), Bucket(ToolSettings(1))
    click(tool, document, (60, 80))
    tool.press(document, Pointer(60, 80))
    assert tool.pending_work() is None


def test_the_wand_stops_at_pixels_that_differ_and_leaves_unconnected_ones() -> None:
    document, context = empty_document(), make_context()
    context.image[10:20, 10:20] = context.image[80, 60]
    click(Wand(ToolSettings(1, tolerance=20), context), document, (60, 80))
    assert document.plane[15, 15] == UNLABELLED


def test_the_wand_searches_the_visible_part_and_at_least_1024_pixels_around_the_click() -> None:
    source = np.zeros((5000, 6000, 3), np.uint8)
    assert search_box(Box(2000, 2000, 2010, 2010), 2005, 2005, source) == Box(1493, 1493, 2517, 2517)
    assert search_box(full_box(5000, 6000), 2005, 2005, source) == full_box(5000, 6000)


def test_strokes_overrule_what_grabcut_found() -> None:
    document, tool = empty_document(), GrabCut(ToolSettings(1, 4), make_context())
    drag(tool, document, (20, 40), (100, 120))
    drag(tool, document, (24, 44), (24, 60))
    drag(tool, document, (60, 80), (64, 80), secondary=True)
    tool.finish(document)
    assert (document.plane[44:60, 24] == 1).all()
    assert (document.plane[80, 60:64] == UNLABELLED).all()


def test_backspace_removes_the_box_of_grabcut_and_the_cursor_follows() -> None:
    document, tool = empty_document(), GrabCut(ToolSettings(1, 4), make_context())
    assert tool.radius_px is None
    drag(tool, document, (20, 40), (100, 120))
    assert tool.radius_px == 4
    assert tool.take_back(document)
    assert tool.radius_px is None
    assert not tool.take_back(document)


def test_grabcut_computes_large_regions_at_a_reduced_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    run = cv2.grabCut

    def record(image: np.ndarray, *rest: object) -> object:
        sizes.append(image.shape[0] * image.shape[1])
        return run(image, *rest)

    monkeypatch.setattr("cv2.grabCut", record)
    monkeypatch.setattr("segstudio.tools.grabcut._MAX_PIXELS", 2000)
    document, settings = empty_document(), ToolSettings(1, 4)
    tool = GrabCut(settings, make_context())
    drag(tool, document, (20, 40), (100, 120))
    settings.radius_px = 1
    drag(tool, document, (24, 44), (24, 60))
    drag(tool, document, (60, 70), (60, 90), alt=True)
    tool.finish(document)
    assert sizes[0] < 2200
    assert iou(document.plane == 1, disc()) > 0.85
    assert (document.plane[44:60, 23:25] == 1).all()
    assert (document.plane[70:90, 59:61] == UNLABELLED).all()


def test_grabcut_proposes_the_box_where_opencv_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise cv2.error

    monkeypatch.setattr("cv2.grabCut", fail)
    document, tool = empty_document(), GrabCut(ToolSettings(1, 4), make_context())
    drag(tool, document, (20, 40), (100, 120))
    tool.finish(document)
    assert (document.plane[40:120, 20:100] == 1).all()


def test_watershed_covers_its_region_and_keeps_every_scribbled_pixel() -> None:
    image = make_context().image
    scribbles = (
        Scribble(1, ((60, 80), (70, 80)), 3),
        Scribble(2, ((180, 80), (181, 80)), 3),
        Scribble(1, ((165, 50),), 3),
    )
    box, labels = divide(image, scribbles)
    assert set(np.unique(labels)) == {1, 2}
    assert labels[50 - box.y0, 165 - box.x0] == 1
    assert labels[80 - box.y0, 180 - box.x0] == 2


def test_scribbles_that_touch_at_the_border_of_the_image_keep_their_pixels() -> None:
    scribbles = (Scribble(1, ((30, 0.5), (47, 0.5)), 3), Scribble(2, ((54, 0.5), (70, 0.5)), 3))
    box, labels = divide(make_context().image, scribbles)
    assert (box.y0, box.x0) == (0, 0)
    assert (labels[0, 30:50] == 1).all()
    assert (labels[0, 51:70] == 2).all()


def test_backspace_removes_a_scribble_and_what_it_divided() -> None:
    document, settings = empty_document(), ToolSettings(1, 3)
    tool = Watershed(settings, make_context())
    drag(tool, document, (50, 80), (70, 80))
    drag(tool, document, (20, 30), (110, 30), secondary=True)
    assert tool.preview(document).labels is not None
    assert tool.step_back(document)
    assert tool.preview(document).labels is None
    tool.finish(document)
    assert len(document.history) == 0
    assert len(tool.preview(document).lines) == 1


def test_painting_a_watershed_leaves_labels_where_alt_scribbles_won() -> None:
    document = empty_document()
    document.add("before", Shape("b", "rectangle", ((5.0, 5.0), (235.0, 155.0))))
    tool = Watershed(ToolSettings(1, 3), make_context())
    drag(tool, document, (50, 80), (70, 80))
    drag(tool, document, (20, 30), (110, 30), (110, 130), alt=True)
    tool.finish(document)
    assert document.plane[30, 60] == 2
    assert document.plane[80, 60] == 1
