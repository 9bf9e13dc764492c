"""Training: from the dialog over the job to the panels."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.errors import SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.project.item import DONE, Item
from segstudio.project.project import Project
from segstudio.project.run_files import split_of
from segstudio.project.runs import run_folder, run_names, weights_file
from segstudio.project.samples import gather, sample_of, with_sides, with_split
from segstudio.project.store import status_of
from segstudio.training.config import TrainConfig
from segstudio.training.events import Finished, Joined, Preview, Started, StepDone, Transferred
from segstudio.training.hooks import Shown, Surroundings
from segstudio.training.preload import calmly
from segstudio.ui.dialogs.train import TrainChoices
from segstudio.ui.features.predict import PredictFlow
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.jobs import CrashError, Job
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session

if TYPE_CHECKING:
    from segstudio.core.box import Box
    from segstudio.training.events import TrainEvent

_LEAVES_WITHIN_MS = 2000


class Arrivals:
    """Masks saved while a run learns: put in by the window, taken out by the run at its next epoch."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._lock = Lock()
        self._waiting: dict[str, tuple[Item, Annotation]] = {}
        self._sides: dict[str, bool] = {}  # of all that the run knows: whether it is held out
        self.taken: dict[str, Sample] = {}

    def begin(self, samples: Sequence[Sample]) -> int:
        """The snapshot that the run begins with; what is in it does not wait any more. How many still do."""
        with self._lock:
            self._sides = {sample.name: sample.held_out for sample in samples}
            for sample in samples:
                waiting = self._waiting.get(sample.name)
                if waiting is not None and waiting[1].shapes == sample.annotation.shapes:
                    del self._waiting[sample.name]
            return len(self._waiting)

    def put(self, item: Item, annotation: Annotation) -> int:
        """How many wait now."""
        with self._lock:
            self._waiting[item.name] = (item, annotation)
            return len(self._waiting)

    def take(self) -> list[Sample]:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            found = []
            for item, annotation in waiting.values():
                sample = sample_of(self.project, item, annotation, self._sides)
                self._sides[sample.name] = sample.held_out
                self.taken[sample.name] = sample
                found.append(sample)
            return found


