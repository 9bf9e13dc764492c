"""Training: from the dialog over the job to the panels."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.runs import run_folder, run_names
from segstudio.project.samples import gather, sample_of, with_split
from segstudio.training.events import Finished, Joined, Preview, Started
from segstudio.training.surroundings import Shown, Surroundings
from segstudio.ui.dialogs.train import TrainChoices
from segstudio.ui.flows.predict import PredictFlow
from segstudio.ui.flows.save import SaveFlow
from segstudio.ui.jobs import Job
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session

if TYPE_CHECKING:
    from segstudio.core.box import Box
    from segstudio.training.events import TrainEvent

_LEAVES_WITHIN_MS = 2000
_LOOK_MS = 300


class Arrivals:
    """Masks saved while a run learns: put in by the window, taken out by the run at its next epoch."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = Lock()
        self._waiting: dict[str, tuple[Item, Annotation]] = {}
        self.names: set[str] = set()  # of all that is labelled

    def put(self, item: Item, annotation: Annotation) -> int:
        """How many wait now."""
        with self._lock:
            self._waiting[item.name] = (item, annotation)
            self.names.add(item.name)
            return len(self._waiting)

    def take(self) -> list[Sample]:
        with self._lock:
            taken, self._waiting = self._waiting, {}
            names = list(self.names)
        return [sample_of(self._project, item, annotation, names) for item, annotation in taken.values()]


