"""The training dialog: what the program proposes for these images, and which of them validate the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from segstudio.app.latest_only import LatestOnly
from segstudio.app.train_form import TrainContext
from segstudio.app.training_run import TrainChoices, propose
from segstudio.core.sample import Sample
from segstudio.errors import SegstudioError
from segstudio.project.duplicates import find_duplicate_images
from segstudio.project.runs import find_free_run_name, list_run_names, list_trained_runs
from segstudio.project.samples import assign_subsets, gather
from segstudio.training.events import Proposal
from segstudio.training.preload import gc_paused_until
from segstudio.ui.dialogs.split import SplitDialog
from segstudio.ui.dialogs.train import TrainDialog
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.train import TrainFeature


class TrainDialogFeature(Feature):
    """Gathers the labels once for each dialog, and proposes again whenever a choice changes."""

    def __init__(self, context: FeatureContext, training: TrainFeature) -> None:
        super().__init__(context)
        self._training = training
        self._dialog: TrainDialog | None = None
        self._samples: tuple[Sample, ...] = ()
        self._proposals = LatestOnly(self.jobs.start, self._on_event, on_failure=self._on_failure)
        self._held_out: dict[str, bool] = {}
        self._split_by = ""
        self._duplicates: list[list[str]] | None = None  # not searched yet
        training.requested.connect(self.open)

    def open(self, init: str = "") -> None:
        """`init` names the run to initialise from."""
        project = self.state.project
        if project is None:
            return
        runs = tuple(reversed(list_trained_runs(project)))
        taken = frozenset(list_run_names(project))
        context = TrainContext(
            find_free_run_name(project), self.state.num_annotated, project.unlabelled, runs, init, taken
        )
        dialog = TrainDialog(context, self.window)
        self._dialog, self._samples, self._duplicates = dialog, (), None
        self._held_out, self._split_by = {}, ""
        dialog.accepted.connect(lambda: self._train(dialog.choices()))
        dialog.finished.connect(self._on_closed)
        dialog.proposal_asked.connect(self._propose)
        dialog.split_asked.connect(lambda: self._show_split(dialog))
        dialog.open()
        self._propose(dialog.choices().settings)

    def _train(self, choices: TrainChoices) -> None:
        self._training.train(replace(choices, held_out=self._held_out, split_by=self._split_by))

    def _propose(self, settings: dict[str, str]) -> None:
        project = self.state.project
        if project is None or self._dialog is None:
            return
        items = list(self.state.items)

        def events() -> Iterator[Any]:
            gathered, duplicates = self._samples, self._duplicates
            if not gathered:
                for event in gather(project, items):
                    if isinstance(event, tuple):
                        gathered = event
                    yield event
            if duplicates is None:
                names = {sample.name for sample in gathered}
                yield find_duplicate_images([item for item in items if item.name in names])
            yield from gc_paused_until(propose(project, gathered, settings), Proposal)

        self._proposals.request(events)

    def _on_event(self, event: object) -> None:
        match event:
            case tuple():
                self._samples = event
            case list():
                self._duplicates = event
            case Proposal() if self._dialog is not None:
                train = [sample.name for sample in self._samples if not sample.held_out]
                validation = [sample.name for sample in self._samples if sample.held_out]
                self._dialog.show_proposal(replace(event, train_names=tuple(train), held_out_names=tuple(validation)))

    def _on_failure(self, error: SegstudioError) -> None:
        if self._dialog is not None:
            self._dialog.show_problem(str(error))

    def _on_closed(self) -> None:
        self._dialog = None
        self._proposals.cancel()

    def _show_split(self, dialog: TrainDialog) -> None:
        project = self.state.project
        if project is None or not self._samples:
            return
        held_out = {sample.name: sample.held_out for sample in self._samples}
        split = SplitDialog(held_out, self._split_by or project.split_by, self._duplicates or [], dialog)
        split.accepted.connect(lambda: self._set_split(split))
        split.open()

    def _set_split(self, split: SplitDialog) -> None:
        """Shown at once; written when the run starts."""
        if self._dialog is None:
            return
        self._held_out, self._split_by = split.held_out(), split.by
        self._samples = assign_subsets(self._samples, self._held_out)
        self._propose(self._dialog.choices().settings)