class TrainFlow(QObject):
    """One training at a time. `told` passes each of its events on to the panels."""

    told = Signal(object)
    waiting = Signal(int)  # masks that will join at the next epoch
    asked = Signal()
    stopping = Signal()
    failed = Signal(str)

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
        self._folder: Path | None = None
        self._shown = False
        self._begun = False
        self.visible_box: Callable[[], Box | None] = lambda: None  # what of the image is on the screen
        self._visible: tuple[str, Box | None] = ("", None)  # the same with its image, for the worker's thread
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
        if choices.held_out:
            held_out = {**project.held_out, **choices.held_out}
            project = replace(project, held_out=held_out, split_by=choices.split_by or project.split_by)
        self._saving.save()
        self._problems.clear()
        self._samples = ()
        self._shown = self._begun = False
        self._arrivals = Arrivals(project)
        self._folder = folder
        self._session.set_training(True)
        items, jobs = list(self._session.items), self._session.jobs
        gathering = jobs.after_queue(lambda: gather(project, items), self._on_gathered, quiet=True)
        failed: list[SegstudioError] = []
        gathering.failed.connect(failed.append)
        gathering.failed.connect(self._on_failure)
        gathering.ended.connect(
            lambda: self._on_end() if gathering.stopped or failed else self._learn(project, choices)
        )
        self._job = gathering

    def stop(self) -> None:
        """Keep what was learnt so far."""
        if self._job is not None:
            self._job.stop()
            self._late.start()
            self.stopping.emit()

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

    def _learn(self, project: Project, choices: TrainChoices) -> None:
        arrivals, settings, folder = self._arrivals, dict(choices.settings), self._folder
        assert arrivals is not None
        assert folder is not None
        resumed = settings.get("resume") == "yes"
        if resumed:
            self._samples = with_sides(self._samples, split_of(folder))
        samples = self._samples
        try:
            split = self._written_down(project, {} if resumed else settings)
        except SegstudioError as error:
            self._on_failure(error)
            self._on_end()
            return
        self.waiting.emit(arrivals.begin(samples))
        world = Surroundings(self._open_image, arrivals.take)

        def events() -> Iterator[TrainEvent]:
            from segstudio.training.engine import train

            if settings.get("init"):
                settings["init"] = str(weights_file(split, settings["init"]))
            config = TrainConfig(run_dir=folder, table=split.table, unlabelled=split.unlabelled)
            yield from train(config.with_texts(settings), samples, world)

        jobs = self._session.jobs
        self._job = jobs.start(lambda: calmly(events(), StepDone), self._on_event, self._on_end, quiet=True)
        self._job.failed.connect(self._on_failure)

    def _written_down(self, project: Project, settings: Mapping[str, str]) -> Project:
        """The project with the run's split and, from the dialog, what unlabelled means; saved before the run begins."""
        session = self._session
        current = session.project if session.project is not None and session.is_current(project) else project
        held_out = with_split(project, self._samples).held_out
        unlabelled = settings.get("unlabelled", current.unlabelled)
        split = replace(current, held_out=held_out, unlabelled=unlabelled, split_by=project.split_by)
        split.save()
        if session.is_current(project):
            session.update_project(split)
        return split

    def _open_image(self) -> Shown | None:
        """Asked by the worker's thread: only reads what is there."""
        image, (name, box) = self._session.image, self._visible
        if image is None or not self._is_ours():
            return None
        return Shown(image.item.name, image.pixels, box if name == image.item.name else None)

    def _is_ours(self) -> bool:
        """Whether the open project is the one that the run learns from."""
        return self._arrivals is not None and self._session.is_current(self._arrivals.project)

    def look(self) -> None:
        """Another image, or another part of it, is on the screen."""
        image = self._session.image
        self._visible = ("", None) if image is None else (image.item.name, self.visible_box())

    def _on_saved(self, item: Item, annotation: Annotation) -> None:
        """An image labelled while the model learns joins at the next epoch."""
        counts = bool(annotation.shapes) or status_of(annotation) == DONE
        if self._session.training and self._arrivals is not None and self._is_ours() and counts:
            self.waiting.emit(self._arrivals.put(item, annotation))

    def _on_event(self, event: object) -> None:
        match event:
            case Problem():
                self._problems.append(str(event))
                if self._begun:
                    self._messages.tell(str(event))
            case Note():
                self._messages.tell(str(event))
            case Started():
                self._begun = True
            case Preview():
                self._show_preview(event)
            case Joined():
                self.waiting.emit(0)
            case Transferred():
                report = "\n".join(event.lines)
                title = self.tr("Weights begun from")
                show = Remedy(self.tr("Report"), lambda: _show(self._window, title, report))
                self._messages.tell(self.tr("Begun from other weights: {}.").format(event.lines[0]), show)
            case Finished():
                self._finished(event)
        self.told.emit(event)

    def _show_preview(self, event: Preview) -> None:
        """The first one of a run turns the layer on; after that the user decides."""
        layers = self._session.layers
        if not self._is_ours():
            return
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
            text += " " + self.tr("mIoU on the held-out images: {:.3f}.").format(event.best_miou)
        if self._problems:
            text += " " + self.tr("Said on the way: {}.").format("; ".join(self._problems[:3]))
        self._messages.tell(text)

    def _on_end(self) -> None:
        """Finished, stopped or failed: whatever weights there are predict from now on, and are judged."""
        arrivals, folder, begun = self._arrivals, self._folder, self._begun
        samples = {sample.name: sample for sample in self._samples}
        self._job = self._arrivals = self._folder = None
        self._late.stop()
        self._session.set_training(False)
        if arrivals is None or folder is None or not begun or not self._session.is_current(arrivals.project):
            return
        samples |= arrivals.taken
        project = self._session.project
        assert project is not None
        if arrivals.taken:
            project = with_split(project, tuple(arrivals.taken.values()))
            self._session.update_project(project)
            self._session.jobs.enqueue_quietly(lambda: _saving(project))
        if folder.name in run_names(project):
            self._predicting.score_all(folder.name, tuple(samples.values()))

    def _on_late(self) -> None:
        self._messages.warn(self.tr("The training is still finishing its step and saving; it stops in a moment."))

    def _on_failure(self, error: SegstudioError) -> None:
        """The cause in words, and all that is known behind a button."""
        text = "".join(traceback.format_exception(error))
        self.failed.emit(str(error))
        title = self.tr("Training failed; your labels are untouched")
        remedies = (Remedy(self.tr("Details"), lambda: _show(self._window, title, str(error), text)),)
        self._messages.warn(str(error), *(remedies if self._begun or isinstance(error, CrashError) else ()))


def _show(window: QWidget, title: str, text: str, details: str = "") -> None:
    """A box that can be read at leisure while the window goes on."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, parent=window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setDetailedText(details)
    box.open()


def _saving(project: Project) -> Iterator[Progress]:
    project.save()
    yield Progress(1, 1, project.file.name)
