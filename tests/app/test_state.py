"""Every change of the state is announced by its own setter, once, to everybody who is connected."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.layers import ERRORS, PREDICTION, PROBABILITY_MAP, SAFE_COLOURS, Layers, class_colours
from segstudio.app.listing import Listing, read_dates
from segstudio.app.open_image import read_open_image
from segstudio.app.signal import Signal
from segstudio.app.state import State
from segstudio.app.workspace import Workspace
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.metrics import confusion_matrix
from segstudio.core.painting_rules import Marks
from segstudio.core.prediction import Prediction
from segstudio.core.shape import Shape
from segstudio.project.item import DONE, ItemState
from segstudio.project.project import open_project
from segstudio.project.query import parse_query
from segstudio.tools.tool import Pointer, ToolWork
from tests.app.executor import FreeJournal, ManualExecutor

TABLE = ClassTable.from_names(["_background_", "car", "road"])
SIZE = (40, 60)


class Heard:
    """Counts the signals of a state by name."""

    def __init__(self, state: State) -> None:
        self.names: list[str] = []
        for name, signal in vars(state).items():
            if isinstance(signal, Signal):
                signal.connect(lambda *_, name=name: self.names.append(name))

    def take(self) -> list[str]:
        names, self.names = self.names, []
        return names


@pytest.fixture
def state(tmp_path: Path) -> State:
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / name)
    made = State(Workspace(ManualExecutor(), FreeJournal()))
    made.set_project(replace(open_project(tmp_path), table=TABLE))
    made.set_items(list(made.project.items()))
    made.set_image(read_open_image(made.project, made.items[0], None))
    return made


def predict(state: State, labels: np.ndarray) -> Prediction:
    planes = np.stack([np.full(labels.shape, 10 * (index + 1), np.uint8) for index in range(3)])
    return Prediction(state.image.item.name, 1, tuple(TABLE.names), labels, planes, planes[0])


def test_an_edit_is_announced_once_and_reaches_the_workspace(state: State) -> None:
    heard = Heard(state)
    state.document.add("draw", Shape("car", "rectangle", ((2.0, 2.0), (9.0, 9.0))))
    names = heard.take()
    assert names.count("edited") == 1
    assert "region_changed" in names
    assert state.unsaved
    state.undo()
    assert heard.take().count("edited") == 1
    assert not state.unsaved


def test_a_stroke_of_the_active_tool_is_announced_while_drawing_and_as_one_edit(state: State) -> None:
    heard = Heard(state)
    state.use_tool(state.tool.press, Pointer(10, 10))
    assert set(heard.take()) >= {"tool_used", "region_changed"}
    state.use_tool(state.tool.move, Pointer(20, 10))
    assert "edited" not in heard.take()
    state.use_tool(state.tool.release, Pointer(20, 10))
    assert heard.take().count("edited") == 1


def test_selecting_with_a_tool_or_a_setter_announces_the_marks_once(state: State) -> None:
    state.document.add("draw", Shape("car", "rectangle", ((2.0, 2.0), (9.0, 9.0))))
    uid = state.document.annotation.shapes[0].uid
    heard = Heard(state)
    state.set_marks(Marks(selected=frozenset({uid})))
    assert heard.take().count("marks_changed") == 1
    state.set_marks(Marks(selected=frozenset({uid})))
    assert heard.take() == []
    assert state.image.visible_labels.selected[5, 5] == 1


def test_a_document_that_left_the_canvas_announces_nothing(state: State) -> None:
    document = state.document
    state.set_image(read_open_image(state.project, state.items[1], None))
    heard = Heard(state)
    document.add("late", Shape("car", "rectangle", ((2.0, 2.0), (9.0, 9.0))))
    assert heard.take() == []
    assert not state.unsaved


def test_layers_are_announced_only_if_they_differ(state: State) -> None:
    heard = Heard(state)
    state.set_layers(state.layers.with_layer(PREDICTION, visible=True))
    assert heard.take() == ["layers_changed"]
    state.set_layers(state.layers.with_layer(PREDICTION, visible=True))
    assert heard.take() == []


def test_a_prediction_gives_tools_its_labels_and_the_probability_map_of_the_layers(state: State) -> None:
    labels = np.full(SIZE, 2, np.uint8)
    state.set_prediction(predict(state, labels))
    assert state.context.predicted is labels
    state.set_layers(replace(state.layers, probability_of="road"))
    assert (state.context.probability_map == 30).all()
    state.set_layers(replace(state.layers, probability_of="a class that no model has"))
    assert state.context.probability_map is None
    state.set_image(None)
    assert state.context.predicted is None
    assert state.context.probability_map is None


def test_errors_are_computed_when_they_are_shown_and_follow_every_stroke(state: State) -> None:
    state.set_prediction(predict(state, np.ones(SIZE, np.uint8)))
    assert state.image.errors is None
    state.set_layers(state.layers.with_layer(ERRORS, visible=True))
    assert state.image.errors.all()  # nothing is labelled, so all of it is background
    state.document.add("draw", Shape("car", "rectangle", ((10.0, 10.0), (20.0, 20.0))))
    assert state.image.errors[15, 15] == 0
    assert state.image.errors[5, 5] == 1


def test_another_image_frees_the_predictions_of_those_in_memory(state: State) -> None:
    first = state.image
    state.set_prediction(predict(state, np.ones(SIZE, np.uint8)))
    state.set_image(read_open_image(state.project, state.items[1], None))
    assert first.prediction is None
    assert first.item in state.image_cache


def test_the_number_of_annotated_images_is_counted_with_each_state(state: State) -> None:
    state.set_item_states([ItemState("a.png", True), ItemState("b.png"), ItemState("c.png", status=DONE)])
    assert state.num_annotated == 2
    state.set_item_states([ItemState("a.png", False), ItemState("b.png", True)])
    assert state.num_annotated == 2
    state.set_item_states([ItemState("a.png", False)])
    assert state.num_annotated == 2


def test_a_new_class_table_keeps_the_current_class_valid_and_the_document_readable(state: State) -> None:
    state.choose(class_id=2)
    state.update_project(replace(state.project, table=ClassTable.from_names(["_background_", "car"])))
    assert state.settings.class_id == 1
    state.choose(class_id=IGNORE)
    state.update_project(state.project)
    assert state.settings.class_id == IGNORE


def test_scores_of_another_run_do_not_mix(state: State) -> None:
    matrix = confusion_matrix(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), 2)
    state.add_score("one", "a.png", matrix, 0.5)
    state.add_score("one", "b.png", matrix)
    assert set(state.scores) == {"a.png", "b.png"}
    state.add_score("two", "c.png", matrix)
    assert set(state.scores) == {"c.png"}


def test_a_signal_holds_functions_but_not_objects() -> None:
    class Panel:
        def on_change(self) -> None:
            calls.append("panel")

    calls: list[str] = []
    signal: Signal[[]] = Signal()
    panel = Panel()
    signal.connect(panel.on_change)
    signal.connect(lambda: calls.append("function"))
    signal.emit()
    assert calls == ["panel", "function"]
    del panel
    gc.collect()
    signal.emit()
    assert calls == ["panel", "function", "function"]


def test_an_exception_in_a_callback_is_reported_and_cuts_nobody_short(unexpected: list[BaseException]) -> None:
    calls: list[str] = []
    signal: Signal[[]] = Signal()
    signal.connect(lambda: calls[3])
    signal.connect(lambda: calls.append("second"))
    signal.emit()
    assert calls == ["second"]
    assert isinstance(unexpected.pop(), IndexError)


def test_callbacks_that_emit_again_may_meet_the_same_object_that_is_gone() -> None:
    class Panel:
        def on_change(self) -> None:
            """Never called."""

    calls: list[str] = []
    signal: Signal[[]] = Signal()
    panel = Panel()
    signal.connect(lambda: calls.append("again") or len(calls) > 1 or signal.emit())
    signal.connect(panel.on_change)
    del panel
    gc.collect()
    signal.emit()
    assert calls == ["again", "again"]


def test_hidden_and_selected_objects_are_drawn_so_when_their_image_is_read_again(state: State) -> None:
    first = state.image.item
    for x in (2.0, 20.0):
        state.document.add("draw", Shape("car", "rectangle", ((x, 2.0), (x + 7, 9.0))))
    hidden, selected = (shape.uid for shape in state.document.annotation.shapes)
    state.set_marks(Marks(selected=frozenset({selected}), hidden=frozenset({hidden})))
    state.set_image(read_open_image(state.project, state.items[1], None))
    state.set_image(read_open_image(state.project, first, state.workspace.kept(first)))
    assert state.image.visible_labels.plane[5, 5] == UNLABELLED
    assert state.image.visible_labels.selected[5, 25] == 1


def test_a_prediction_of_the_visible_part_says_nothing_about_the_uncertainty_of_the_image(state: State) -> None:
    state.set_prediction(predict(state, np.ones(SIZE, np.uint8)), is_whole=False)
    assert state.uncertainties == {}
    state.set_prediction(predict(state, np.ones(SIZE, np.uint8)))
    assert set(state.uncertainties) == {"a.png"}


def test_work_of_a_tool_that_failed_is_announced_so_that_its_preview_goes(state: State) -> None:
    failed: list[object] = []
    state.tool.work_failed = lambda document, work: failed.append(work)
    heard = Heard(state)
    state.fail_work(state.tool, state.document, ToolWork(lambda: None))
    assert len(failed) == 1
    assert heard.take() == ["tool_used"]


def test_hidden_classes_are_transparent_and_the_safe_palette_has_other_colours() -> None:
    shown = class_colours(TABLE, Layers(), background=False)
    assert shown[0] == shown[UNLABELLED] == 0
    assert shown[1] >> 24 == 255
    assert class_colours(TABLE, Layers(hidden=frozenset({1})), background=True)[1] == 0
    solo = class_colours(TABLE, Layers(solo=2), background=True)
    assert [bool(colour) for colour in (*solo[:3], solo[IGNORE])] == [False, False, True, False]
    assert class_colours(TABLE, Layers(palette=SAFE_COLOURS), background=False)[1] != shown[1]


def test_an_opacity_stays_between_0_and_1() -> None:
    layers = Layers().with_layer(PROBABILITY_MAP, opacity=1.7)
    assert layers.probability_map.opacity == 1.0
    assert layers.with_layer(PROBABILITY_MAP, opacity=-3).probability_map.opacity == 0.0


def test_the_listing_filters_sorts_and_walks(state: State) -> None:
    listing = Listing(state)
    changes: list[list[str]] = []
    listing.changed.connect(lambda: changes.append(list(listing.names)))
    state.set_items(list(state.project.items()))
    assert listing.names == ["a.png", "b.png", "c.png"]
    assert [item.name for item in listing.neighbours("b.png")] == ["c.png", "a.png"]
    assert listing.step_from("c.png", 1) == "c.png"
    assert listing.step_from("not listed", 1) == "a.png"
    assert listing.previous("a.png") is None
    listing.set_order("name", down=True)
    assert listing.names == ["c.png", "b.png", "a.png"]
    listing.set_query(parse_query("b"))
    assert listing.names == ["b.png"]
    assert changes[-1] == ["b.png"]


def test_the_listing_keeps_the_open_image_while_its_state_changes(state: State) -> None:
    listing = Listing(state)
    state.set_items(list(state.project.items()))
    listing.set_query(parse_query("status:todo"))
    assert "a.png" in listing.names
    outdated: list[int] = []
    listing.outdated.connect(lambda: outdated.append(1))
    state.set_item_states([ItemState("a.png", True)])
    assert outdated == [1]
    listing.refresh(keep_open=True)
    assert "a.png" in listing.names
    state.set_image(read_open_image(state.project, state.items[1], None))
    listing.refresh(keep_open=True)
    assert "a.png" not in listing.names


def test_the_listing_sorts_by_date_once_dates_are_known(state: State) -> None:
    listing = Listing(state)
    state.set_items(list(state.project.items()))
    listing.set_order("date", down=False)
    assert listing.needs_dates
    (dates,) = read_dates(state.items)
    listing.set_dates({**dates, "a.png": dates["c.png"] + 100})
    assert listing.names[-1] == "a.png"
    assert not listing.needs_dates
