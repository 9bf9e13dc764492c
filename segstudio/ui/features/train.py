"""Training: from the dialog's choices over the job to the panels."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from segstudio.app.arrivals import Arrivals
from segstudio.app.layers import LABELS, PREDICTION
from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.errors import SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.runs import find_weights, list_trained_runs, read_split, run_folder
from segstudio.project.samples import assign_subsets, gather, record_split
from segstudio.project.store import is_annotated
from segstudio.training.config import TrainConfig
from segstudio.training.events import Finished, PretrainedLoaded, Preview, SamplesAdded, Started, StepDone
from segstudio.training.hooks import PreviewImage, RunHooks
from segstudio.training.preload import gc_paused_until
from segstudio.ui.actions import Action
from segstudio.ui.dialogs.train import TrainChoices
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.predict import PredictFeature
from segstudio.ui.jobs import CrashError, Job, log_failure
from segstudio.ui.messages import Remedy

if TYPE_CHECKING:
    from segstudio.core.box import Box
    from segstudio.training.events import TrainEvent

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
        self._samples: tuple[Sample, ...] = ()
        self._arrivals: Arrivals | None = None
        self._problems: list[str] = []
        self._folder: Path | None = None
        self._previewed = False
        self._started = False
        self._visible: tuple[str, Box | None] = ("", None)  # image and its visible part, for the run's thread
        self._late = QTimer(self, singleShot=True, interval=_STOPS_WITHIN_MS)
        self._late.timeout.connect(self._on_late)
        self.workspace.saved.connect(self._on_saved)
        self.state.visible_box_changed.connect(self._on_visible_box)

    def actions(self) -> tuple[Action, ...]:
        idle = self.refuse.not_training
        return (
            Action(
                "train", self.tr("Train"), "F5", self.request, "Model", "train", refusal=self.refuse.cannot_train,
                tip=self.tr("Train a model on the labelled images"),
            ),
            Action(
                "pause", self.tr("Pause or resume"), "Ctrl+F5", self.pause, "Model", "pause", refusal=idle,
                tip=self.tr("Pause or resume training"),
            ),
            Action(
                "stop", self.tr("Stop"), "Shift+F5", self.stop, "Model", "stop", refusal=idle,
                tip=self.tr("Stop training and keep the model trained so far"),
            ),
        )  # fmt: skip

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
            folder = run_folder(project, choices.name)
        except SegstudioError as error:
            self.messages.warn(str(error))
            return
        if choices.held_out:
            held_out = {**project.held_out, **choices.held_out}
            project = replace(project, held_out=held_out, split_by=choices.split_by or project.split_by)
        self.workspace.save()
        self._problems.clear()
        self._samples = ()
        self._previewed = self._started = False
        self._arrivals = Arrivals(project)
        self._folder = folder
        self.state.set_training(True)
        items = list(self.state.items)
        failed: list[SegstudioError] = []

        def on_failure(error: SegstudioError) -> None:
            failed.append(error)
            self._on_failure(error)

        job = self.jobs.after_queue(lambda: gather(project, items), self._on_gathered, on_failure=on_failure)
        job.ended.connect(lambda: self._on_end() if job.stopped or failed else self._start(project, choices))
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

    def _on_gathered(self, event: Progress | Problem | tuple[Sample, ...]) -> None:
        match event:
            case tuple():
                self._samples = event
            case Problem():
                self._problems.append(str(event))
            case Progress():
                self.reported.emit(event)

    def _start(self, project: Project, choices: TrainChoices) -> None:
        arrivals, settings, folder = self._arrivals, dict(choices.settings), self._folder
        assert arrivals is not None
        assert folder is not None
        resumes = settings.get("resume") == "yes"
        if resumes:
            self._samples = assign_subsets(self._samples, read_split(folder))
        samples = self._samples
        try:
            split = self._save_split(project, {} if resumes else settings)
        except SegstudioError as error:
            self._on_failure(error)
            self._on_end()
            return
        self.waiting.emit(arrivals.start(samples))
        hooks = RunHooks(self._open_image, arrivals.take)

        def events() -> Iterator[TrainEvent]:
            from segstudio.training.engine import train

            if settings.get("init"):
                settings["init"] = str(find_weights(split, settings["init"]))
            config = TrainConfig(run_dir=folder, table=split.table, unlabelled=split.unlabelled)
            yield from train(config.with_texts(settings), samples, hooks)

        self._job = self.jobs.start(
            lambda: gc_paused_until(events(), StepDone),
            self._on_event,
            on_end=self._on_end,
            on_failure=self._on_failure,
        )

    def _save_split(self, project: Project, settings: Mapping[str, str]) -> Project:
        """The project with the run's split and, from the dialog, the meaning of unlabelled; saved before the run."""
        current = self.state.project if self.state.project and self.state.is_current(project) else project
        held_out = record_split(project, self._samples).held_out
        unlabelled = settings.get("unlabelled", current.unlabelled)
        split = replace(current, held_out=held_out, unlabelled=unlabelled, split_by=project.split_by)
        split.save()
        if self.state.is_current(project):
            self.state.update_project(split)
        return split

    def _open_image(self) -> PreviewImage | None:
        """Called in the run's thread: only reads what is there."""
        image, (name, box) = self.state.image, self._visible
        if image is None or not self._is_current_project():
            return None
        return PreviewImage(image.item.name, image.pixels, box if name == image.item.name else None)

    def _is_current_project(self) -> bool:
        """True if the open project is the one that the run trains on."""
        return self._arrivals is not None and self.state.is_current(self._arrivals.project)

    def _on_visible_box(self) -> None:
        image, box = self.state.image, self.state.context.visible_box
        self._visible = ("", None) if image is None else (image.item.name, None if box.empty else box)

    def _on_saved(self, item: Item, annotation: Annotation) -> None:
        """An image labelled while the model trains joins at the next epoch."""
        if self._arrivals is not None and self._is_current_project() and is_annotated(annotation):
            self.waiting.emit(self._arrivals.put(item, annotation))

    def _on_event(self, event: object) -> None:
        match event:
            case Problem():
                self._problems.append(str(event))
                if self._started:
                    self.messages.inform(str(event))
            case Note():
                self.messages.inform(str(event))
            case Started():
                self._started = True
            case Preview():
                self._show_preview(event)
            case SamplesAdded():
                self.waiting.emit(0)
            case PretrainedLoaded():
                report = "\n".join(event.lines)
                title = self.tr("Pretrained weights")
                show = Remedy(self.tr("Report"), lambda: _show_text(self.window, title, report))
                self.messages.inform(self.tr("Initialised from pretrained weights: {}.").format(event.lines[0]), show)
            case Finished():
                self._on_finished(event)
        self.reported.emit(event)

    def _show_preview(self, event: Preview) -> None:
        """The first one of a run makes the layer visible; later the user decides."""
        layers = self.state.layers
        if not self._is_current_project():
            return
        if not self._previewed and not (
            layers.prediction.visible or layers.probability_map.visible or layers.errors.visible
        ):
            opacity = min(layers.labels.opacity, _LABEL_OPACITY_BESIDE_PREDICTION)
            self.state.set_layers(layers.with_layer(PREDICTION, visible=True).with_layer(LABELS, opacity=opacity))
        self._previewed = True
        self._predicting.show(event.prediction, event.box)

    def _on_finished(self, event: Finished) -> None:
        text = self.tr("Training finished after {} steps.").format(event.step)
        if event.stopped_early:
            text = self.tr("Training stopped early after {} steps: validation mIoU no longer rose.").format(event.step)
        if not math.isnan(event.best_miou):
            text += " " + self.tr("Validation mIoU: {:.3f}.").format(event.best_miou)
        if self._problems:
            text += " " + self.tr("Warnings during training: {}.").format("; ".join(self._problems[:3]))
        self.messages.inform(text)

    def _on_end(self) -> None:
        """Finished, stopped or failed: if there are weights, they predict from now on and are evaluated."""
        arrivals, folder, started = self._arrivals, self._folder, self._started
        samples = {sample.name: sample for sample in self._samples}
        self._job = self._arrivals = self._folder = None
        self._late.stop()
        self.state.set_training(False)
        if arrivals is None or folder is None or not started or not self.state.is_current(arrivals.project):
            return
        samples |= arrivals.taken
        project = self.state.project
        assert project is not None
        if arrivals.taken:
            project = record_split(project, tuple(arrivals.taken.values()))
            self.state.update_project(project)
            self.jobs.enqueue(lambda: _save(project), lambda _: None, on_failure=log_failure)
        if folder.name in list_trained_runs(project):
            self._predicting.score_all(folder.name, tuple(samples.values()))

    def _on_late(self) -> None:
        self.messages.warn(self.tr("The training is finishing its step and saving; it stops in a moment."))

    def _on_failure(self, error: SegstudioError) -> None:
        """The cause in words, and the traceback behind a button."""
        text = "".join(traceback.format_exception(error))
        self.failed.emit(str(error))
        title = self.tr("Training failed; your labels are untouched")
        remedies = (Remedy(self.tr("Details"), lambda: _show_text(self.window, title, str(error), text)),)
        self.messages.warn(str(error), *(remedies if self._started or isinstance(error, CrashError) else ()))


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
