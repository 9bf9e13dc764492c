"""Document: after any operation the plane equals the rasterised annotation, and undo restores the first annotation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.box import TILE, Box
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.document import ERASE, Document, Region
from segstudio.core.history import Edit, History
from segstudio.core.painting_rules import (
    CLASSES,
    EVERYTHING,
    OBJECTS,
    ONLY_CLASS,
    ONLY_UNLABELLED,
    Marks,
    PaintingRules,
    with_selected,
)
from segstudio.core.raster import rasterise, rasterise_capsule
from segstudio.core.shape import Shape

HEIGHT, WIDTH = TILE + 70, 2 * TILE + 30
TABLE = ClassTable.from_names(["_background_", "a", "b"])
WHOLE = Box(0, 0, HEIGHT, WIDTH)

xs = st.floats(-20, WIDTH + 20, allow_nan=False)
ys = st.floats(-20, HEIGHT + 20, allow_nan=False)
points = st.tuples(xs, ys)


def paint(document: Document, class_id: int, a: tuple, b: tuple, radius: float) -> None:
    document.paint(class_id, *rasterise_capsule(a, b, radius, WHOLE))


def rectangle(label: str, x0: float, y0: float, x1: float, y1: float) -> Shape:
    return Shape(label, "polygon", ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


class DocumentMachine(RuleBasedStateMachine):
    """Strokes, erasures, polygons, vertex moves, deletions, rules, marks, undo, redo and cancel, in any order."""

    @initialize(label=st.sampled_from(["a", "b", "__ignore__"]), corner=points)
    def open(self, label: str, corner: tuple) -> None:
        first = Shape(label, "circle", (corner, (corner[0] + 30, corner[1])))
        self.first = Annotation(HEIGHT, WIDTH, (first,))
        self.document = Document(self.first, TABLE, History(keep=10_000))
        self.displayed = self.document.plane.copy()
        self.document.on_change = self.copy_region

    def copy_region(self, region: Region) -> None:
        for box in region:
            assert box.intersect(WHOLE) == box
            self.displayed[box.slices] = self.document.plane[box.slices]

    @rule(class_id=st.sampled_from([0, 1, 2, IGNORE, ERASE]), path=st.lists(points, min_size=1, max_size=4),
          radius=st.floats(0.5, 60), commits=st.booleans())  # fmt: skip
    def stroke(self, class_id: int, path: list, radius: float, commits: bool) -> None:
        self.document.begin(path[0])
        for start, end in zip(path, path[1:] or path, strict=False):
            paint(self.document, class_id, start, end, radius)
        self.document.commit("stroke") if commits else self.document.cancel()

    @rule(mode=st.sampled_from([CLASSES, OBJECTS]), over=st.sampled_from([EVERYTHING, ONLY_UNLABELLED, ONLY_CLASS]),
          locked=st.frozensets(st.integers(0, 2), max_size=1), same_object=st.booleans())  # fmt: skip
    def set_rules(self, mode: str, over: str, locked: frozenset, same_object: bool) -> None:
        self.document.rules = PaintingRules(over, 1, locked, mode=mode, same_object=same_object)

    @rule(data=st.data())
    def mark_shapes(self, data: st.DataObject) -> None:
        uids = st.frozensets(st.sampled_from([0, *(shape.uid for shape in self.document.annotation.shapes)]))
        self.document.marks = Marks(selected=data.draw(uids), locked=data.draw(uids), hidden=data.draw(uids))

    @rule(label=st.sampled_from(["a", "b"]), corners=st.lists(points, min_size=3, max_size=6))
    def add_polygon(self, label: str, corners: list) -> None:
        self.document.apply("add", self.document.annotation.with_added(Shape(label, "polygon", tuple(corners))))

    @rule(data=st.data(), path=st.lists(points, min_size=1, max_size=3), commits=st.booleans())
    def drag_vertex(self, data: st.DataObject, path: list, commits: bool) -> None:
        polygons = [i for i, s in enumerate(self.document.annotation.shapes) if s.kind == "polygon"]
        if polygons:
            index = data.draw(st.sampled_from(polygons))
            vertex = data.draw(st.integers(0, len(self.document.annotation.shapes[index].points) - 1))
            self.document.begin()
            for point in path:
                shape = self.document.annotation.shapes[index]
                moved = shape.with_points((*shape.points[:vertex], point, *shape.points[vertex + 1 :]))
                self.document.replace(self.document.annotation.with_replaced(index, moved))
            self.document.commit("vertex") if commits else self.document.cancel()

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if self.document.annotation.shapes:
            index = data.draw(st.integers(0, len(self.document.annotation.shapes) - 1))
            self.document.apply("delete", self.document.annotation.without(index))

    @rule(data=st.data())
    def reorder(self, data: st.DataObject) -> None:
        shapes = data.draw(st.permutations(self.document.annotation.shapes))
        self.document.apply("order", self.document.annotation.with_shapes(tuple(shapes)))

    @rule()
    def undo(self) -> None:
        self.document.undo()

    @rule()
    def redo(self) -> None:
        self.document.redo()

    @invariant()
    def plane_is_the_rasterised_annotation(self) -> None:
        if hasattr(self, "document"):
            truth = rasterise(self.document.annotation, TABLE)
            assert (self.document.plane == truth).all()
            assert (self.displayed == truth).all(), "on_change missed changed pixels"

    def teardown(self) -> None:
        if hasattr(self, "document"):
            after, plane = self.document.annotation, self.document.plane.copy()
            steps = 0
            while self.document.undo():
                steps += 1
            assert self.document.annotation is self.first
            assert (self.document.plane == rasterise(self.first, TABLE)).all()
            for _ in range(steps):
                assert self.document.redo()
            assert self.document.annotation is after
            assert (self.document.plane == plane).all()


TestDocumentMachine = DocumentMachine.TestCase
TestDocumentMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.fixture
def document() -> Document:
    return Document(Annotation(HEIGHT, WIDTH), TABLE)


def stroke(document: Document, class_id: int, x: float, y: float, radius: float = 10) -> None:
    document.begin()
    paint(document, class_id, (x, y), (x, y), radius)
    document.commit("stroke")


def test_strokes_of_one_class_share_one_mask_and_masks_do_not_overlap(document: Document) -> None:
    stroke(document, 1, 50, 50)
    stroke(document, 1, 90, 50)
    stroke(document, 2, 70, 50, radius=25)
    first, second = document.annotation.shapes
    assert (first.label, second.label) == ("a", "b")
    assert not first.bitmap.intersect(second.bitmap)


def test_painting_above_a_polygon_leaves_it_unchanged(document: Document) -> None:
    polygon = rectangle("a", 20, 20, 200, 200)
    document.apply("add", document.annotation.with_added(polygon))
    stroke(document, 2, 100, 100)
    assert document.annotation.shapes[0] is polygon
    assert document.plane[100, 100] == 2


def test_painting_where_a_polygon_covers_the_mask_starts_a_new_mask_above(document: Document) -> None:
    stroke(document, 1, 100, 100)
    document.apply("add", document.annotation.with_added(rectangle("b", 50, 50, 150, 150)))
    stroke(document, 1, 100, 100, radius=5)
    assert [shape.kind for shape in document.annotation.shapes] == ["mask", "polygon", "mask"]
    assert document.plane[100, 100] == 1


def test_erasing_converts_only_the_touched_polygons_to_masks_in_one_edit(document: Document) -> None:
    near, far = rectangle("a", 20, 20, 100, 100), rectangle("b", 300, 200, 400, 300)
    document.apply("add", document.annotation.with_shapes((near, far)))
    document.begin()
    paint(document, ERASE, (20, 20), (60, 60), 8)
    edit = document.commit("erase")
    assert edit is not None and edit.num_rasterised == 1
    assert [shape.kind for shape in document.annotation.shapes] == ["mask", "polygon"]
    assert document.plane[40, 40] == UNLABELLED
    document.undo()
    assert document.annotation.shapes == (near, far)


def test_erasing_all_pixels_of_a_shape_removes_it(document: Document) -> None:
    stroke(document, 1, 60, 60, radius=5)
    stroke(document, ERASE, 60, 60, radius=9)
    assert document.annotation.shapes == ()


def test_a_polygon_converted_to_a_mask_keeps_group_flags_description_and_unknown_keys(document: Document) -> None:
    polygon = Shape("a", "polygon", ((10, 10), (90, 10), (50, 90)), None, 4, "text", {"old": True}, {"score": 0.5})
    document.apply("add", document.annotation.with_added(polygon))
    stroke(document, ERASE, 50, 30)
    (mask,) = document.annotation.shapes
    assert (mask.group_id, mask.description, mask.flags, mask.extra) == (4, "text", {"old": True}, {"score": 0.5})


def test_a_stroke_without_effect_makes_no_edit(document: Document) -> None:
    stroke(document, 1, 50, 50)
    revision, length = document.revision, len(document.history)
    stroke(document, 1, 50, 50, radius=5)
    stroke(document, ERASE, 300, 200)
    assert (document.revision, len(document.history)) == (revision, length)


def test_a_stroke_shares_the_tiles_it_did_not_change(document: Document) -> None:
    document.begin()
    document.paint(1, WHOLE, np.ones((HEIGHT, WIDTH), bool))
    document.commit("fill")
    before = document.annotation.shapes[0].bitmap
    stroke(document, ERASE, 5, 5, radius=3)
    after = document.annotation.shapes[0].bitmap
    assert sum(after.tiles[key] is not before.tiles[key] for key in after.tiles) == 1
    assert document.history.last.held_bytes < 3 * TILE * TILE // 8


def test_history_keeps_the_minimum_of_edits_and_obeys_the_byte_budget_beyond() -> None:
    document = Document(Annotation(HEIGHT, WIDTH), TABLE, History(keep=5, budget_bytes=1))
    for step in range(12):
        stroke(document, 1 + step % 2, 20 + 40 * step, 60)
    assert len(document.history) == 5
    assert sum(document.undo() is not None for _ in range(20)) == 5


def test_a_history_passed_to_another_document_can_be_undone(document: Document) -> None:
    stroke(document, 1, 50, 50)
    stroke(document, 2, 150, 150)
    reopened = Document(document.annotation, TABLE, document.history)
    reopened.undo()
    assert (reopened.plane == rasterise(reopened.annotation, TABLE)).all()
    assert reopened.plane[150, 150] == UNLABELLED


def test_unknown_classes_are_refused(document: Document) -> None:
    document.begin()
    with pytest.raises(ValueError, match="no class 7"):
        paint(document, 7, (5, 5), (5, 5), 3)


def test_a_stroke_of_two_classes_is_one_edit_and_later_paint_wins(document: Document) -> None:
    document.begin()
    paint(document, 1, (40, 40), (80, 40), 9)
    paint(document, 2, (60, 40), (100, 40), 9)
    painted = document.plane.copy()
    document.commit("both")
    assert (document.plane == painted).all()
    assert (rasterise(document.annotation, TABLE) == painted).all()
    assert len(document.history) == 1
    document.undo()
    assert (document.plane == UNLABELLED).all()


def test_a_table_with_other_ids_rasterises_the_plane_again(document: Document) -> None:
    stroke(document, 1, 50, 50)
    document.set_table(ClassTable.from_names(["_background_", "b", "a"]))
    assert document.plane[50, 50] == 2


def test_pixels_of_a_mask_beyond_the_image_are_kept() -> None:
    shape = Shape("a", "mask", bitmap=Bitmap.from_array(np.ones((50, 50), bool), HEIGHT - 10, WIDTH - 10))
    document = Document(Annotation(HEIGHT, WIDTH, (shape,)), TABLE)
    stroke(document, 2, 10, 10)
    assert document.annotation.shapes[0].bitmap.count == 2500


def test_on_commit_is_called_once_for_every_commit_undo_and_redo(document: Document) -> None:
    edits: list[Edit] = []
    document.on_commit = edits.append
    stroke(document, 1, 50, 50)
    document.apply("add", document.annotation.with_added(rectangle("b", 5, 5, 20, 20)))
    document.undo()
    document.redo()
    assert [edit.name for edit in edits] == ["stroke", "add", "add", "add"]
    assert document.revision == 4


def test_on_commit_is_not_called_where_nothing_was_changed(document: Document) -> None:
    calls: list[Edit] = []
    document.on_commit = calls.append
    document.begin()
    paint(document, 1, (50, 50), (60, 60), 5)
    document.cancel()
    stroke(document, ERASE, 50, 50)
    assert document.undo() is document.redo() is None
    document.begin()
    paint(document, 1, (50, 50), (60, 60), 5)
    document.undo()  # discards the open stroke
    assert (calls, document.revision) == ([], 0)


def test_on_commit_is_called_after_the_change(document: Document) -> None:
    seen: list[tuple[int, int, str | None]] = []
    document.on_commit = lambda edit: seen.append(
        (len(document.annotation.shapes), int(document.plane[50, 50]), document.history.undo_name)
    )
    stroke(document, 1, 50, 50)
    document.undo()
    assert seen == [(1, 1, "stroke"), (0, UNLABELLED, None)]


def test_on_marks_is_called_only_when_the_marks_change(document: Document) -> None:
    calls: list[Marks] = []
    document.on_marks = lambda: calls.append(document.marks)
    document.marks = Marks()
    document.marks = Marks(selected=frozenset({3}))
    document.marks = Marks(selected=frozenset({3}))
    document.marks = with_selected(document.marks, frozenset())
    stroke(document, 1, 50, 50)
    assert calls == [Marks(selected=frozenset({3})), Marks()]


def test_a_table_with_other_ids_discards_the_open_stroke(document: Document) -> None:
    document.begin()
    paint(document, 1, (50, 50), (60, 60), 5)
    document.set_table(ClassTable.from_names(["_background_", "b", "a"]))
    assert not document.has_open_stroke
    assert (document.plane == UNLABELLED).all()


def test_rasterising_without_hidden_shapes_includes_the_open_stroke(document: Document) -> None:
    hidden, visible = rectangle("a", 10, 10, 40, 40), rectangle("b", 300, 200, 400, 300)
    document.apply("add", document.annotation.with_shapes((hidden, visible)))
    document.begin()
    paint(document, 2, (100, 100), (100, 100), 5)
    plane = document.plane.copy()
    document.rasterise_without(frozenset({hidden.uid}), plane, (WHOLE,))
    assert (plane[20, 20], plane[100, 100], plane[250, 350]) == (UNLABELLED, 2, 2)
    assert np.count_nonzero(plane != document.plane) == np.count_nonzero(document.plane == 1)


def test_history_does_not_count_the_bytes_of_discarded_redo_steps(document: Document) -> None:
    stroke(document, 1, 50, 50)
    document.apply("clear", document.annotation.with_shapes(()))
    before = document.history.held_bytes
    document.undo()
    document.apply("clear", document.annotation.with_shapes(()))
    assert document.history.held_bytes == before > 0


def test_moving_a_vertex_keeps_no_patches_of_former_shapes(document: Document) -> None:
    document.apply("add", document.annotation.with_added(rectangle("a", 10, 10, 40, 40)))
    document.begin()
    for step in range(20):
        moved = document.annotation.shapes[0].with_points(((10, 10), (40 + step, 10), (40, 40)))
        document.replace(document.annotation.with_replaced(0, moved))
    assert len(document._cache._patches) == 1


def test_undo_discards_an_open_stroke_and_keeps_the_last_edit(document: Document) -> None:
    stroke(document, 1, 50, 50)
    stroke(document, 1, 90, 50)
    document.undo()
    document.begin()
    paint(document, 2, (50, 50), (60, 60), 5)
    assert document.redo() is None
    assert document.undo() is None
    assert not document.has_open_stroke
    assert document.plane[50, 50] == 1
    assert (document.history.undo_name, document.history.redo_name) == ("stroke", "stroke")
