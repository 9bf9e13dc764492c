"""The open image in labelme, as a program of its own; what it saves is taken back when it ends."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment

from segstudio.project.item import Item
from segstudio.project.store import Stamp, stamp_of
from segstudio.ui.features.open import OpenFlow
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session


def labelme_program() -> str | None:
    """The installed labelme: beside this Python, or on the path."""
    beside = shutil.which("labelme", path=str(Path(sys.executable).parent))
    return beside or shutil.which("labelme")


class LabelmeFlow(QObject):
    """One labelme at a time."""

    def __init__(self, session: Session, saving: SaveFlow, opening: OpenFlow, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._opening = opening
        self._messages = messages
        self._process: QProcess | None = None
        self._item: Item | None = None
        self._stamp: Stamp = None

    @property
    def running(self) -> bool:
        return self._item is not None

    def stop(self) -> None:
        """Ask labelme to end; what it had not saved is its own affair."""
        if self._process is not None:
            self._process.terminate()

    def open(self) -> None:
        """All is saved first, so labelme sees what is on the screen."""
        image = self._session.image
        program = labelme_program()
        if image is None:
            return
        if self.running:
            self._messages.tell(self.tr("labelme is open already."))
            return
        if program is None:
            self._messages.warn(self.tr("labelme is not installed. Install it with: pip install labelme"))
            return
        self._saving.save()
        self._item = image.item
        self._session.jobs.after_queue(lambda: (), lambda _: None, lambda: self._start(program))

    def _start(self, program: str) -> None:
        item = self._item
        if item is None:
            return
        self._stamp = stamp_of(item)
        process = self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        for name in ("QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "QT_API"):  # they would point at our Qt
            environment.remove(name)
        process.setProcessEnvironment(environment)
        process.finished.connect(lambda code, _: self._on_finished(code))
        process.errorOccurred.connect(self._on_error)
        process.setProgram(program)
        process.setArguments(arguments_for(item, self._session.table.names))
        process.start()
        self._messages.tell(self.tr("{} is open in labelme; close it to go on here.").format(item.name))

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._messages.warn(self.tr("labelme could not be started."))
            self._end()

    def _on_finished(self, code: int) -> None:
        item, changed = self._item, self._item is not None and stamp_of(self._item) != self._saved_stamp(self._item)
        output = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace") if self._process else ""
        self._end()
        if item is None or item not in self._session.items:
            return
        self._saving.forget_visits()  # labelme walks through the whole folder
        self._opening.rescan()
        if changed:
            self._take_back(item)
        elif code:
            self._messages.warn(self.tr("labelme ended with an error: {}").format(_cause(output)))

    def _saved_stamp(self, item: Item) -> Stamp:
        """That of our own last save, if the image is open still; else that from before labelme began."""
        image = self._session.image
        return image.stamp if image is not None and image.item == item else self._stamp

    def _take_back(self, item: Item) -> None:
        if not self._is_open(item):
            self._saving.forget(item)
        elif self._session.dirty:
            text = self.tr("labelme has saved {}, and you have drawn on it meanwhile.").format(item.name)
            remedy = Remedy(self.tr("Take labelme's version"), lambda: self._saving.discard(item))
            self._messages.warn(text, remedy)
            return
        else:
            self._saving.discard(item)
        self._messages.tell(self.tr("What labelme saved of {} was taken back.").format(item.name))

    def _is_open(self, item: Item) -> bool:
        return self._session.image is not None and self._session.image.item == item

    def _end(self) -> None:
        if self._process is not None:
            self._process.deleteLater()
        self._process = self._item = None


def _cause(output: str) -> str:
    """The line of a program's last words that says most: a traceback ends with it, Qt begins with it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or [""]
    return lines[-1] if "Traceback" in output else lines[0]


def arguments_for(item: Item, names: list[str]) -> list[str]:
    """The image, where its labels lie, and the classes as labelme takes them."""
    arguments = [str(item.image), "--output", str(item.annotation_path.parent)]
    listed = [name for name in names[1:] if "," not in name]
    return [*arguments, "--labels", ",".join(listed)] if listed else arguments
