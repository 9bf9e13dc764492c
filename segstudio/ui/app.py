"""Starts the window."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType

from PySide6.QtWidgets import QApplication

from segstudio.app.state import State
from segstudio.app.workspace import Workspace
from segstudio.errors import SegstudioError
from segstudio.project.journal import JournalLock
from segstudio.ui.jobs import Jobs
from segstudio.ui.settings import Settings
from segstudio.ui.theme import apply_theme
from segstudio.ui.window import MainWindow


def make_window() -> MainWindow:
    """A window with a state of its own; needs a QApplication."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    settings = Settings()
    apply_theme(app, settings.theme)
    jobs = Jobs()
    window = MainWindow(State(Workspace(jobs, JournalLock())), jobs, settings)
    jobs.setParent(window)
    return window


def run(path: str | None) -> int:
    """Open the window on `path` and run until it is closed. The exit status."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("segstudio")
    window = make_window()
    sys.excepthook = _Excepthook(window)
    window.show()
    if path is not None:
        window.dropping.open_or_import([Path(path)])
    return int(app.exec())


class _Excepthook:
    """An error in a slot is shown and logged, and the program goes on: the second place where all are caught."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        logging.getLogger(__name__).error("unexpected", exc_info=(kind, error, trace))
        text = str(error) if isinstance(error, SegstudioError) else f"something went wrong: {kind.__name__}: {error}"
        self._window.messages.warn(text)
