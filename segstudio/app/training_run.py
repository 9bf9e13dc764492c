"""One training of the open project: its samples, the labels that arrive while it runs, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from segstudio.app.arrivals import Arrivals
from segstudio.app.state import State
from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.events import Problem, Progress
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.runs import find_weights, list_trained_runs, read_split, run_folder
from segstudio.project.samples import assign_subsets, gather, record_split
from segstudio.project.store import is_annotated

if TYPE_CHECKING:
    from segstudio.training.config import TrainConfig
    from segstudio.training.events import Proposal, TrainEvent

_MOST_PROPOSED_FROM: Final = 24  # images


@dataclass(frozen=True)
class TrainChoices:
    """What the user chose. `settings` are fields of TrainConfig as text, so that the window does not import torch."""

    name: str
    settings: dict[str, str] = field(default_factory=dict)
    held_out: Mapping[str, bool] = field(default_factory=dict)  # only the images that the user moved
    split_by: str = ""


class TrainingRun:
    """`problems` are those of the run so far; `started` is True once the run has begun to train.

    Raises ProjectError for a name that is no run's name.
    """

    def __init__(self, state: State, project: Project, choices: TrainChoices) -> None:
        self._state = state
        self.folder = run_folder(project, choices.name)
        if choices.held_out:
            held_out = {**project.held_out, **choices.held_out}
            project = replace(project, held_out=held_out, split_by=choices.split_by or project.split_by)
        self.project = project
        self.samples: tuple[Sample, ...] = ()
        self.problems: list[str] = []
        self.started = False
        self.previewed = False
        self._settings = dict(choices.settings)
        self._items = list(state.items)
        self._arrivals = Arrivals(project)

    @property
    def is_current(self) -> bool:
        """True if the open project is the one that the run trains on."""
        return self._state.is_current(self.project)

    def gather(self) -> Iterator[Progress | Problem | tuple[Sample, ...]]:
        """The labelled images as samples; for a job."""
        return gather(self.project, self._items)

    def prepare(self) -> int:
        """Assign subsets and save them with the project before the run starts. The number of images that wait.

        A resumed run keeps its own split and the project's meaning of unlabelled. Raises FileError.
        """
        resumes = self._settings.get("resume") == "yes"
        if resumes:
            self.samples = assign_subsets(self.samples, read_split(self.folder))
        open_project = self._state.project
        current = open_project if open_project is not None and self.is_current else self.project
        split = replace(
            current,
            held_out=record_split(self.project, self.samples).held_out,
            unlabelled=current.unlabelled if resumes else self._settings.get("unlabelled", current.unlabelled),
            split_by=self.project.split_by,
        )
        split.save()
        self.project = split
        if self.is_current:
            self._state.update_project(split)
        return self._arrivals.start(self.samples)

    def train(self, hooks: Any) -> Iterator[TrainEvent]:
        """The events of the training; for a job. `hooks` are RunHooks that `make_hooks` gave."""
        from segstudio.training.engine import train

        yield from train(_make_config(self.project, self.folder, self._settings), self.samples, hooks)

    def take_arrivals(self) -> list[Sample]:
        """Samples labelled since the last call; called in the run's thread."""
        return self._arrivals.take()

    def put(self, item: Item, annotation: Annotation) -> int | None:
        """Labels were saved: the number of images that wait, or None if they do not join the run."""
        if not self.is_current or not is_annotated(annotation):
            return None
        return self._arrivals.put(item, annotation)

    def finish(self) -> tuple[Sample, ...]:
        """After the end: record the subsets of images that joined. The samples to evaluate, if there are weights."""
        project = self._state.project
        if not self.started or project is None or not self.is_current:
            return ()
        joined = self._arrivals.taken
        if joined:
            project = record_split(project, tuple(joined.values()))
            self._state.update_project(project)
        if self.folder.name not in list_trained_runs(project):
            return ()
        return tuple({**{sample.name: sample for sample in self.samples}, **joined}.values())

    @property
    def joined(self) -> bool:
        """True if images joined while it ran."""
        return bool(self._arrivals.taken)


def propose(
    project: Project, samples: tuple[Sample, ...], settings: dict[str, str]
) -> Iterator[Progress | Problem | Proposal]:
    """What a training with these settings would decide, from images spread evenly over `samples`; for a job."""
    from segstudio.training.start import propose as propose_config

    train = [sample for sample in samples if not sample.held_out]
    some = train[:: max(1, len(train) // _MOST_PROPOSED_FROM)]
    yield from propose_config(_make_config(project, project.runs_folder / "new", settings), some)


def _make_config(project: Project, folder: Path, settings: dict[str, str]) -> TrainConfig:
    from segstudio.training.config import TrainConfig

    if settings.get("init"):
        settings = {**settings, "init": str(find_weights(project, settings["init"]))}
    return TrainConfig(run_dir=folder, table=project.table, unlabelled=project.unlabelled).with_texts(settings)
