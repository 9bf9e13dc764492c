"""Open the image in labelme, a program of its own; what it saves is read when it ends."""

from __future__ import annotations

from PySide6.QtCore import QProcess, QProcessEnvironment

from segstudio.app import labelme_program
from segstudio.project.item import Item
from segstudio.project.store import Stamp, stamp_of
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.open import OpenFeature
from segstudio.ui.messages import Remedy


class LabelmeFeature(Feature):
    """One labelme at a time."""

    def __init__(self, context: FeatureContext, opening: OpenFeature) -> None:
        super().__init__(context)
        self._opening = opening
        self._process: QProcess | None = None
        self._item: Item | None = None
        self._stamp: Stamp = None

    def actions(self) -> tuple[Action, ...]:
        return (
            Action(
                "labelme", self.tr("Open in labelme"), "Ctrl+Shift+L", self.open, "File", refusal=self.refuse.no_image,
                tip=self.tr("Open this image in labelme and read what it saves"),
            ),
        )  # fmt: skip

    @property
    def running(self) -> bool:
        return self._item is not None

    def stop(self) -> None:
        """Ask labelme to end. Unsaved changes inside labelme are lost."""
        if self._process is not None:
            self._process.terminate()

    def open(self) -> None:
        """Everything is saved first, so that labelme shows what is on the screen."""
        image = self.state.image
        program = labelme_program.find_labelme()
        if image is None:
            return
        if self.running:
            self.messages.inform(self.tr("labelme is open already."))
            return
        if program is None:
            self.messages.warn(self.tr("labelme is not installed. Install it with: pip install labelme"))
            return
        self.workspace.save()
        self._item = image.item
        self.jobs.after_queue(lambda: (), lambda _: None, on_end=lambda: self._start(program))

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
        process.setArguments(labelme_program.make_arguments(item, self.state.table.names))
        process.start()
        self.messages.inform(self.tr("{} is open in labelme; close it to continue here.").format(item.name))

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.messages.warn(self.tr("labelme could not be started."))
            self._end()

    def _on_finished(self, code: int) -> None:
        item, changed = self._item, self._item is not None and stamp_of(self._item) != self._saved_stamp(self._item)
        output = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace") if self._process else ""
        self._end()
        if item is None or item not in self.state.items:
            return
        self.workspace.forget_saved()  # labelme can edit the whole folder
        self._opening.rescan()
        if changed:
            self._read_back(item)
        elif code:
            self.messages.warn(self.tr("labelme ended with an error: {}").format(labelme_program.find_cause(output)))

    def _saved_stamp(self, item: Item) -> Stamp:
        """That of our own last save, if the image is still open; else that from before labelme began."""
        copy = self.workspace.copy(item)
        return copy.stamp if copy is not None and self.state.is_open(item) else self._stamp

    def _read_back(self, item: Item) -> None:
        if not self.state.is_open(item):
            self.workspace.forget(item)
        elif self.state.unsaved:
            text = self.tr("labelme has saved {}, and you have drawn on it meanwhile.").format(item.name)
            remedy = Remedy(self.tr("Take labelme's version"), lambda: self.workspace.discard(item))
            self.messages.warn(text, remedy)
            return
        else:
            self.workspace.discard(item)
        self.messages.inform(self.tr("The labels that labelme saved for {} were read.").format(item.name))

    def _end(self) -> None:
        if self._process is not None:
            self._process.deleteLater()
        self._process = self._item = None
