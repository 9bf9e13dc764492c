"""An image's labels into a file of the user's choice: the way out where its own file cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from segstudio.core.annotation import Annotation
from segstudio.project.item import Item
from segstudio.project.store import write_copy
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session


class SaveAsFlow(QObject):
    """Writes a copy; the image itself stays as unsaved as it was."""

    def __init__(self, session: Session, saving: SaveFlow, messages: MessageBar, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._messages = messages
        self._window = window
        saving.copy_asked.connect(self.ask_for)

    def ask(self) -> None:
        """For the open image."""
        if self._session.image is not None:
            self.ask_for(self._session.image.item)

    def ask_for(self, item: Item) -> None:
        start = str(Path.home() / item.annotation_path.name)
        name, _ = QFileDialog.getSaveFileName(self._window, self.tr("Save labels as"), start, "labelme (*.json)")
        if name:
            self.write(item, Path(name))

    def write(self, item: Item, path: Path) -> None:
        if path.absolute() == item.annotation_path.absolute():
            self._saving.keep_mine(item)
            return
        annotation, table = self._annotation_of(item), self._session.table
        if annotation is None:
            return

        def events() -> Iterator[Path]:
            yield write_copy(path, item, annotation, table)

        self._session.jobs.start(events, lambda at: self._messages.tell(self.tr("Written to {}.").format(at)))

    def _annotation_of(self, item: Item) -> Annotation | None:
        image, visit = self._session.image, self._saving.visit(item)
        if image is not None and image.item == item:
            return image.document.annotation
        return None if visit is None else visit.annotation
