"""Labels that are saved while a run trains join it at its next epoch, in the subset that the run gives them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.arrivals import Arrivals
from segstudio.app.state import State
from segstudio.app.training_run import TrainChoices, TrainingRun
from segstudio.app.workspace import Workspace
from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.shape import Shape
from segstudio.errors import ProjectError
from segstudio.project.project import open_project
from segstudio.project.store import save
from tests.app.executor import FreeJournal, ManualExecutor

TABLE = ClassTable.from_names(["_background_", "car"])
SIZE = (20, 30)
CAR = Annotation(*SIZE, (Shape("car", "rectangle", ((2.0, 2.0), (9.0, 9.0))),))
OTHER = Annotation(*SIZE, (Shape("car", "rectangle", ((3.0, 3.0), (9.0, 9.0))),))


@pytest.fixture
def state(tmp_path: Path) -> State:
    for number in range(4):
        Image.fromarray(np.full((*SIZE, 3), number, np.uint8)).save(tmp_path / f"i{number}.png")
    made = State(Workspace(ManualExecutor(), FreeJournal()))
    made.set_project(replace(open_project(tmp_path), table=TABLE))
    made.set_items(list(made.project.items()))
    for item in made.items[:3]:
        save(item, CAR, TABLE, None)
    return made


def gather(run: TrainingRun) -> None:
    *_, run.samples = run.gather()


def test_an_arrival_that_the_snapshot_already_has_does_not_wait(state: State) -> None:
    run = TrainingRun(state, state.project, TrainChoices("r"))
    gather(run)
    arrivals = Arrivals(state.project)
    assert arrivals.put(state.items[0], CAR) == 1
    assert arrivals.put(state.items[1], OTHER) == 2
    assert arrivals.start(run.samples) == 1
    assert [sample.name for sample in arrivals.take()] == ["i1.png"]
    assert arrivals.take() == []


def test_an_arrival_stays_in_the_subset_that_the_run_gave_it(state: State) -> None:
    run = TrainingRun(state, state.project, TrainChoices("r"))
    gather(run)
    arrivals = Arrivals(state.project)
    arrivals.start(run.samples)
    arrivals.put(state.items[3], CAR)
    (first,) = arrivals.take()
    arrivals.put(state.items[3], OTHER)
    (again,) = arrivals.take()
    assert again.held_out == first.held_out
    assert arrivals.taken["i3.png"] is again


def test_the_split_and_the_meaning_of_unlabelled_are_saved_before_the_run(state: State) -> None:
    choices = TrainChoices("r", {"unlabelled": "ignore"}, {"i0.png": True}, "folder")
    run = TrainingRun(state, state.project, choices)
    gather(run)
    run.prepare()
    stored = open_project(state.project.folder)
    assert stored.unlabelled == state.project.unlabelled == "ignore"
    assert stored.held_out["i0.png"]
    assert set(stored.held_out) == {"i0.png", "i1.png", "i2.png"}
    assert stored.split_by == "folder"


def test_a_resumed_run_does_not_change_what_unlabelled_means(state: State) -> None:
    run = TrainingRun(state, state.project, TrainChoices("r", {"resume": "yes", "unlabelled": "ignore"}))
    gather(run)
    run.prepare()
    assert open_project(state.project.folder).unlabelled == "background"


def test_labels_of_another_project_do_not_join(state: State, tmp_path: Path) -> None:
    run = TrainingRun(state, state.project, TrainChoices("r"))
    gather(run)
    run.prepare()
    assert run.put(state.items[3], CAR) == 1
    assert run.put(state.items[3], Annotation(*SIZE)) is None, "nothing is annotated"
    item = state.items[3]
    other = tmp_path / "other"
    other.mkdir()
    state.set_project(open_project(other))
    assert run.put(item, CAR) is None
    assert run.finish() == ()


def test_a_name_that_is_no_folder_name_is_refused(state: State) -> None:
    with pytest.raises(ProjectError):
        TrainingRun(state, state.project, TrainChoices("../r"))
