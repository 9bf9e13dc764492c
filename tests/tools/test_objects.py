"""Picking, moving and splitting objects; painting rules under the hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from segstudio.core.classes import UNLABELLED
from segstudio.core.document import Document
from segstudio.core.raster import rasterise
from segstudio.core.rules import OBJECTS, ONLY_CLASS, ONLY_UNLABELLED, Rules, gray_of
from segstudio.core.shape import RECTANGLE, Shape
from segstudio.core.stroke import Marks
from segstudio.tools.brush import Brush
from segstudio.tools.eraser import Eraser
from segstudio.tools.knife import Knife
from segstudio.tools.rectangle import Rectangle
from segstudio.tools.select import Select
from segstudio.tools.tool import Choice, Pointer, settle
from segstudio.tools.toolbox import all_tools
from tests.tools.scene import HEIGHT, TABLE, WIDTH, click, disc, drag, fresh, image, sight


@pytest.fixture
def document() -> Document:
    """A rectangle of a below, one of b partly over it, and a mask of a beside them."""
    made = fresh()
    made.add("1", Shape("a", RECTANGLE, ((20.0, 20.0), (80.0, 80.0))))
    made.add("2", Shape("b", RECTANGLE, ((50.0, 50.0), (110.0, 110.0))))
    drag(Brush(Choice(1, 10)), made, (160, 40), (200, 40))
    return made


def test_a_click_picks_the_topmost_object_and_alt_the_one_below(document: Document) -> None:
    tool = Select(Choice())
    click(tool, document, (60, 60))
    assert document.selected == [1]
    click(tool, document, (60, 60), alt=True)
    assert document.selected == [0]
    click(tool, document, (5, 5))
    assert document.selected == []
    assert len(document.history) == 3


def test_shift_adds_and_takes_away_and_a_frame_takes_all_inside(document: Document) -> None:
    tool = Select(Choice())
    click(tool, document, (30, 30))
    click(tool, document, (180, 40), shift=True)
    assert document.selected == [0, 2]
    click(tool, document, (30, 30), shift=True)
    assert document.selected == [2]
    drag(tool, document, (5, 5), (130, 130))
    assert document.selected == [0, 1]


def test_dragging_moves_all_selected_objects_in_one_step(document: Document) -> None:
    before = document.plane.copy()
    tool = Select(Choice())
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


def test_escape_takes_a_move_back_and_delete_deletes(document: Document) -> None:
    tool = Select(Choice())
    tool.press(document, Pointer(30, 30))
    tool.move(document, Pointer(60, 60))
    tool.cancel(document)
    tool.release(document, Pointer(60, 60))
    assert document.annotation.shapes[0].points[0] == (20, 20)
    click(tool, document, (30, 30))
    assert tool.step_back(document)
    assert len(document.annotation.shapes) == 2


def test_locked_and_hidden_objects_cannot_be_picked_moved_or_painted_over(document: Document) -> None:
    uids = [shape.uid for shape in document.annotation.shapes]
    document.marks = Marks(locked=frozenset({uids[1]}), hidden=frozenset({uids[2]}))
    tool = Select(Choice())
    click(tool, document, (60, 60), (180, 40))
    assert document.selected == []
    drag(Brush(Choice(1, 8)), document, (40, 60), (140, 60))
    assert (document.plane[55:65, 60:100] == 2).all()
    assert document.plane[60, 130] == 1


def test_the_knife_splits_what_it_crosses(document: Document) -> None:
    before = document.plane.copy()
    drag(Knife(Choice()), document, (180, 10), (180, 90))
    assert len(document.annotation.shapes) == 4
    assert (document.plane == before).all()
    assert len(document.history) == 4


def test_the_knife_cuts_only_what_is_selected(document: Document) -> None:
    document.marks = Marks(selected=frozenset({document.annotation.shapes[0].uid}))
    drag(Knife(Choice()), document, (60, 5), (60, 150))
    assert len(document.annotation.shapes) == 4
    assert sum(shape.label == "b" for shape in document.annotation.shapes) == 1


def test_only_what_has_no_label_is_painted() -> None:
    document = fresh()
    drag(Brush(Choice(1, 10)), document, (40, 40), (80, 40))
    document.rules = Rules(over=ONLY_UNLABELLED)
    drag(Brush(Choice(2, 10)), document, (40, 45), (80, 45))
    assert (document.plane[31:49, 45:75] == 1).all()
    assert (document.plane[51:54, 45:75] == 2).all()


def test_only_one_class_is_painted_over_and_erased() -> None:
    document = fresh()
    drag(Brush(Choice(1, 10)), document, (40, 40), (80, 40))
    document.rules = Rules(over=ONLY_CLASS, over_class=1)
    drag(Brush(Choice(2, 30)), document, (60, 40), (60, 41))
    assert document.plane[40, 60] == 2
    assert document.plane[60, 60] == UNLABELLED
    drag(Eraser(Choice(0, 30)), document, (60, 40), (60, 41))
    assert document.plane[40, 60] == 2


def test_a_locked_class_stays() -> None:
    document = fresh()
    drag(Brush(Choice(1, 10)), document, (40, 40), (80, 40))
    document.rules = Rules(locked=frozenset({1}))
    drag(Brush(Choice(2, 30)), document, (40, 40), (80, 40))
    drag(Eraser(Choice(0, 30)), document, (40, 40), (80, 40))
    assert (document.plane[31:49, 45:75] == 1).all()


def test_a_shape_that_a_rule_cuts_becomes_pixels_and_one_that_it_does_not_stays() -> None:
    document = fresh()
    drag(Brush(Choice(1, 10)), document, (40, 40), (80, 40))
    document.rules = Rules(locked=frozenset({1}))
    drag(Rectangle(Choice(2)), document, (30, 20), (90, 90))
    drag(Rectangle(Choice(2)), document, (120, 20), (150, 90))
    assert [shape.kind for shape in document.annotation.shapes] == ["mask", "mask", "rectangle"]
    assert (document.plane[31:49, 45:75] == 1).all()


def test_painting_only_inside_the_selection(document: Document) -> None:
    document.marks = Marks(selected=frozenset({document.annotation.shapes[0].uid}))
    document.rules = Rules(in_selection=True)
    drag(Brush(Choice(2, 60)), document, (20, 20), (21, 20))
    painted = document.plane == 2
    assert painted[20:75, 20:45].all()
    assert not painted[:19, :].any()


def test_painting_only_where_the_image_is_bright_enough() -> None:
    document, pixels = fresh(), image()[:, :, :3]
    document.intensities = lambda box: gray_of(pixels, box)
    document.rules = Rules(intensity=(0, 115))
    drag(Brush(Choice(1, 60)), document, (60, 80), (61, 80))
    assert ((document.plane == 1) == disc()).all()


def test_in_objects_a_stroke_from_nothing_begins_one_and_one_from_an_object_joins_it() -> None:
    document = fresh()
    document.rules = Rules(mode=OBJECTS)
    drag(Brush(Choice(1, 6)), document, (40, 40), (60, 40))
    drag(Brush(Choice(1, 6)), document, (120, 40), (140, 40))
    drag(Brush(Choice(1, 6)), document, (60, 40), (90, 40))
    assert len(document.annotation.shapes) == 2
    assert document.annotation.shapes[0].bitmap.count > document.annotation.shapes[1].bitmap.count
    drag(Brush(Choice(1, 6)), document, (20, 140), (122, 40))
    assert len(document.annotation.shapes) == 3


def test_same_object_goes_on_with_the_selected_or_the_last_one() -> None:
    document = fresh()
    document.rules = Rules(mode=OBJECTS, same_object=True)
    drag(Brush(Choice(1, 6)), document, (40, 40), (60, 40))
    drag(Brush(Choice(1, 6)), document, (120, 100), (140, 100))
    assert len(document.annotation.shapes) == 1
    document.rules = Rules(mode=OBJECTS)
    drag(Brush(Choice(1, 6)), document, (200, 40), (210, 40))
    document.rules = Rules(mode=OBJECTS, same_object=True)
    document.marks = Marks(selected=frozenset({document.annotation.shapes[0].uid}))
    drag(Brush(Choice(1, 6)), document, (200, 140), (210, 140))
    assert len(document.annotation.shapes) == 2
    assert document.annotation.shapes[0].bitmap.box.y1 > 140


NAMES = tuple(name for name in all_tools(Choice(), sight()) if name not in ("ai", "ruler"))
WAY = st.lists(st.tuples(st.integers(-10, WIDTH + 10), st.integers(-10, HEIGHT + 10)), min_size=1, max_size=4)


class AnyHand(RuleBasedStateMachine):
    """Whatever tools, rules and marks do, the plane is the annotation's, and undo goes all the way back."""

    @initialize()
    def begin(self) -> None:
        self.document = fresh()
        look = sight()
        look.predicted = np.where(disc(), 1, 2).astype(np.uint8)
        look.heat = np.where(disc(), 200, 20).astype(np.uint8)
        self.choice = Choice(1, 6, cell_px=24)
        self.tools = all_tools(self.choice, look)
        self.first = self.document.annotation
        self.document.intensities = lambda box: gray_of(look.image, box)

    @rule(name=st.sampled_from(NAMES), way=WAY, alt=st.booleans(), shift=st.booleans())
    def use(self, name: str, way: list[tuple[int, int]], alt: bool, shift: bool) -> None:
        tool = self.tools[name]
        drag(tool, self.document, *way, alt=alt, shift=shift)
        tool.hover(self.document, Pointer(*way[0]))
        settle(tool, self.document)

    @rule(name=st.sampled_from(NAMES), what=st.sampled_from(["finish", "step_back", "take_back", "cancel"]))
    def end(self, name: str, what: str) -> None:
        getattr(self.tools[name], what)(self.document)
        settle(self.tools[name], self.document)

    @rule(class_id=st.integers(0, 2), radius=st.integers(1, 40), square=st.booleans(), snap=st.booleans())
    def choose(self, class_id: int, radius: int, square: bool, snap: bool) -> None:
        self.choice.class_id, self.choice.radius_px = class_id, radius
        self.choice.square, self.choice.snap = square, snap

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
        self.document.rules = Rules(over, 1, locked, inside, limits, mode, same)

    @rule(places=st.lists(st.integers(0, 6), max_size=3), what=st.sampled_from(["selected", "locked", "hidden"]))
    def mark(self, places: list[int], what: str) -> None:
        shapes = self.document.annotation.shapes
        uids = frozenset(shapes[place].uid for place in places if place < len(shapes))
        self.document.marks = Marks(**{what: uids})

    @precondition(lambda self: not self.document.stroking)
    @rule(back=st.booleans())
    def undo_or_redo(self, back: bool) -> None:
        if back:
            self.document.undo()
        else:
            self.document.redo()

    @invariant()
    def plane_is_the_annotations(self) -> None:
        if hasattr(self, "document") and not self.document.stroking:
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


AnyHand.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAnyHand = AnyHand.TestCase
