"""Starts the window."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType

from PySide6.QtWidgets import QApplication

from segstudio.errors import SegstudioError
from segstudio.ui.session import Session
from segstudio.ui.settings import Settings
from segstudio.ui.theme import apply_theme
from segstudio.ui.window import MainWindow


def make_window() -> MainWindow:
    """A window on a fresh session; needs a QApplication."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    settings = Settings()
    apply_theme(app, settings.theme)
    return MainWindow(Session(), settings)


def run(path: str | None) -> int:
    """Opens the window on `path` and runs until it is closed; gives the exit status."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("segstudio")
    window = make_window()
    sys.excepthook = _Excepthook(window)
    window.show()
    if path is not None:
        window.dropping.take([Path(path)])
    return int(app.exec())


class _Excepthook:
    """The second border: an error in a slot is told and logged, and the program goes on."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        logging.getLogger(__name__).error("unexpected", exc_info=(kind, error, trace))
        text = str(error) if isinstance(error, SegstudioError) else f"something went wrong: {kind.__name__}: {error}"
        self._window.messages.warn(text)
