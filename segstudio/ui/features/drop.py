"""What is dropped on the window: images and labelme folders are opened, other data sets go to the import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from segstudio.formats.dataset import SourceOptions
from segstudio.formats.images import SUFFIXES
from segstudio.formats.registry import detect
from segstudio.ui.features.intake import ImportFlow
from segstudio.ui.features.open import OpenFlow
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session


@dataclass(frozen=True)
class Dropped:
    """`format_name` is "" for what is opened as it is."""

    path: Path
    format_name: str = ""


def what_is(path: Path) -> Iterator[Dropped]:
    """Whether a path is opened or imported. May read files, so it runs in a job."""
    if path.suffix.lower() in SUFFIXES and path.is_file():
        yield Dropped(path)
        return
    found = detect(path, SourceOptions())
    name = found.reader.name if found.reader else ""
    images_here = path.is_dir() and any(each.suffix.lower() in SUFFIXES for each in path.iterdir())
    open_it = name == "labelme" or (not name and images_here) or (path / ".segstudio").is_dir()
    yield Dropped(path, "" if open_it else name or "auto")


class DropFlow(QObject):
    """Filters the window's drop events."""

    def __init__(
        self, session: Session, opening: OpenFlow, importing: ImportFlow, messages: MessageBar, window: QWidget
    ) -> None:
        super().__init__(session)
        self._session = session
        self._opening = opening
        self._importing = importing
        self._messages = messages
        self._looking = False
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent) and _paths(event):
            event.acceptProposedAction()
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop and _paths(event):
            event.acceptProposedAction()
            self.take(_paths(event))
            return True
        return super().eventFilter(watched, event)

    def take(self, paths: list[Path]) -> None:
        """The first is opened or imported; several images of one folder open that folder at the first."""
        if self._looking:
            return
        self._looking = True
        self._session.jobs.start(lambda: what_is(paths[0]), self._on_known, self._on_end)
        others = [path for path in paths[1:] if path.parent != paths[0].parent or path.is_dir()]
        if others:
            self._messages.tell(self.tr("{} was taken; drop one data set at a time.").format(paths[0].name))

    def _on_end(self) -> None:
        self._looking = False

    def _on_known(self, dropped: Dropped) -> None:
        if dropped.format_name:
            self._importing.open_dialog(dropped.path)
        else:
            self._opening.open_path(dropped.path)


def _paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
