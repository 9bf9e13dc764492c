"""Training a project's model."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from segstudio.api.datasets import PathArgument, scan_classes
from segstudio.api.run import Run
from segstudio.core.sample import Sample
from segstudio.errors import ProjectError, TrainingError
from segstudio.events import Note, Problem, Progress
from segstudio.project.project import Project
from segstudio.project.runs import find_free_run_name, find_resumable_run, find_weights, read_split, run_folder
from segstudio.project.samples import assign_subsets, gather, record_split
from segstudio.run_layout import CONFIG_FILE
from segstudio.training.config import TrainConfig, read_settings
from segstudio.training.events import Finished, TrainEvent

T = TypeVar("T")
Setting = str | int | float | bool


class Training:
    """A training in progress: iterate over its events, or call `finish` for the trained run.

    It is also a context manager that stops the training at its end. `problems` and `notes` collect what was reported
    so far.
    """

    def __init__(self, events: Generator[TrainEvent, None, None], run: Run) -> None:
        self.run = run
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self.finished: Finished | None = None
        self._events = events

    def __iter__(self) -> Iterator[TrainEvent]:
        return self

    def __next__(self) -> TrainEvent:
        event = next(self._events)
        match event:
            case Problem():
                self.problems.append(event)
            case Note():
                self.notes.append(event)
            case Finished():
                self.finished = event
        return event

    def finish(self) -> Run:
        """Train to the end and return the run. Raises TrainingError where it fails, or was stopped before its end."""
        for _ in self:
            pass
        if self.finished is None:
            raise TrainingError(f"{self.run.name}: was stopped before its end; resume it with resume=True")
        return self.run

    def close(self) -> None:
        """Stop the training between two steps; the state so far is saved and can be resumed."""
        self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def train(
    project: Project,
    *,
    steps: int = 0,
    minutes: float = 0.0,
    name: str = "",
    config: PathArgument | None = None,
    init: PathArgument | Run = "",
    resume: bool = False,
    samples: Sequence[Sample] | None = None,
    **settings: Setting,
) -> Training:
    """Train a network on the project's annotated images; nothing happens before the result is iterated or finished.

    The training ends after `steps` optimiser steps or `minutes`, whichever comes first; where both are 0, after two
    minutes. `name` is the name of the run, by default the next free one. `config` is the config.json of an earlier run;
    `settings` are fields of `segstudio.training.config.TrainConfig` and override it, such as `width=32, patch=256`.
    `init` is a run or weights file to initialise from; `resume` continues the run `name`, or the newest one.

    `samples` replaces the project's annotated images. Otherwise these are read now, split into training and validation
    images as recorded in the project, and the split is recorded.

    Raises TrainingError for unknown settings, ProjectError for a name that cannot be used; TrainingError is raised
    during iteration where no image is annotated or training cannot go on. Under torchrun, call it in every process with
    the same arguments.
    """
    if isinstance(init, Run):
        init = init.weights
    texts = to_texts(steps, minutes, settings) | ({"init": str(find_weights(project, str(init)))} if init else {})
    return start_training(project, texts, name=name, config=config, resume=resume, samples=samples)


def to_texts(steps: int, minutes: float, settings: Mapping[str, Setting]) -> dict[str, str]:
    """Settings as `TrainConfig.with_texts` takes them. A run of so many steps has no time limit unless given."""
    limits = {"steps": str(steps), "minutes": str(minutes)} if steps or minutes else {}
    return limits | {key: str(value) for key, value in settings.items()}


def start_training(
    project: Project,
    settings: Mapping[str, str],
    *,
    name: str = "",
    config: PathArgument | None = None,
    resume: bool = False,
    samples: Sequence[Sample] | None = None,
    owner: object = None,
) -> Training:
    """`train` with its settings as text; `owner` is kept alive as long as the run."""
    name, resume = _choose_run(project, name, resume)
    made = _make_config(project, name, None if config is None else Path(config), settings, resume)
    run = Run(project, run_folder(project, name), owner=owner)
    return Training(_events(run, made, samples), run)


def _choose_run(project: Project, name: str, resume: bool) -> tuple[str, bool]:
    """The run's name, the same in every process, and whether to resume it. Raises ProjectError."""
    from segstudio.training.device import choose_device
    from segstudio.training.distributed import broadcast_object, is_restarted, join_process_group, launch_id

    join_process_group(choose_device().name)
    if is_restarted():  # torchrun restarts every process after one has died: the run that they began is resumed
        begun = broadcast_object(find_resumable_run(project, launch_id()))
        if begun:
            return begun, True
    if resume:
        name = name or broadcast_object(find_resumable_run(project))
        if not name:
            raise ProjectError(f"{project.folder}: has no run that can be resumed; train without resume")
        return name, True
    return name or broadcast_object(find_free_run_name(project)), False


def _make_config(
    project: Project, name: str, earlier: Path | None, settings: Mapping[str, str], resume: bool
) -> TrainConfig:
    """Settings of an earlier run's file, or of the run to resume, overridden by `settings`."""
    folder = run_folder(project, name)
    settings = {**settings, "resume": "yes"} if resume else settings
    if earlier is None and settings.get("resume") == "yes" and (folder / CONFIG_FILE).is_file():
        earlier = folder / CONFIG_FILE
    made = TrainConfig(run_dir=folder, table=project.table, unlabelled=project.unlabelled)
    before = read_settings(earlier) if earlier else {}
    return made.with_texts({**before, **settings})


def _events(run: Run, config: TrainConfig, samples: Sequence[Sample] | None) -> Generator[TrainEvent, None, None]:
    """Reads the samples unless they are given, and trains."""
    from segstudio.training.distributed import leave_process_group, rank
    from segstudio.training.engine import train as train_network

    try:
        run.project = yield from _last_of(scan_classes(run.project))
        if samples is None:
            samples = yield from _last_of(gather(run.project, list(run.project.items())))
            if not config.resume and not rank():
                record_split(run.project, tuple(samples)).save()
        if config.resume:
            samples = assign_subsets(tuple(samples), read_split(config.run_dir))
        yield from train_network(replace(config, table=run.project.table), samples)
    finally:
        leave_process_group()


def _last_of(events: Iterator[Progress | Problem | T]) -> Generator[Progress | Problem, None, T]:
    """Yields a job's Progress and Problem events and returns its result."""
    result: T | None = None
    for event in events:
        if isinstance(event, Progress | Problem):
            yield event
        else:
            result = event
    assert result is not None
    return result
