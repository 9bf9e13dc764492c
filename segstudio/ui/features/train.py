"""Training: from the dialog's choices over the job to the panels."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from segstudio.app.layers import LABELS, PREDICTION
from segstudio.app.training_run import TrainChoices, TrainingRun
from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.errors import SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.training.events import Finished, PretrainedLoaded, Preview, SamplesAdded, Started, StepDone
from segstudio.training.hooks import PreviewImage, RunHooks
from segstudio.training.preload import gc_paused_until
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.predict import PredictFeature
from segstudio.ui.jobs import CrashError, Job, log_failure
from segstudio.ui.messages import Remedy

if TYPE_CHECKING:
    from segstudio.core.box import Box

_STOPS_WITHIN_MS = 2000
_LABEL_OPACITY_BESIDE_PREDICTION = 0.35


class TrainFeature(Feature):
    """One training at a time. `reported` passes each of its events on to the panels."""

    reported = Signal(object)
    waiting = Signal(int)  # saved images that will join at the next epoch
    requested = Signal()  # the user wants to train: open the dialog
    stopping = Signal()
    failed = Signal(str)

    def __init__(self, context: FeatureContext, predicting: PredictFeature) -> None:
        super().__init__(context)
        self._predicting = predicting
        self._job: Job | None = None
        self._run: TrainingRun | None = None
        self._visible: tuple[str, Box | None] = ("", None)  # image and its visible part, for the run's thread
        self._late = QTimer(self, singleShot=True, interval=_STOPS_WITHIN_MS)
        self._late.timeout.connect(self._on_late)
        self.workspace.saved.connect(self._on_saved)
        self.state.visible_box_changed.connect(self._on_visible_box)

    def actions(self) -> tuple[Action, ...]:
        running = partial(Action, menu="Model", refusal=self.refuse.not_training)
        train = self.tr("Train a model on the labelled images")
        pause, stop = self.tr("Pause or resume training"), self.tr("Stop training and keep the model trained so far")
        cannot_train = self.refuse.cannot_train
        return (
            Action("train", self.tr("Train"), "F5", self.request, "Model", "train", train, cannot_train),
            running("pause", self.tr("Pause or resume"), "Ctrl+F5", self.pause, icon="pause", tip=pause),
            running("stop", self.tr("Stop"), "Shift+F5", self.stop, icon="stop", tip=stop),
        )

    def request(self) -> None:
        """Open the dialog."""
        if self.state.project is not None and not self.state.training:
            self.requested.emit()

    def train(self, choices: TrainChoices) -> None:
        """Save the open image, take a snapshot of all labels, and train on it in the background."""
        project = self.state.project
        if project is None or self.state.training:
            return
        try:
            run = self._run = TrainingRun(self.state, project, choices)
        except SegstudioError as error:
            self.messages.warn(str(error))
            return
        self.workspace.save()
        self.state.set_training(True)
        failed: list[SegstudioError] = []

        def on_failure(error: SegstudioError) -> None:
            failed.append(error)
            self._on_failure(error)

        job = self.jobs.after_queue(run.gather, lambda event: self._on_gathered(run, event), on_failure=on_failure)
        job.ended.connect(lambda: self._on_end() if job.stopped or failed else self._start(run))
        self._job = job

    def stop(self) -> None:
        """Keep what was trained so far."""
        if self._job is not None:
            self._job.stop()
            self._late.start()
            self.stopping.emit()

    def pause(self) -> None:
        """Pause, or resume."""
        if self._job is None or not self.state.training:
            return
        if self._job.paused:
            self._job.resume()
        else:
            self._job.pause()
        self.state.set_training(True, self._job.paused)

    def _on_gathered(self, run: TrainingRun, event: Progress | Problem | tuple[Sample, ...]) -> None:
        match event:
            case tuple():
                run.samples = event
            case Problem():
                run.problems.append(str(event))
            case Progress():
                self.reported.emit(event)

    def _start(self, run: TrainingRun) -> None:
        try:
            waiting = run.prepare()
        except SegstudioError as error:
            self._on_failure(error)
            self._on_end()
            return
        self.waiting.emit(waiting)
        hooks = RunHooks(self._open_image, run.take_arrivals)
        self._job = self.jobs.start(
            lambda: gc_paused_until(run.train(hooks), StepDone),
            lambda event: self._on_event(run, event),
            on_end=self._on_end,
            on_failure=self._on_failure,
        )

    def _open_image(self) -> PreviewImage | None:
        """Called in the run's thread: only reads what is there."""
        image, (name, box) = self.state.image, self._visible
        if image is None or self._run is None or not self._run.is_current:
            return None
        return PreviewImage(image.item.name, image.pixels, box if name == image.item.name else None)

    def _on_visible_box(self) -> None:
        image, box = self.state.image, self.state.context.visible_box
        self._visible = ("", None) if image is None else (image.item.name, None if box.empty else box)

    def _on_saved(self, item: Item, annotation: Annotation) -> None:
        """An image labelled while the model trains joins at the next epoch."""
        waiting = self._run.put(item, annotation) if self._run is not None else None
        if waiting is not None:
            self.waiting.emit(waiting)

    def _on_event(self, run: TrainingRun, event: object) -> None:
        match event:
            case Problem():
                run.problems.append(str(event))
                if run.started:
                    self.messages.inform(str(event))
            case Note():
                self.messages.inform(str(event))
            case Started():
                run.started = True
            case Preview():
                self._show_preview(run, event)
            case SamplesAdded():
                self.waiting.emit(0)
            case PretrainedLoaded():
                report = "\n".join(event.lines)
                title = self.tr("Pretrained weights")
                show = Remedy(self.tr("Report"), lambda: _show_text(self.window, title, report))
                self.messages.inform(self.tr("Initialised from pretrained weights: {}.").format(event.lines[0]), show)
            case Finished():
                self._on_finished(run, event)
        self.reported.emit(event)

    def _show_preview(self, run: TrainingRun, event: Preview) -> None:
        """The first one of a run makes the layer visible; later the user decides."""
        layers = self.state.layers
        if not run.is_current:
            return
        if not run.previewed and not (
            layers.prediction.visible or layers.probability_map.visible or layers.errors.visible
        ):
            opacity = min(layers.labels.opacity, _LABEL_OPACITY_BESIDE_PREDICTION)
            self.state.set_layers(layers.with_layer(PREDICTION, visible=True).with_layer(LABELS, opacity=opacity))
        run.previewed = True
        self._predicting.show(event.prediction, event.box)

    def _on_finished(self, run: TrainingRun, event: Finished) -> None:
        text = self.tr("Training finished after {} steps.").format(event.step)
        if event.stopped_early:
            text = self.tr("Training stopped early after {} steps: validation mIoU no longer rose.").format(event.step)
        if not math.isnan(event.best_miou):
            text += " " + self.tr("Validation mIoU: {:.3f}.").format(event.best_miou)
        if run.problems:
            text += " " + self.tr("Warnings during training: {}.").format("; ".join(run.problems[:3]))
        self.messages.inform(text)

    def _on_end(self) -> None:
        """Finished, stopped or failed: if there are weights, they predict from now on and are evaluated."""
        run, self._job, self._run = self._run, None, None
        self._late.stop()
        self.state.set_training(False)
        samples = run.finish() if run is not None else ()
        project = self.state.project
        if run is not None and run.joined and run.is_current and project is not None:
            self.jobs.enqueue(lambda: _save(project), lambda _: None, on_failure=log_failure)
        if run is not None and samples:
            self._predicting.score_all(run.folder.name, samples)

    def _on_late(self) -> None:
        self.messages.warn(self.tr("The training is finishing its step and saving; it stops in a moment."))

    def _on_failure(self, error: SegstudioError) -> None:
        """The cause in words, and the traceback behind a button."""
        text = "".join(traceback.format_exception(error))
        self.failed.emit(str(error))
        title = self.tr("Training failed; your labels are untouched")
        remedies = (Remedy(self.tr("Details"), lambda: _show_text(self.window, title, str(error), text)),)
        self.messages.warn(
            str(error),
            *(remedies if (self._run is not None and self._run.started) or isinstance(error, CrashError) else ()),
        )


def _show_text(window: QWidget, title: str, text: str, details: str = "") -> None:
    """In a box that does not block the window."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, parent=window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setDetailedText(details)
    box.open()


def _save(project: Project) -> Iterator[Progress]:
    project.save()
    yield Progress(1, 1, project.file.name)
