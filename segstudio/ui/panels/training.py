"""Training panel: state, progress and curves of the training."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor

from segstudio.app.run_table import format_duration, read_number
from segstudio.app.state import State
from segstudio.events import Progress
from segstudio.review.report import format_metric
from segstudio.tools.options import N
from segstudio.training.events import EpochDone, Finished, PretrainedLoaded, Recovered, SamplesAdded, Started, StepDone
from segstudio.ui.icons import icon
from segstudio.ui.panels.curves import Curves
from segstudio.ui.panels.panel import ANNOTATE, TRAIN, Panel, PanelInfo
from segstudio.ui.widgets import STRETCH, make_button, make_column, make_label, make_progress_bar, make_row


class TrainingPanel(Panel):
    """Shows the events of the running training, and of the last one once it has ended."""

    info = PanelInfo("training", N("Panel", "Training"), "model", (ANNOTATE, TRAIN), 480, scrolls=True)

    start_asked = Signal()
    stop_asked = Signal()
    pause_asked = Signal()

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._headline = make_label(self.tr("No training yet"), "large")
        self._about = make_label(self._first_steps(), "quiet", wrap=True)
        self._note = make_label(style="quiet", wrap=True)
        self._note.hide()
        self._bar = make_progress_bar()
        self._bar.setRange(0, 1000)
        self._numbers = make_label()
        self._pace = make_label(style="quiet")
        self._start = make_button(self.tr("Train"), self.start_asked)
        self._pause = make_button(self.tr("Pause"), self.pause_asked)
        stop_tip = self.tr("Stop training and keep the model trained so far")
        self._stop = make_button(self.tr("Stop"), self.stop_asked, stop_tip)
        self._curves = Curves()
        buttons = make_row(self._start, self._pause, self._stop, STRETCH)
        texts = (self._headline, self._about, self._bar, self._numbers, self._pace, self._note)
        make_column(*texts, buttons, (self._curves, 1), within=self, margins=(8, 8, 8, 8), spacing_px=6)
        self._begun = self._was_training = False
        self._run = self._failure = ""
        self._last_miou = math.nan
        state.training_changed.connect(self._show_state)
        state.project_changed.connect(self._show_state)
        state.item_states_changed.connect(lambda names: self._show_state())
        state.project_changed.connect(self._clear)
        self._show_state()

    def show_event(self, event: object) -> None:
        match event:
            case Progress() if not self._begun:
                self._headline.setText(self.tr("Preparing"))
                self._about.setText(f"{event.text} {event.done + 1}/{event.total}")
            case Started():
                self._begin(event)
            case StepDone():
                self._show_step(event)
            case EpochDone():
                self._show_scores(event)
            case Recovered():
                self._show_note(event.text)
            case SamplesAdded():
                text = self.tr("1 new mask was added to the training")
                more = self.tr("{} new masks were added to the training").format(event.images)
                self._show_note(text if event.images == 1 else more)
            case PretrainedLoaded():
                self._show_note(self.tr("Initialised from pretrained weights: {}").format(event.lines[0]))
            case Finished():
                self._finish(event)

    def show_stopping(self) -> None:
        self._headline.setText(self.tr("Stopping …"))
        for button in (self._pause, self._stop):
            button.setEnabled(False)

    def show_failure(self, cause: str) -> None:
        self._failure = cause

    def show_waiting(self, images: int) -> None:
        """Show the number of masks that were saved since the last epoch."""
        if images and self._state.training:
            text = self.tr("1 new mask will be added at the next epoch")
            more = self.tr("{} new masks will be added at the next epoch").format(images)
            self._show_note(text if images == 1 else more)

    def retheme(self) -> None:
        self._curves.retheme()
        self._start.setIcon(icon("train"))
        self._stop.setIcon(icon("stop"))
        self._show_state()

    def _begin(self, event: Started) -> None:
        self._begun = True
        for row in event.history:
            self._show_row(row)
        self._run = event.run_dir.name
        self._show_state()
        text = self.tr("{} images for training, {} for validation. {}")
        self._about.setText(text.format(event.train_images, event.held_out_images, event.text))
        self._about.setToolTip("\n".join(f"{c.key} {c.value}: {c.reason}" for c in event.decisions))

    def _show_step(self, event: StepDone) -> None:
        self._curves.add_loss(event.step, event.loss)
        self._bar.setValue(round(event.progress * 1000))
        parts = [self.tr("step {}").format(event.step), self.tr("loss {:.3f}").format(event.loss)]
        parts.append(self.tr("mIoU {}").format(format_metric(self._last_miou)))
        if event.remaining_s >= 0.5:
            parts.append(self.tr("{} left").format(format_duration(event.remaining_s)))
        self._numbers.setText(" · ".join(parts))
        pace = [self.tr("{:.1f} patches/s").format(event.patches_per_s)] if event.patches_per_s else []
        if event.memory_bytes:
            pace.append(self.tr("{:.1f} GB memory").format(event.memory_bytes / 1e9))
        self._pace.setText(" · ".join(pace))

    def _show_scores(self, event: EpochDone) -> None:
        self._add_scores(event.step, event.miou, dict(zip(event.classes, event.iou, strict=False)))

    def _show_row(self, row: dict[str, Any]) -> None:
        """A validation of an earlier session."""
        iou = {name: read_number(value) for name, value in (row.get("iou") or {}).items()}
        self._add_scores(int(row.get("step", 0)), read_number(row.get("miou")), iou)

    def _add_scores(self, step: int, miou: float, iou: dict[str, float]) -> None:
        self._last_miou = miou
        colours = {item.name: QColor(*item.colour) for item in self._state.table}
        self._curves.add_scores(step, miou, [(n, colours.get(n, QColor("gray")), v) for n, v in iou.items()])

    def _clear(self) -> None:
        """Clear what is shown of an earlier run or project."""
        self._curves.clear()
        self._note.hide()
        self._numbers.clear()
        self._pace.clear()
        self._bar.setValue(0)
        self._begun, self._run, self._failure = False, "", ""
        self._last_miou = math.nan
        if not self._state.training:
            self._headline.setText(self.tr("No training yet"))
            self._about.setText(self._first_steps())

    def _first_steps(self) -> str:
        return self.tr("Label a few images, then press Train. You can go on drawing while the model trains.")

    def _finish(self, event: Finished) -> None:
        self._run = ""
        early = self.tr("Stopped early: mIoU no longer improves")
        self._headline.setText(early if event.stopped_early else self.tr("Done"))
        self._bar.setValue(1000)

    def _show_note(self, text: str) -> None:
        self._note.setText(text)
        self._note.show()

    def _show_state(self) -> None:
        state = self._state
        training, paused = state.training, state.paused
        if training and not self._was_training:
            self._clear()
            self._headline.setText(self.tr("Preparing"))
        ended = self._was_training and not training
        self._was_training = training
        self._start.setVisible(not training)
        self._start.setEnabled(state.num_annotated > 0)
        for button in (self._pause, self._stop):
            button.setVisible(training)
            button.setEnabled(True)
        self._pause.setText(self.tr("Resume") if paused else self.tr("Pause"))
        self._pause.setIcon(icon("train" if paused else "pause"))
        self._bar.setVisible(training)
        if ended:
            self._note.setVisible(bool(self._failure))
            self._note.setText(self._failure)
            if self._failure or self._run or not self._begun:
                self._headline.setText(self.tr("Failed") if self._failure else self.tr("Stopped"))
            self._run = ""
        elif self._run:
            word = self.tr("Paused: {}") if paused else self.tr("Training {}")
            self._headline.setText(word.format(self._run))