class TrainFlow(QObject):
    """One training at a time. `told` passes each of its events on to the panels."""

    told = Signal(object)
    waiting = Signal(int)  # masks that will join at the next epoch
    asked = Signal()

    def __init__(
        self, session: Session, saving: SaveFlow, predicting: PredictFlow, messages: MessageBar, window: QWidget
    ) -> None:
        super().__init__(session)
        self._session = session
        self._predicting = predicting
        self._saving = saving
        self._messages = messages
        self._window = window
        self._job: Job | None = None
        self._samples: tuple[Sample, ...] = ()
        self._arrivals: Arrivals | None = None
        self._problems: list[str] = []
        self._shown = False
        self._begun = False
        self.visible_box: Callable[[], Box | None] = lambda: None  # what of the picture is on the screen
        self._visible: Box | None = None  # the same, for the worker's thread to read
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._look_at_view)
        session.training_changed.connect(self._on_training)
        self._late = QTimer(self, singleShot=True, interval=_LEAVES_WITHIN_MS)
        self._late.timeout.connect(self._on_late)
        saving.saved.connect(self._on_saved)

    def start(self) -> None:
        """Ask how; the dialog is a flow of its own."""
        if self._session.project is not None and not self._session.training:
            self.asked.emit()

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
        self._shown = self._begun = False
        self._arrivals = Arrivals(project)
        self._session.set_training(True)
        items, jobs = list(self._session.items), self._session.jobs
        gathering = jobs.after_queue(lambda: gather(project, items), self._on_gathered, quiet=True)
        gathering.failed.connect(self._on_failure)
        gathering.ended.connect(
            lambda: self._on_end(folder) if gathering.stopped else self._learn(project, folder, choices)
        )
        self._job = gathering

    def stop(self) -> None:
        """Keep what was learnt so far."""
        if self._job is not None:
            self._job.stop()
            self._late.start()

    def pause(self) -> None:
        """Stand still, or go on."""
        if self._job is None or not self._session.training:
            return
        if self._job.paused:
            self._job.go_on()
        else:
            self._job.pause()
        self._session.set_training(True, self._job.paused)

    def _on_gathered(self, event: Progress | Problem | tuple[Sample, ...]) -> None:
        match event:
            case tuple():
                self._samples = event
            case Problem():
                self._problems.append(str(event))
            case Progress():
                self.told.emit(event)

    def _learn(self, project: Project, folder: Path, choices: TrainChoices) -> None:
        samples, session, arrivals = self._samples, self._session, self._arrivals
        assert arrivals is not None
        arrivals.names.update(sample.name for sample in samples)
        settings = dict(choices.settings)
        split = replace(with_split(project, samples), unlabelled=settings.get("unlabelled", project.unlabelled))
        if session.project is not None and session.is_current(project):
            split = replace(session.project, held_out=split.held_out, unlabelled=split.unlabelled)
            session.project = split
        world = Surroundings(self._open_picture, arrivals.take)

        def events() -> Iterator[TrainEvent]:
            from segstudio.project.runs import weights_file
            from segstudio.training.config import TrainConfig
            from segstudio.training.engine import train

            split.save()
            if settings.get("init"):
                settings["init"] = str(weights_file(split, settings["init"]))
            config = TrainConfig(run_dir=folder, table=split.table, unlabelled=split.unlabelled)
            yield from train(config.with_texts(settings), samples, world)

        self._job = session.jobs.start(events, self._on_event, lambda: self._on_end(folder), quiet=True)
        self._job.failed.connect(self._on_failure)

    def _open_picture(self) -> Shown | None:
        """Asked by the worker's thread: only reads what is there."""
        picture = self._session.picture
        if picture is None:
            return None
        return Shown(picture.item.name, picture.pixels, self._visible)

    def _on_training(self) -> None:
        if self._session.training:
            self._look.start()
        else:
            self._look.stop()

    def _look_at_view(self) -> None:
        self._visible = self.visible_box()

    def _on_saved(self, item: Item, annotation: Annotation) -> None:
        """A picture labelled while the model learns joins at the next epoch."""
        if self._session.training and self._arrivals is not None and annotation.shapes:
            self.waiting.emit(self._arrivals.put(item, annotation))

    def _on_event(self, event: object) -> None:
        match event:
            case Problem():
                self._problems.append(str(event))
                if self._begun:
                    self._messages.tell(str(event))
            case Started():
                self._begun = True
            case Preview():
                self._show_preview(event)
            case Joined():
                self.waiting.emit(0)
            case Finished():
                self._finished(event)
        self.told.emit(event)

    def _show_preview(self, event: Preview) -> None:
        """The first one of a run turns the layer on; after that the user decides."""
        layers = self._session.layers
        if not self._shown and not (layers.prediction.visible or layers.heat.visible or layers.errors.visible):
            layers.prediction.visible = True
            layers.labels.opacity = min(layers.labels.opacity, 0.35)
            self._session.layers_changed.emit()
        self._shown = True
        self._predicting.show(event.prediction, event.box)

    def _finished(self, event: Finished) -> None:
        text = self.tr("Training is done after {} steps.").format(event.step)
        if event.early:
            text = self.tr("Training ended after {} steps: the score no longer rose.").format(event.step)
        if event.best_miou == event.best_miou:  # not NaN
            text += " " + self.tr("mIoU on the held-out pictures: {:.3f}.").format(event.best_miou)
        if self._problems:
            text += " " + self.tr("Said on the way: {}.").format("; ".join(self._problems[:3]))
        self._messages.tell(text)

    def _on_end(self, folder: Path) -> None:
        """Finished, stopped or failed: whatever weights there are predict from now on, and are judged."""
        self._job = self._arrivals = None
        self._late.stop()
        self._session.set_training(False)
        project = self._session.project
        if project is not None and folder.parent == project.runs_folder and folder.name in run_names(project):
            self._predicting.score_all(folder.name, self._samples)

    def _on_late(self) -> None:
        self._messages.tell(self.tr("The training is still finishing its step and saving; it stops in a moment."))

    def _on_failure(self, error: SegstudioError) -> None:
        """The cause in words, and all that is known behind a button."""
        text = "".join(traceback.format_exception(error))
        self._messages.warn(str(error), Remedy(self.tr("Details"), lambda: self._show_details(str(error), text)))

    def _show_details(self, cause: str, text: str) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, self.tr("Training failed"), cause, parent=self._window)
        box.setInformativeText(self.tr("Your labels are saved and untouched. What was learnt can be resumed."))
        box.setDetailedText(text)
        box.open()
