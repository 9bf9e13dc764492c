"""Work in the background: results that are late, outdated or failed, and tools that are left meanwhile."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.annotation import Annotation
from segstudio.core.box import full_box
from segstudio.core.classes import UNLABELLED
from segstudio.core.document import Document
from segstudio.core.shape import LINESTRIP, Shape
from segstudio.tools.bucket import Bucket
from segstudio.tools.grabcut import GrabCut
from segstudio.tools.options import ToolSettings
from segstudio.tools.prompt import Prompt
from segstudio.tools.proposal import ProposalTool
from segstudio.tools.scissors import Scissors
from segstudio.tools.superpixel import Superpixels
from segstudio.tools.threshold import Threshold
from segstudio.tools.tool import Pointer, Tool, ToolContext
from segstudio.tools.wand import Wand
from segstudio.tools.watershed import Watershed
from tests.tools.scene import (
    TABLE,
    FakeSegmenter,
    box,
    click,
    disc,
    drag,
    empty_document,
    image,
    make_context,
    run_pending_work,
)


def press_and_release(tool: Tool, document: Document, x: float, y: float, **held: bool) -> None:
    """A click whose work is not run yet."""
    tool.press(document, Pointer(x, y, **held))
    tool.release(document, Pointer(x, y, **held))


def full_context() -> ToolContext:
    context = make_context()
    context.segmenter = FakeSegmenter()
    context.probability_map = np.where(disc(), 200, 20).astype(np.uint8)
    return context


def propose(tool: ProposalTool, document: Document) -> None:
    """Bring a tool to the point where it shows a proposal for the disc."""
    match tool:
        case Wand():
            tool.press(document, Pointer(60, 80))
            run_pending_work(tool, document)
        case GrabCut():
            drag(tool, document, (20, 40), (100, 120))
        case Watershed():
            drag(tool, document, (50, 80), (70, 80))
            drag(tool, document, (20, 30), (110, 30), (110, 130), (20, 130), (20, 30), alt=True)
        case Threshold():
            tool.hover(document, Pointer(60, 80))
            run_pending_work(tool, document)
        case Prompt():
            click(tool, document, (60, 80))


@pytest.mark.parametrize("kind", [Wand, GrabCut, Watershed, Threshold, Prompt])
def test_a_proposal_is_dropped_when_the_image_or_the_tool_is_left(kind: type[ProposalTool]) -> None:
    document, tool = empty_document(), kind(ToolSettings(1, 3), full_context())
    propose(tool, document)
    shown = tool.preview(document)
    assert shown.mask is not None or shown.labels is not None
    tool.cancel(document)
    dropped = tool.preview(document)
    assert (dropped.mask, dropped.labels, dropped.lines, dropped.points, dropped.positive) == (None, None, (), (), ())
    other = empty_document()
    if not isinstance(tool, Threshold):  # Enter computes the threshold of the new image
        tool.finish(other)
        run_pending_work(tool, other)
        assert len(other.history) == 0
    assert len(document.history) == 0


@pytest.mark.parametrize("kind", [Wand, GrabCut, Watershed, Prompt])
def test_a_late_result_for_the_image_that_was_left_is_ignored(kind: type[ProposalTool]) -> None:
    document, tool = empty_document(), kind(ToolSettings(1, 3), full_context())
    propose(tool, document)
    drag_without_work(tool, document)
    work = tool.pending_work()
    assert work is not None
    tool.cancel(document)
    other = empty_document()
    tool.work_done(other, work, work.run())
    tool.finish(other)
    assert len(other.history) == 0
    assert tool.preview(other).mask is None
    assert tool.preview(other).labels is None


def drag_without_work(tool: Tool, document: Document) -> None:
    if isinstance(tool, Wand):
        tool.move(document, Pointer(70, 80))
        return
    tool.press(document, Pointer(55, 80))
    tool.move(document, Pointer(57, 80))
    tool.release(document, Pointer(57, 80))


def test_only_the_result_of_the_newest_request_is_used() -> None:
    document, tool = empty_document(), Prompt(ToolSettings(1), full_context())
    press_and_release(tool, document, 60, 80)
    first = tool.pending_work()
    press_and_release(tool, document, 40, 80, alt=True)
    second = tool.pending_work()
    assert first is not None and second is not None
    tool.work_done(document, second, second.run())
    tool.work_done(document, first, first.run())
    tool.finish(document)
    assert document.plane[80, 80] == 1
    assert document.plane[80, 35] == UNLABELLED


def test_enter_before_the_result_paints_it_when_it_arrives() -> None:
    document, tool = empty_document(), Prompt(ToolSettings(1), full_context())
    press_and_release(tool, document, 60, 80)
    tool.finish(document)
    assert len(document.history) == 0
    run_pending_work(tool, document)
    assert ((document.plane == 1) == disc()).all()


def test_a_failed_request_drops_the_clicks() -> None:
    document, tool = empty_document(), Prompt(ToolSettings(1), full_context())
    press_and_release(tool, document, 60, 80)
    work = tool.pending_work()
    assert work is not None
    tool.work_failed(document, work)
    assert tool.preview(document).positive == ()


def test_backspace_drops_a_proposal() -> None:
    document, tool = empty_document(), Wand(ToolSettings(1), full_context())
    propose(tool, document)
    assert tool.take_back(document)
    assert tool.preview(document).mask is None
    assert not tool.take_back(document)


@pytest.mark.parametrize("kind", [Bucket, Wand])
def test_a_second_click_first_paints_the_accepted_result_of_the_first(kind: type[Bucket] | type[Wand]) -> None:
    document, tool = empty_document(), kind(ToolSettings(1, tolerance=20), full_context())
    ring = ((120.0, 30.0), (210.0, 30.0), (210.0, 130.0), (120.0, 130.0), (120.0, 30.0))
    document.add("ring", Shape("b", LINESTRIP, ring))
    press_and_release(tool, document, 60, 80)
    press_and_release(tool, document, 165, 80)
    run_pending_work(tool, document)
    assert document.plane[80, 60] == 1
    assert document.plane[80, 165] == 1
    assert len(document.history) == 3


def test_the_bucket_drops_a_region_found_before_another_edit() -> None:
    document, tool = empty_document(), Bucket(ToolSettings(1))
    press_and_release(tool, document, 60, 80)
    document.add("between", Shape("b", "circle", ((60.0, 80.0), (70.0, 80.0))))
    run_pending_work(tool, document)
    assert not (document.plane == 1).any()


def test_the_threshold_shows_and_paints_nothing_of_a_map_that_was_replaced() -> None:
    document, context = empty_document(), full_context()
    tool = Threshold(ToolSettings(1, threshold=100), context)
    propose(tool, document)
    context.probability_map = np.where(box(), 200, 20).astype(np.uint8)
    assert tool.preview(document).mask is None
    click(tool, document, (60, 80))
    assert not (document.plane == 1).any()
    tool.finish(document)
    run_pending_work(tool, document)
    assert ((document.plane == 1) == box()).all()


def test_enter_paints_with_the_threshold_of_that_moment() -> None:
    document, settings = empty_document(), ToolSettings(1, threshold=10)
    tool = Threshold(settings, full_context())
    propose(tool, document)
    assert not tool.take_back(document)  # Undo undoes an edit and leaves the highlighted pixels
    assert tool.preview(document).mask is not None
    settings.threshold = 200
    tool.finish(document)
    run_pending_work(tool, document)
    assert ((document.plane == 1) == disc()).all()  # values of exactly 200 count


class TestSuperpixels:
    def test_a_stroke_released_before_its_superpixels_exist_is_painted_when_they_arrive(self) -> None:
        document, tool = empty_document(), Superpixels(ToolSettings(1, 2), make_context())
        press_and_release(tool, document, 60, 80)
        assert document.has_open_stroke
        assert len(document.history) == 0
        run_pending_work(tool, document)
        assert document.plane[80, 60] == 1
        assert len(document.history) == 1

    def test_a_new_stroke_first_finishes_the_one_that_still_waits(self) -> None:
        document, tool = empty_document(), Superpixels(ToolSettings(1, 2), make_context())
        press_and_release(tool, document, 60, 80)
        press_and_release(tool, document, 165, 80)
        run_pending_work(tool, document)
        assert document.plane[80, 60] == 1
        assert document.plane[80, 165] == 1
        assert len(document.history) == 2

    def test_a_failed_block_cancels_the_stroke(self) -> None:
        document, tool = empty_document(), Superpixels(ToolSettings(1, 2), make_context())
        press_and_release(tool, document, 60, 80)
        work = tool.pending_work()
        assert work is not None
        tool.work_failed(document, work)
        assert not document.has_open_stroke
        assert len(document.history) == 0

    def test_escape_drops_the_part_of_a_stroke_that_still_waits(self) -> None:
        document, tool = empty_document(), Superpixels(ToolSettings(1, 2), make_context())
        tool.press(document, Pointer(60, 80))
        work = tool.pending_work()
        assert work is not None
        tool.cancel(document)
        tool.work_done(document, work, work.run())
        tool.hover(document, Pointer(60, 80))
        assert tool.preview(document).mask is not None
        drag(tool, document, (165, 80), (166, 80))
        assert document.plane[80, 60] == UNLABELLED
        assert document.plane[80, 165] == 1

    def test_superpixels_of_another_image_are_not_used(self) -> None:
        document, context = empty_document(), make_context()
        tool = Superpixels(ToolSettings(1, 2), context)
        drag(tool, document, (60, 80), (61, 80))
        context.image = np.ascontiguousarray(image()[::-1, ::-1])
        other = empty_document()
        press_and_release(tool, other, 60, 80)
        assert tool.pending_work() is not None
        assert other.has_open_stroke

    def test_a_result_for_another_image_is_not_stored(self) -> None:
        document, context = empty_document(), make_context()
        tool = Superpixels(ToolSettings(1, 2), context)
        tool.hover(document, Pointer(60, 80))
        work = tool.pending_work()
        context.image = np.ascontiguousarray(image()[::-1, ::-1])
        tool.hover(document, Pointer(60, 80))
        assert work is not None
        tool.work_done(document, work, work.run())
        assert tool.preview(document).mask is None
        assert tool.pending_work() is not None

    def test_a_request_that_was_replaced_is_made_again(self) -> None:
        document = Document(Annotation(300, 1100), TABLE)
        wide = np.full((300, 1100, 3), 90, np.uint8)
        tool = Superpixels(ToolSettings(1, 2), ToolContext(image=wide, visible_box=full_box(300, 1100)))
        tool.hover(document, Pointer(100, 100))
        tool.hover(document, Pointer(900, 100))  # replaces the request for the first block
        run_pending_work(tool, document)
        press_and_release(tool, document, 100, 100)
        run_pending_work(tool, document)
        assert document.plane[100, 100] == 1

    def test_old_blocks_are_dropped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("segstudio.tools.superpixel._MAX_BLOCKS", 1)
        document = Document(Annotation(300, 1100), TABLE)
        wide = np.full((300, 1100, 3), 90, np.uint8)
        tool = Superpixels(ToolSettings(1, 2), ToolContext(image=wide, visible_box=full_box(300, 1100)))
        for x in (100, 800):
            tool.hover(document, Pointer(x, 100))
            run_pending_work(tool, document)
        tool.hover(document, Pointer(100, 100))
        assert tool.pending_work() is not None


class TestScissors:
    def test_escape_drops_the_anchors(self) -> None:
        document, tool = empty_document(), Scissors(ToolSettings(1), make_context())
        click(tool, document, (131, 41), (199, 41), (199, 119))
        tool.cancel(document)
        tool.finish(document)
        assert len(document.history) == 0
        assert tool.preview(document).handles == ()

    def test_a_click_on_the_first_anchor_closes_the_line(self) -> None:
        document, tool = empty_document(), Scissors(ToolSettings(1), make_context())
        click(tool, document, (131, 41), (199, 41), (199, 119), (131, 119), (132, 42))
        assert len(document.annotation.shapes) == 1

    def test_an_outdated_edge_map_is_ignored(self) -> None:
        document, tool = empty_document(), Scissors(ToolSettings(1), make_context())
        press_and_release(tool, document, 60, 50)
        first = tool.pending_work()
        press_and_release(tool, document, 90, 80)
        second = tool.pending_work()
        assert first is not None and second is not None
        tool.work_done(document, second, second.run())
        tool.work_done(document, first, first.run())
        tool.hover(document, Pointer(60, 110))
        assert len(tool.preview(document).points) > 3  # follows the disc from the second anchor

    def test_anchors_outside_the_image_are_moved_to_its_border(self) -> None:
        document, tool = empty_document(), Scissors(ToolSettings(1), make_context())
        click(tool, document, (-20, 10), (500, 10))
        assert tool.preview(document).handles == ((0, 10), (239.99, 10))
