"""How late the event loop is: at rest, and while a model is trained on the CPU beside it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.app.training_run import TrainChoices
from segstudio.project.sample_project import Recipe, make_sample_project
from segstudio.training.events import StepDone
from segstudio.ui.app import make_window
from segstudio.ui.window import MainWindow

_TICK_S = 0.005


class Pulse:
    """A 5 ms timer that writes down by how much each tick was late."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._timer = QTimer(interval=int(_TICK_S * 1000), timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self.late_ms.clear()
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self, text: str) -> None:
        self._timer.stop()
        late = np.array(self.late_ms)
        print(
            f"event loop {text}: p50 {np.percentile(late, 50):.1f} ms, p99 {np.percentile(late, 99):.1f} ms, "
            f"largest {late.max():.0f} ms, of {len(late)} ticks"
        )

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late_ms.append(max(0.0, now - self._last - _TICK_S) * 1000)
        self._last = now


def run_until(condition: Callable[[], bool]) -> None:
    app = QApplication.instance()
    assert app is not None
    while not condition():
        app.processEvents()
        time.sleep(0.0005)


def main() -> None:
    app = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, folder)
        list(make_sample_project(Path(folder) / "p", 24, Recipe(nx=512, ny=384, count=30, rgb=True)))
        window = make_window()
        window.show()
        window.open_path(Path(folder) / "p")
        state, pulse = window.state, Pulse()
        run_until(lambda: state.image is not None and len(state.item_states) == 24 and window.jobs.idle)
        pulse.start()
        end = time.monotonic() + 4
        run_until(lambda: time.monotonic() > end)
        pulse.stop("at rest")
        steps: list[int] = []
        window.training.reported.connect(
            lambda event: steps.append(event.step) if isinstance(event, StepDone) else None
        )
        pulse.start()
        window.training.train(TrainChoices("lag", {"minutes": "0.5", "device": "cpu"}))
        run_until(lambda: bool(steps))
        pulse.stop("while torch is imported and the first step taken")
        pulse.start()
        run_until(lambda: not state.training)
        pulse.stop(f"while training ({steps[-1]} steps), idle hand")
        window.training.train(TrainChoices("lag2", {"minutes": "0.4", "device": "cpu"}))
        run_until(lambda: state.training and steps[-1] < 5)
        pulse.start()
        hand = QTimer(interval=8)
        hand.timeout.connect(lambda: _scribble(window))
        hand.start()
        run_until(lambda: not state.training)
        hand.stop()
        pulse.stop("while training and painting (a mouse move every 8 ms)")
        run_until(lambda: window.jobs.idle)
        window.close()
        app.processEvents()


def _scribble(window: MainWindow) -> None:
    """One mouse move of an endless stroke, a release now and then."""
    at = time.perf_counter()
    where = QPoint(int(300 + 150 * np.cos(at * 3)), int(300 + 120 * np.sin(at * 4)))
    if not window.state.image.document.has_open_stroke:
        QTest.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=where)
    QTest.mouseMove(window.canvas, where)
    if int(at * 2) % 2:
        QTest.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=where)
