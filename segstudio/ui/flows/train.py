"""Training: from the dialog over the job to the panels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from segstudio.core.sample import Sample
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.project import Project
from segstudio.project.runs import new_run_name, run_folder, run_names
from segstudio.project.samples import gather, with_split
from segstudio.training.events import Finished, Preview
from segstudio.training.surroundings import Shown, Surroundings
from segstudio.ui.dialogs.train import TrainChoices, TrainDialog
from segstudio.ui.flows.predict import PredictFlow
from segstudio.ui.flows.save import SaveFlow
from segstudio.ui.jobs import Job
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session

if TYPE_CHECKING:
    from segstudio.training.events import TrainEvent


class TrainFlow(QObject):
    """One training at a time. `told` passes each of its events on to the panels."""

    told = Signal(object)

    def __init__(
        self, session: Session, saving: SaveFlow, predicting: PredictFlow, messages: MessageBar, window: QWidget
    ) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._predicting = predicting
        self._messages = messages
        self._window = window
        self._job: Job | None = None
        self._samples: tuple[Sample, ...] = ()
        self._problems: list[str] = []
        self._shown = False

    def start(self) -> None:
        """Ask how, then train."""
        project = self._session.project
        if project is None or self._session.training:
            return
        dialog = TrainDialog(new_run_name(project), self._session.num_labelled, self._window)
        dialog.accepted.connect(lambda: self.train(dialog.choices()))
        dialog.open()

    def train(self, choices: TrainChoices) -> None:
        """Save what is open, take a snapshot of all labels, and learn from it in the background."""
        project = self._session.project
        if project is None or self._session.training:
            return
        try:
            folder = run_folder(project, choices.name)
        except SegstudioError as error:
            self._messages.warn(str(error))
            return
        self._saving.save()
        self._problems.clear()
        self._samples = ()
        self._shown = False
        self._session.set_training(True)
        items, jobs = list(self._session.items), self._session.jobs
        gathering = jobs.after_queue(lambda: gather(project, items), self._on_gathered)
        gathering.failed.connect(self._on_failure)
        gathering.ended.connect(
            lambda: self._on_end(folder) if gathering.stopped else self._learn(project, folder, choices)
        )
        self._job = gathering

    def stop(self) -> None:
        """Keep what was learnt so far."""
        if self._job is not None:
            self._job.stop()

    def _on_gathered(self, event: Progress | Problem | tuple[Sample, ...]) -> None:
        match event:
            case tuple():
                self._samples = event
            case Problem():
                self._problems.append(str(event))

    def _learn(self, project: Project, folder: Path, choices: TrainChoices) -> None:
        samples, session = self._samples, self._session
        split = with_split(project, samples)
        if session.project is not None and session.is_current(project):
            split = replace(session.project, held_out=split.held_out)
            session.project = split

        def open_picture() -> Shown | None:
            picture = session.picture
            return None if picture is None else Shown(picture.item.name, picture.pixels)

        def events() -> Iterator[TrainEvent]:
            from segstudio.training.config import TrainConfig
            from segstudio.training.engine import train

            split.save()
            config = TrainConfig(run_dir=folder, table=split.table, unlabelled=split.unlabelled)
            yield from train(config.with_texts(choices.settings), samples, Surroundings(open_picture))

        self._job = session.jobs.start(events, self._on_event, lambda: self._on_end(folder))
        self._job.failed.connect(self._on_failure)

    def _on_event(self, event: object) -> None:
        match event:
            case Problem():
                self._problems.append(str(event))
            case Preview():
                self._show_preview(event.prediction)
            case Finished():
                self._finished(event)
        self.told.emit(event)

    def _show_preview(self, prediction: Any) -> None:
        """The first one of a run turns the layer on; after that the user decides."""
        layers = self._session.layers
        if not self._shown and not (layers.prediction.visible or layers.heat.visible or layers.errors.visible):
            layers.prediction.visible = True
            layers.labels.opacity = min(layers.labels.opacity, 0.35)
            self._session.layers_changed.emit()
        self._shown = True
        self._predicting.show(prediction)

    def _finished(self, event: Any) -> None:
        text = self.tr("Training is done after {} steps.").format(event.step)
        if event.best_miou == event.best_miou:  # not NaN
            text += " " + self.tr("mIoU on the held-out pictures: {:.3f}.").format(event.best_miou)
        if self._problems:
            text += " " + self.tr("Left out: {}.").format("; ".join(self._problems[:3]))
        self._messages.tell(text)

    def _on_end(self, folder: Path) -> None:
        """Finished, stopped or failed: whatever weights there are predict from now on, and are judged."""
        self._job = None
        self._session.set_training(False)
        project = self._session.project
        if project is not None and folder.parent == project.runs_folder and folder.name in run_names(project):
            self._predicting.score_all(folder.name, self._samples)

    def _on_failure(self, error: SegstudioError) -> None:
        self._messages.warn(str(error))
