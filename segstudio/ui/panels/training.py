"""The worker: what it does, how far it is, and its curves."""

from __future__ import annotations

import math

import pyqtgraph
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from segstudio.events import Progress
from segstudio.review.report import text
from segstudio.training.events import EpochDone, Finished, Started, StepDone
from segstudio.ui.icons import icon
from segstudio.ui.session import Session

_LOSS, _MIOU = "#d97706", "#2563eb"


def duration(seconds: float) -> str:
    """Minutes and seconds, or nothing while unknown."""
    if math.isnan(seconds):
        return ""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


class TrainingPanel(QWidget):
    """Shows the events of one training after the other."""

    start_asked = Signal()
    stop_asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._state = QLabel(self.tr("No training yet"))
        self._state.setProperty("large", True)
        self._about = QLabel(
            self.tr("Label a few pictures, then press Train: the model learns while you go on drawing.")
        )
        self._about.setProperty("quiet", True)
        self._about.setWordWrap(True)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._numbers = QLabel()
        self._start = QPushButton(self.tr("Train"))
        self._stop = QPushButton(self.tr("Stop"))
        self._stop.setToolTip(self.tr("End the training and keep what it has learnt"))
        self._loss_plot, self._loss_curve = _plot(self.tr("loss"), _LOSS)
        self._miou_plot, self._miou_curve = _plot(self.tr("held-out mIoU"), _MIOU)
        self._miou_plot.setYRange(0, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self._start)
        buttons.addWidget(self._stop)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        for widget in (self._state, self._about, self._bar, self._numbers):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        layout.addWidget(self._loss_plot, 1)
        layout.addWidget(self._miou_plot, 1)
        self._losses: list[tuple[int, float]] = []
        self._mious: list[tuple[int, float]] = []
        self._last_miou = math.nan
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(400)
        self._redraw.timeout.connect(self._draw)
        self._start.clicked.connect(self.start_asked)
        self._stop.clicked.connect(self.stop_asked)
        for changed in (session.training_changed, session.project_changed, session.states_changed):
            changed.connect(lambda *_: self._show_state())
        self._show_state()

    def show_event(self, event: object) -> None:
        match event:
            case Progress() if not self._losses or not self._session.training:
                self._state.setText(self.tr("Preparing"))
                self._about.setText(f"{event.text} {event.done + 1}/{event.total}")
            case Started():
                self._begin(event)
            case StepDone():
                self._step(event)
            case EpochDone():
                self._last_miou = event.miou
                if not math.isnan(event.miou):
                    self._mious.append((event.step, event.miou))
                self._redraw.start()
            case Finished():
                self._state.setText(self.tr("Done"))
                self._bar.setValue(1000)

    def retheme(self) -> None:
        """Curves on the ground of the palette."""
        palette = QGuiApplication.palette()  # this widget's own is still the old one when the theme changes
        for plot in (self._loss_plot, self._miou_plot):
            plot.setBackground(palette.color(QPalette.ColorRole.Base))
            for name in ("left", "bottom"):
                pen = palette.color(QPalette.ColorRole.PlaceholderText)
                plot.getAxis(name).setPen(pen)
                plot.getAxis(name).setTextPen(pen)
        self._start.setIcon(icon("train"))
        self._stop.setIcon(icon("stop"))

    def _begin(self, event: Started) -> None:
        self._losses.clear()
        self._mious.clear()
        self._last_miou = math.nan
        self._state.setText(self.tr("Training {}").format(event.run_dir.name))
        self._about.setText(
            self.tr("{} pictures to learn from, {} held out. {}").format(
                event.train_pictures, event.held_out_pictures, event.text
            )
        )

    def _step(self, event: StepDone) -> None:
        self._losses.append((event.step, event.loss))
        self._bar.setValue(round(event.progress * 1000))
        parts = [self.tr("step {}").format(event.step), self.tr("loss {:.3f}").format(event.loss)]
        parts.append(self.tr("mIoU {}").format(text(self._last_miou)))
        if event.left_s >= 0.5:
            parts.append(self.tr("{} left").format(duration(event.left_s)))
        self._numbers.setText(" · ".join(parts))
        if not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        for points, curve in ((self._losses, self._loss_curve), (self._mious, self._miou_curve)):
            curve.setData([x for x, _ in points], [y for _, y in points])

    def _show_state(self) -> None:
        training = self._session.training
        self._start.setEnabled(not training and self._session.num_labelled > 0)
        self._stop.setEnabled(training)
        self._bar.setVisible(training)
        if not training and self._state.text().startswith(self.tr("Training {}").format("")):
            self._state.setText(self.tr("Stopped"))


def _plot(title: str, colour: str) -> tuple[pyqtgraph.PlotWidget, pyqtgraph.PlotDataItem]:
    plot = pyqtgraph.PlotWidget()
    plot.setTitle(title, size="9pt")
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.setMinimumHeight(80)
    plot.getAxis("left").setTickDensity(0.5)  # the panel is low; numbers may not run into each other
    plot.getAxis("left").setWidth(34)
    curve = plot.plot(
        pen=pyqtgraph.mkPen(colour, width=2), symbol="o", symbolSize=3, symbolPen=None, symbolBrush=colour
    )
    return plot, curve
