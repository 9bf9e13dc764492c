"""A model for other programs: a run's weights written as ONNX, in the background."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from segstudio.events import Progress
from segstudio.project.runs import run_names, weights_file
from segstudio.training.preload import calmly
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session


class ExportModelFlow(QObject):
    """Asks for the file; nothing is ever written over."""

    def __init__(self, session: Session, messages: MessageBar, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._messages = messages
        self._window = window

    def export_used(self) -> None:
        """The run that predicts, or the newest."""
        project = self._session.project
        names = run_names(project) if project is not None else []
        if names:
            self.export(self._session.run if self._session.run in names else names[-1])
        else:
            self._messages.tell(self.tr("There is no run yet. Label a few images, then press Train."))

    def export(self, name: str) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Export {} as ONNX").format(name), f"{name}.onnx", self.tr("ONNX (*.onnx)")
        )
        if path:
            self.export_to(name, Path(path))

    def export_to(self, name: str, path: Path) -> None:
        project = self._session.project
        if project is None:
            return

        def work() -> Iterator[Any]:
            from segstudio.training.checkpoint import load_weights
            from segstudio.training.device import choose_device
            from segstudio.training.onnx_export import OnnxReport, export_onnx

            report: OnnxReport = export_onnx(load_weights(weights_file(project, name), choose_device("cpu")), path)
            yield report.line
            yield Progress(1, 1, name)

        def on_event(event: Any) -> None:
            if isinstance(event, str):
                self._messages.tell(f"{path.name}: {event}")

        self._messages.tell(self.tr("Exporting {} …").format(name))
        self._session.jobs.start(lambda: calmly(work(), str), on_event)
