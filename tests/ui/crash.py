"""Usage: python -m tests.ui.crash FOLDER SETTINGS   Draws without autosave, waits for the journal, kills itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from segstudio.core.shape import Shape
from segstudio.project import journal
from segstudio.ui.app import make_window


def main(folder: Path, settings: Path) -> None:
    app = QApplication(sys.argv[:1])
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(settings))
    window = make_window()
    window.saving.set_autosave(False)
    window.show()
    window.open_path(folder)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        app.processEvents()
        image = window.state.image
        if image is not None and window.jobs.idle and not window.state.unsaved:
            image.document.add("rectangle", Shape("car", "rectangle", ((5.0, 5.0), (50.0, 40.0))))
        if list(journal.folders(folder)[0].glob("*.json")) and window.jobs.idle:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
