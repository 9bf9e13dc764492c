"""Exporting VOC: where to, then in the background, then one report."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.formats.voc_target import VOC
from segstudio.project.export import Exported, export
from segstudio.ui.flows.save import SaveFlow
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session


class ExportFlow(QObject):
    """The export begins when all is saved, so it writes what is on the screen."""

    def __init__(self, session: Session, saving: SaveFlow, messages: MessageBar, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._messages = messages
        self._window = window
        self._problems: list[str] = []

    def choose_folder(self) -> None:
        project = self._session.project
        if project is None:
            return
        suggested = project.folder.with_name(f"{project.folder.name}-voc")
        dialog = QFileDialog(self._window, self.tr("Export VOC to a new folder"), str(suggested.parent))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setLabelText(QFileDialog.DialogLabel.FileName, self.tr("New folder"))
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, self.tr("Export"))
        dialog.selectFile(suggested.name)
        dialog.fileSelected.connect(lambda path: self.export_to(Path(path)))
        dialog.open()

    def export_to(self, folder: Path) -> None:
        project = self._session.project
        if project is None:
            return
        self._saving.save()
        self._problems = []
        items = list(self._session.items)
        self._messages.tell(self.tr("Exporting to {} …").format(folder))
        job = self._session.jobs.after_queue(lambda: export(project, items, folder, VOC), self._on_event)
        job.failed.connect(self._on_failed)

    def _on_event(self, event: Progress | Problem | Exported) -> None:
        match event:
            case Problem():
                self._problems.append(str(event))
            case Exported():
                self._report(event)

    def _report(self, report: Exported) -> None:
        text = self.tr("{} pictures exported, {} without labels left out.").format(report.pictures, report.untouched)

        def open_folder() -> None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(report.folder)))

        if self._problems:
            text += " " + self.tr("{} problems: {}").format(len(self._problems), "; ".join(self._problems[:3]))
            self._messages.warn(text, self.tr("Open folder"), open_folder)
        else:
            self._messages.tell(text, self.tr("Open folder"), open_folder)

    def _on_failed(self, error: SegstudioError) -> None:
        self._messages.warn(str(error), self.tr("Choose another folder"), self.choose_folder)
