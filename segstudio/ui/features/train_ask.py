"""The dialog before a training: what the program proposes for these images, and which of them judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from segstudio.core.sample import Sample
from segstudio.errors import SegstudioError
from segstudio.project.runs import new_run_name, run_names, taken_names
from segstudio.project.samples import gather, twins_among, with_sides
from segstudio.training.events import Proposal
from segstudio.training.preload import calmly
from segstudio.ui.dialogs.split import SplitDialog
from segstudio.ui.dialogs.train import TrainChoices, TrainContext, TrainDialog
from segstudio.ui.features.train import TrainFlow
from segstudio.ui.jobs import Job
from segstudio.ui.session import Session

if TYPE_CHECKING:
    from segstudio.project.project import Project

_LOOKED_AT = 24  # images that a proposal is made from


class TrainAskFlow(QObject):
    """Gathers the labels once for each dialog, and proposes again whenever a choice changes."""

    def __init__(self, session: Session, training: TrainFlow, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._training = training
        self._window = window
        self._dialog: TrainDialog | None = None
        self._samples: tuple[Sample, ...] = ()
        self._job: Job | None = None
        self._wanted: dict[str, str] | None = None
        self._held_out: dict[str, bool] = {}
        self._split_by = ""
        self._twins: list[list[str]] = []
        training.asked.connect(self.ask)

    def ask(self, begin: str = "") -> None:
        """`begin` names the run to begin from."""
        project = self._session.project
        if project is None:
            return
        runs = tuple(reversed(run_names(project)))
        taken = frozenset(taken_names(project))
        context = TrainContext(
            new_run_name(project), self._session.num_labelled, project.unlabelled, runs, begin, taken
        )
        dialog = TrainDialog(context, self._window)
        self._dialog, self._samples = dialog, ()
        self._held_out, self._split_by = {}, ""
        dialog.accepted.connect(lambda: self._train(dialog.choices()))
        dialog.finished.connect(self._on_closed)
        dialog.proposal_wanted.connect(self._propose)
        dialog.split_asked.connect(lambda: self._show_split(dialog))
        dialog.open()
        self._propose(dialog.choices().settings)

    def _train(self, choices: TrainChoices) -> None:
        self._training.train(replace(choices, held_out=self._held_out, split_by=self._split_by))

    def _propose(self, settings: dict[str, str]) -> None:
        project = self._session.project
        if project is None or self._dialog is None:
            return
        if self._job is not None:
            self._wanted = settings
            self._job.stop()
            return
        items, samples = list(self._session.items), self._samples

        def events() -> Iterator[Any]:
            gathered = samples
            if not gathered:
                for event in gather(project, items):
                    if isinstance(event, tuple):
                        gathered = event
                    yield event
                names = {sample.name for sample in gathered}
                yield twins_among([item for item in items if item.name in names])
            yield from calmly(_proposed(project, gathered, settings), Proposal)

        self._job = self._session.jobs.start(events, self._on_event, self._on_end, quiet=True)
        self._job.failed.connect(self._on_failure)

    def _on_event(self, event: object) -> None:
        match event:
            case tuple():
                self._samples = event
            case list():
                self._twins = event
            case Proposal() if self._dialog is not None:
                names = [s.name for s in self._samples if not s.held_out]
                judges = [s.name for s in self._samples if s.held_out]
                self._dialog.show_proposal(replace(event, train_names=tuple(names), held_out_names=tuple(judges)))

    def _on_failure(self, error: SegstudioError) -> None:
        if self._dialog is not None:
            self._dialog.show_problem(str(error))

    def _on_end(self) -> None:
        self._job = None
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            self._propose(wanted)

    def _on_closed(self) -> None:
        self._dialog = self._wanted = None
        if self._job is not None:
            self._job.stop()

    def _show_split(self, dialog: TrainDialog) -> None:
        project = self._session.project
        if project is None or not self._samples:
            return
        held = {sample.name: sample.held_out for sample in self._samples}
        split = SplitDialog(held, self._split_by or project.split_by, self._twins, dialog)
        split.accepted.connect(lambda: self._take_split(split))
        split.open()

    def _take_split(self, split: SplitDialog) -> None:
        """Written down with the run; shown at once."""
        if self._dialog is None:
            return
        self._held_out, self._split_by = split.held_out(), split.by
        self._samples = with_sides(self._samples, self._held_out)
        self._propose(self._dialog.choices().settings)


def _proposed(project: Project, samples: tuple[Sample, ...], settings: dict[str, str]) -> Iterator[Any]:
    """From some of the images, spread evenly: enough to know their size and their classes."""
    from segstudio.project.runs import weights_file
    from segstudio.training.config import TrainConfig
    from segstudio.training.start import propose

    if settings.get("init"):
        settings = {**settings, "init": str(weights_file(project, settings["init"]))}
    config = TrainConfig(run_dir=project.runs_folder / "new", table=project.table, unlabelled=project.unlabelled)
    learn = [sample for sample in samples if not sample.held_out]
    some = learn[:: max(1, len(learn) // _LOOKED_AT)]
    yield from propose(config.with_texts(settings), some)
