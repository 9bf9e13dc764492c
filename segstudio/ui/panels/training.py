"""The worker: what it does, how far it is, and its curves."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from segstudio.events import Progress
from segstudio.review.report import text
from segstudio.training.events import EpochDone, Finished, Joined, Rescued, Started, StepDone, Transferred
from segstudio.ui.icons import icon
from segstudio.ui.panels.curves import Curves
from segstudio.ui.session import Session


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, or nothing while unknown."""
    if math.isnan(seconds):
        return ""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"


class TrainingPanel(QWidget):
    """Shows the events of one training after the other."""

    start_asked = Signal()
    stop_asked = Signal()
    pause_asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._state = QLabel(self.tr("No training yet"))
        self._state.setProperty("large", True)
        self._about = QLabel(self.tr("Label a few images, then press Train: the model learns while you go on drawing."))
        self._news = QLabel()
        for label in (self._about, self._news):
            label.setProperty("quiet", True)
            label.setWordWrap(True)
        self._news.hide()
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._numbers = QLabel()
        self._pace = QLabel()
        self._pace.setProperty("quiet", True)
        self._start = QPushButton(self.tr("Train"))
        self._pause = QPushButton(self.tr("Pause"))
        self._stop = QPushButton(self.tr("Stop"))
        self._stop.setToolTip(self.tr("End the training and keep what it has learnt"))
        self._curves = Curves()
        buttons = QHBoxLayout()
        for button in (self._start, self._pause, self._stop):
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        for widget in (self._state, self._about, self._bar, self._numbers, self._pace, self._news):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        layout.addWidget(self._curves, 1)
        self._begun = self._was_training = False
        self._run = self._failure = ""
        self._last_miou = math.nan
        self._start.clicked.connect(self.start_asked)
        self._stop.clicked.connect(self.stop_asked)
        self._pause.clicked.connect(self.pause_asked)
        for changed in (session.training_changed, session.project_changed, session.states_changed):
            changed.connect(lambda *_: self._show_state())
        session.project_changed.connect(self._forget)
        self._show_state()

    def show_event(self, event: object) -> None:
        match event:
            case Progress() if not self._begun:
                self._state.setText(self.tr("Preparing"))
                self._about.setText(f"{event.text} {event.done + 1}/{event.total}")
            case Started():
                self._begin(event)
            case StepDone():
                self._step(event)
            case EpochDone():
                self._judged(event)
            case Rescued():
                self._tell(event.text)
            case Joined():
                text = self.tr("1 new mask has joined")
                more = self.tr("{} new masks have joined").format(event.images)
                self._tell(text if event.images == 1 else more)
            case Transferred():
                self._tell(self.tr("Begun from other weights: {}").format(event.lines[0]))
            case Finished():
                self._finish(event)

    def show_stopping(self) -> None:
        self._state.setText(self.tr("Stopping …"))
        for button in (self._pause, self._stop):
            button.setEnabled(False)

    def show_failure(self, cause: str) -> None:
        self._failure = cause

    def show_waiting(self, images: int) -> None:
        """Masks saved since the run began."""
        if images and self._session.training:
            text = self.tr("1 new mask will join at the next epoch")
            self._tell(text if images == 1 else self.tr("{} new masks will join at the next epoch").format(images))

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
        self._about.setText(
            self.tr("{} images to learn from, {} held out. {}").format(
                event.train_images, event.held_out_images, event.text
            )
        )
        self._about.setToolTip("\n".join(f"{c.key} {c.value}: {c.reason}" for c in event.choices))

    def _step(self, event: StepDone) -> None:
        self._curves.add_loss(event.step, event.loss)
        self._bar.setValue(round(event.progress * 1000))
        parts = [self.tr("step {}").format(event.step), self.tr("loss {:.3f}").format(event.loss)]
        parts.append(self.tr("mIoU {}").format(text(self._last_miou)))
        if event.left_s >= 0.5:
            parts.append(self.tr("{} left").format(duration(event.left_s)))
        self._numbers.setText(" · ".join(parts))
        pace = [self.tr("{:.1f} patches/s").format(event.patches_s)] if event.patches_s else []
        if event.memory_bytes:
            pace.append(self.tr("{:.1f} GB of memory").format(event.memory_bytes / 1e9))
        self._pace.setText(" · ".join(pace))

    def _judged(self, event: EpochDone) -> None:
        self._last_miou = event.miou
        colours = self._colours()
        rows = [(n, colours.get(n, QColor("gray")), v) for n, v in zip(event.classes, event.iou, strict=False)]
        self._curves.add_scores(event.step, event.miou, rows)

    def _show_row(self, row: dict[str, Any]) -> None:
        """A judgement of an earlier session."""
        colours = self._colours()
        figures = [(n, colours.get(n, QColor("gray")), _number(v)) for n, v in (row.get("iou") or {}).items()]
        self._last_miou = _number(row.get("miou"))
        self._curves.add_scores(int(row.get("step", 0)), self._last_miou, figures)

    def _colours(self) -> dict[str, QColor]:
        return {item.name: QColor(*item.colour) for item in self._session.table}

    def _forget(self) -> None:
        """Nothing of the run before, or of another project."""
        self._curves.clear()
        self._news.hide()
        self._numbers.clear()
        self._pace.clear()
        self._bar.setValue(0)
        self._begun, self._run, self._failure = False, "", ""
        self._last_miou = math.nan
        if not self._session.training:
            self._state.setText(self.tr("No training yet"))
            self._about.setText(
                self.tr("Label a few images, then press Train: the model learns while you go on drawing.")
            )

    def _finish(self, event: Finished) -> None:
        self._run = ""
        self._state.setText(self.tr("Ended early: no longer rising") if event.early else self.tr("Done"))
        self._bar.setValue(1000)

    def _tell(self, text: str) -> None:
        self._news.setText(text)
        self._news.show()

    def _show_state(self) -> None:
        session = self._session
        training, paused = session.training, session.paused
        if training and not self._was_training:
            self._forget()
            self._state.setText(self.tr("Preparing"))
        ended = self._was_training and not training
        self._was_training = training
        self._start.setVisible(not training)
        self._start.setEnabled(session.num_labelled > 0)
        for button in (self._pause, self._stop):
            button.setVisible(training)
            button.setEnabled(True)
        self._pause.setText(self.tr("Go on") if paused else self.tr("Pause"))
        self._pause.setIcon(icon("train" if paused else "pause"))
        self._bar.setVisible(training)
        if ended:
            self._news.setVisible(bool(self._failure))
            self._news.setText(self._failure)
            if self._failure or self._run or not self._begun:
                self._state.setText(self.tr("Failed") if self._failure else self.tr("Stopped"))
            self._run = ""
        elif self._run:
            word = self.tr("Paused: {}") if paused else self.tr("Training {}")
            self._state.setText(word.format(self._run))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
