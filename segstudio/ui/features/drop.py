"""Paths dropped on the window or given at start: images and labelme folders are opened, other datasets imported."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from segstudio.app.opening import Detected, detect_path
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.importing import ImportFeature
from segstudio.ui.features.open import OpenFeature


class DropFeature(Feature):
    """Filters the window's drop events."""

    def __init__(self, context: FeatureContext, opening: OpenFeature, importing: ImportFeature) -> None:
        super().__init__(context)
        self._opening = opening
        self._importing = importing
        self._busy = False
        self.window.setAcceptDrops(True)
        self.window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent) and _local_paths(event):
            event.acceptProposedAction()
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop and _local_paths(event):
            event.acceptProposedAction()
            self.open_or_import(_local_paths(event))
            return True
        return super().eventFilter(watched, event)

    def open_or_import(self, paths: list[Path]) -> None:
        """Open or import the first path; several images of one folder open that folder at the first."""
        if self._busy:
            return
        self._busy = True
        self.jobs.start(lambda: detect_path(paths[0]), self._on_detected, on_end=self._on_end)
        others = [path for path in paths[1:] if path.parent != paths[0].parent or path.is_dir()]
        if others:
            self.messages.inform(self.tr("Only {} was opened; drop one dataset at a time.").format(paths[0].name))

    def _on_end(self) -> None:
        self._busy = False

    def _on_detected(self, found: Detected) -> None:
        if found.format_name:
            self._importing.open_dialog(found.path)
        else:
            self._opening.open_path(found.path)


def _local_paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
