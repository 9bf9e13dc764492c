"""Selecting, moving and splitting objects; painting rules with every tool."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from segstudio.core.classes import UNLABELLED
from segstudio.core.document import Document
from segstudio.core.painting_rules import OBJECTS, ONLY_CLASS, ONLY_UNLABELLED, Marks, PaintingRules, gray_of
from segstudio.core.raster import rasterise
from segstudio.core.shape import RECTANGLE, Shape
from segstudio.tools.brush import Brush, Eraser
from segstudio.tools.free_line import Knife
from segstudio.tools.options import ToolSettings
from segstudio.tools.select import Select
from segstudio.tools.shapes import Rectangle
from segstudio.tools.tool import Pointer
from segstudio.tools.toolbox import all_tools
from tests.tools.scene import (
    HEIGHT,
    TABLE,
    WIDTH,
    click,
    disc,
    drag,
    empty_document,
    image,
    make_context,
    run_pending_work,
)


@pytest.fixture
def document() -> Document:
    """A rectangle of class a, one of class b partly over it, and a mask of class a apart from them."""
    made = empty_document()
    made.add("1", Shape("a", RECTANGLE, ((20.0, 20.0), (80.0, 80.0))))
    made.add("2", Shape("b", RECTANGLE, ((50.0, 50.0), (110.0, 110.0))))
    drag(Brush(ToolSettings(1, 10)), made, (160, 40), (200, 40))
    return made


def test_a_click_selects_the_topmost_object_and_alt_the_one_below(document: Document) -> None:
    tool = Select(ToolSettings())
    click(tool, document, (60, 60))
    assert document.selected == [1]
    click(tool, document, (60, 60), alt=True)
    assert document.selected == [0]
    click(tool, document, (5, 5))
    assert document.selected == []
    assert len(document.history) == 3


def test_shift_toggles_an_object_and_a_frame_selects_all_inside(document: Document) -> None:
    tool = Select(ToolSettings())
    click(tool, document, (30, 30))
    click(tool, document, (180, 40), shift=True)
    assert document.selected == [0, 2]
    click(tool, document, (30, 30), shift=True)
    assert document.selected == [2]
    drag(tool, document, (5, 5), (130, 130))
    assert document.selected == [0, 1]


def test_dragging_moves_all_selected_objects_in_one_step(document: Document) -> None:
    before = document.plane.copy()
    tool = Select(ToolSettings())
    click(tool, document, (180, 40))
    click(tool, document, (30, 30), shift=True)
    drag(tool, document, (180, 40), (185, 45), (190, 60))
    assert document.plane[60, 190] == 1
    assert document.plane[45, 35] == 1
    assert document.plane[22, 22] == UNLABELLED
    assert len(document.history) == 4
    assert (rasterise(document.annotation, TABLE) == document.plane).all()
    document.undo()
    assert (document.plane == before).all()


def test_escape_cancels_a_move_and_delete_removes_the_selection(document: Document) -> None:
    tool = Select(ToolSettings())
    tool.press(document, Pointer(30, 30))
    tool.move(document, Pointer(60, 60))
    tool.cancel(document)
    tool.release(document, Pointer(60, 60))
    assert document.annotation.shapes[0].points[0] == (20, 20)
    click(tool, document, (30, 30))
    assert tool.step_back(document)
    assert len(document.annotation.shapes) == 2


def test_locked_and_hidden_objects_are_neither_selected_nor_painted_over(document: Document) -> None:
    uids = [shape.uid for shape in document.annotation.shapes]
    document.marks = Marks(locked=frozenset({uids[1]}), hidden=frozenset({uids[2]}))
    tool = Select(ToolSettings())
    click(tool, document, (60, 60), (180, 40))
    assert document.selected == []
    drag(Brush(ToolSettings(1, 8)), document, (40, 60), (140, 60))
    assert (document.plane[55:65, 60:100] == 2).all()
    assert document.plane[60, 130] == 1


def lock(document: Document, index: int, how: str) -> None:
    """Lock or hide one object, or lock its class."""
    shape = document.annotation.shapes[index]
    if how == "class":
        document.rules = PaintingRules(locked_classes=frozenset({TABLE.id_of(shape.label)}))
    else:
        document.marks = Marks(**{how: frozenset({shape.uid})})


LOCKS = pytest.mark.parametrize("how", ["locked", "hidden", "class"])


@LOCKS
def test_a_locked_or_hidden_object_is_not_selected_by_a_click_or_a_frame(how: str, document: Document) -> None:
    lock(document, 1, how)
    tool = Select(ToolSettings())
    click(tool, document, (100, 100))
    assert document.marks.selected == frozenset()
    drag(tool, document, (5, 5), (130, 130))
    assert document.marks.selected == {document.annotation.shapes[0].uid}


@LOCKS
def test_a_selected_object_that_is_locked_or_hidden_is_not_moved(how: str, document: Document) -> None:
    tool = Select(ToolSettings())
    both = frozenset(shape.uid for shape in document.annotation.shapes[:2])
    lock(document, 1, how)
    document.marks = replace(document.marks, selected=both)
    drag(tool, document, (30, 30), (30, 40), (30, 45))
    first, second = document.annotation.shapes[:2]
    assert first.points[0] == (20, 35)
    assert second.points[0] == (50, 50)


@LOCKS
def test_the_knife_does_not_split_locked_or_hidden_objects(how: str, document: Document) -> None:
    lock(document, 2, how)
    drag(Knife(ToolSettings()), document, (180, 10), (180, 90))
    assert len(document.annotation.shapes) == 3


def test_shift_makes_the_cut_of_the_knife_straight(document: Document) -> None:
    drag(Knife(ToolSettings()), document, (180, 10), (230, 40), (180, 90), shift=True)
    left, right = sorted(shape.bitmap.box.x0 for shape in document.annotation.shapes[2:])
    assert (left, right) == (150, 181)


def test_a_large_selection_is_dragged_as_frames_and_moved_at_release(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.tools.select._LIVE_OBJECTS", 0)
    tool = Select(ToolSettings())
    before = document.annotation
    tool.press(document, Pointer(30, 30))
    tool.move(document, Pointer(40, 40))
    assert document.annotation is before
    assert len(tool.preview(document).lines) == 1
    tool.release(document, Pointer(40, 40))
    assert document.annotation.shapes[0].points[0] == (30, 30)
    assert document.history.last.name == "move"


def test_an_edit_during_a_drag_ends_the_drag(document: Document) -> None:
    tool = Select(ToolSettings())
    tool.press(document, Pointer(30, 30))
    document.undo()
    after = document.annotation
    tool.move(document, Pointer(60, 60))
    tool.release(document, Pointer(60, 60))
    assert document.annotation is after


def test_undo_during_a_drag_ends_the_drag(document: Document) -> None:
    tool = Select(ToolSettings())
    assert not tool.take_back(document)
    tool.press(document, Pointer(30, 30))
    assert tool.take_back(document)
    before = document.annotation
    tool.move(document, Pointer(60, 60))
    tool.release(document, Pointer(60, 60))
    assert document.annotation is before


def test_alt_click_starts_again_from_the_top_below_the_lowest_object(document: Document) -> None:
    tool = Select(ToolSettings())
    document.add("3", Shape("a", RECTANGLE, ((120.0, 120.0), (150.0, 150.0))))
    click(tool, document, (140, 140))
    click(tool, document, (140, 140), alt=True)
    assert document.selected == [3]
    click(tool, document, (30, 30))
    click(tool, document, (30, 30), alt=True)
    assert document.selected == [0]


def test_escape_selects_nothing_unless_it_cancels_a_drag(document: Document) -> None:
    tool = Select(ToolSettings())
    tool.press(document, Pointer(30, 30))
    tool.cancel(document)
    assert document.selected == [0]
    tool.cancel(document)
    assert document.selected == []


def test_the_knife_splits_the_objects_it_crosses(document: Document) -> None:
    before = document.plane.copy()
    drag(Knife(ToolSettings()), document, (180, 10), (180, 90))
    assert len(document.annotation.shapes) == 4
    assert (document.plane == before).all()
    assert len(document.history) == 4


def test_with_a_selection_the_knife_splits_only_selected_objects(document: Document) -> None:
    document.marks = Marks(selected=frozenset({document.annotation.shapes[0].uid}))
    drag(Knife(ToolSettings()), document, (60, 5), (60, 150))
    assert len(document.annotation.shapes) == 4
    assert sum(shape.label == "b" for shape in document.annotation.shapes) == 1


def test_only_unlabelled_pixels_are_painted() -> None:
    document = empty_document()
    drag(Brush(ToolSettings(1, 10)), document, (40, 40), (80, 40))
    document.rules = PaintingRules(over=ONLY_UNLABELLED)
    drag(Brush(ToolSettings(2, 10)), document, (40, 45), (80, 45))
    assert (document.plane[31:49, 45:75] == 1).all()
    assert (document.plane[51:54, 45:75] == 2).all()


def test_only_one_class_is_painted_over_and_erased() -> None:
    document = empty_document()
    drag(Brush(ToolSettings(1, 10)), document, (40, 40), (80, 40))
    document.rules = PaintingRules(over=ONLY_CLASS, over_class=1)
    drag(Brush(ToolSettings(2, 30)), document, (60, 40), (60, 41))
    assert document.plane[40, 60] == 2
    assert document.plane[60, 60] == UNLABELLED
    drag(Eraser(ToolSettings(0, 30)), document, (60, 40), (60, 41))
    assert document.plane[40, 60] == 2


def test_brush_and_eraser_leave_a_locked_class_unchanged() -> None:
    document = empty_document()
    drag(Brush(ToolSettings(1, 10)), document, (40, 40), (80, 40))
    document.rules = PaintingRules(locked_classes=frozenset({1}))
    drag(Brush(ToolSettings(2, 30)), document, (40, 40), (80, 40))
    drag(Eraser(ToolSettings(0, 30)), document, (40, 40), (80, 40))
    assert (document.plane[31:49, 45:75] == 1).all()


def test_a_shape_cut_by_a_rule_becomes_a_mask_and_others_stay_vectors() -> None:
    document = empty_document()
    drag(Brush(ToolSettings(1, 10)), document, (40, 40), (80, 40))
    document.rules = PaintingRules(locked_classes=frozenset({1}))
    drag(Rectangle(ToolSettings(2)), document, (30, 20), (90, 90))
    drag(Rectangle(ToolSettings(2)), document, (120, 20), (150, 90))
    assert [shape.kind for shape in document.annotation.shapes] == ["mask", "mask", "rectangle"]
    assert (document.plane[31:49, 45:75] == 1).all()


def test_painting_only_inside_the_selection(document: Document) -> None:
    document.marks = Marks(selected=frozenset({document.annotation.shapes[0].uid}))
    document.rules = PaintingRules(in_selection=True)
    drag(Brush(ToolSettings(2, 60)), document, (20, 20), (21, 20))
    painted = document.plane == 2
    assert painted[20:75, 20:45].all()
    assert not painted[:19, :].any()


def test_painting_only_where_the_image_is_bright_enough() -> None:
    document, pixels = empty_document(), image()[:, :, :3]
    document.intensities = lambda box: gray_of(pixels, box)
    document.rules = PaintingRules(intensity=(0, 115))
    drag(Brush(ToolSettings(1, 60)), document, (60, 80), (61, 80))
    assert ((document.plane == 1) == disc()).all()


def test_in_objects_mode_a_stroke_starts_an_object_or_joins_the_one_it_starts_on() -> None:
    document = empty_document()
    document.rules = PaintingRules(mode=OBJECTS)
    drag(Brush(ToolSettings(1, 6)), document, (40, 40), (60, 40))
    drag(Brush(ToolSettings(1, 6)), document, (120, 40), (140, 40))
    drag(Brush(ToolSettings(1, 6)), document, (60, 40), (90, 40))
    assert len(document.annotation.shapes) == 2
    assert document.annotation.shapes[0].bitmap.count > document.annotation.shapes[1].bitmap.count
    drag(Brush(ToolSettings(1, 6)), document, (20, 140), (122, 40))
    assert len(document.annotation.shapes) == 3


def test_same_object_adds_to_the_selected_or_the_last_object() -> None:
    document = empty_document()
    document.rules = PaintingRules(mode=OBJECTS, same_object=True)
    drag(Brush(ToolSettings(1, 6)), document, (40, 40), (60, 40))
    drag(Brush(ToolSettings(1, 6)), document, (120, 100), (140, 100))
    assert len(document.annotation.shapes) == 1
    document.rules = PaintingRules(mode=OBJECTS)
    drag(Brush(ToolSettings(1, 6)), document, (200, 40), (210, 40))
    document.rules = PaintingRules(mode=OBJECTS, same_object=True)
    document.marks = Marks(selected=frozenset({document.annotation.shapes[0].uid}))
    drag(Brush(ToolSettings(1, 6)), document, (200, 140), (210, 140))
    assert len(document.annotation.shapes) == 2
    assert document.annotation.shapes[0].bitmap.box.y1 > 140


NAMES = tuple(name for name in all_tools(ToolSettings(), make_context()) if name not in ("ai", "ruler"))
PATH = st.lists(st.tuples(st.integers(-10, WIDTH + 10), st.integers(-10, HEIGHT + 10)), min_size=1, max_size=4)


class ToolMachine(RuleBasedStateMachine):
    """After any use of tools, rules and marks the labels are the rasterised annotation, and undo restores the first."""

    @initialize()
    def start(self) -> None:
        self.document = empty_document()
        context = make_context()
        context.predicted = np.where(disc(), 1, 2).astype(np.uint8)
        context.probability_map = np.where(disc(), 200, 20).astype(np.uint8)
        self.tool_settings = ToolSettings(1, 6, cell_px=24)
        self.tools = all_tools(self.tool_settings, context)
        self.first = self.document.annotation
        self.document.intensities = lambda box: gray_of(context.image, box)

    @rule(name=st.sampled_from(NAMES), path=PATH, alt=st.booleans(), shift=st.booleans())
    def use_tool(self, name: str, path: list[tuple[int, int]], alt: bool, shift: bool) -> None:
        tool = self.tools[name]
        drag(tool, self.document, *path, alt=alt, shift=shift)
        tool.hover(self.document, Pointer(*path[0]))
        run_pending_work(tool, self.document)

    @rule(name=st.sampled_from(NAMES), what=st.sampled_from(["finish", "step_back", "take_back", "cancel"]))
    def end_tool(self, name: str, what: str) -> None:
        getattr(self.tools[name], what)(self.document)
        run_pending_work(self.tools[name], self.document)

    @rule(class_id=st.integers(0, 2), radius=st.integers(1, 40), square=st.booleans(), snap=st.booleans())
    def choose(self, class_id: int, radius: int, square: bool, snap: bool) -> None:
        self.tool_settings.class_id, self.tool_settings.radius_px = class_id, radius
        self.tool_settings.square, self.tool_settings.snap = square, snap

    @rule(
        over=st.sampled_from(["everything", "unlabelled", "class"]),
        locked=st.frozensets(st.integers(0, 2), max_size=1),
        mode=st.sampled_from(["classes", "objects"]),
        same=st.booleans(),
        inside=st.booleans(),
        limits=st.sampled_from([None, (0, 140)]),
    )
    def set_rules(
        self, over: str, locked: frozenset, mode: str, same: bool, inside: bool, limits: tuple | None
    ) -> None:
        self.document.rules = PaintingRules(over, 1, locked, inside, limits, mode, same)

    @rule(places=st.lists(st.integers(0, 6), max_size=3), what=st.sampled_from(["selected", "locked", "hidden"]))
    def mark(self, places: list[int], what: str) -> None:
        shapes = self.document.annotation.shapes
        uids = frozenset(shapes[place].uid for place in places if place < len(shapes))
        self.document.marks = Marks(**{what: uids})

    @precondition(lambda self: not self.document.has_open_stroke)
    @rule(back=st.booleans())
    def undo_or_redo(self, back: bool) -> None:
        if back:
            self.document.undo()
        else:
            self.document.redo()

    @invariant()
    def labels_equal_the_rasterised_annotation(self) -> None:
        if hasattr(self, "document") and not self.document.has_open_stroke:
            assert (self.document.plane == rasterise(self.document.annotation, TABLE)).all()

    def teardown(self) -> None:
        if not hasattr(self, "document"):
            return
        for tool in self.tools.values():
            tool.cancel(self.document)
        while self.document.redo() is not None:
            pass
        last = self.document.annotation
        while self.document.undo() is not None:
            pass
        assert self.document.annotation == self.first
        while self.document.redo() is not None:
            pass
        assert self.document.annotation == last


ToolMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestToolMachine = ToolMachine.TestCase
