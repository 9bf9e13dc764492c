"""A path in a line, with a button to choose it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

FOLDER, FILE, NEW_FOLDER = "folder", "file", "new folder"


class PathField(QWidget):
    """`kinds` are what may be chosen, a button each; `changed` comes when a path was chosen or typed to its end."""

    changed = Signal()

    def __init__(
        self, title: str, kinds: tuple[str, ...], placeholder: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._title = title
        self._line = QLineEdit()
        self._line.setPlaceholderText(placeholder)
        self._line.setAcceptDrops(False)  # the dialog takes them as paths
        self._line.setAccessibleName(title)
        self._line.editingFinished.connect(self._on_typed)
        self._told = ""
        words = {FOLDER: self.tr("Folder…"), FILE: self.tr("File…"), NEW_FOLDER: self.tr("Choose…")}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line, 1)
        for kind in kinds:
            button = QPushButton(words[kind])
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, kind=kind: self._ask(kind))
            layout.addWidget(button)
        self.setFocusProxy(self._line)

    def path(self) -> Path | None:
        text = self._line.text().strip()
        return Path(text).expanduser() if text else None

    def set_path(self, path: Path | None, tell: bool = True) -> None:
        self._line.setText("" if path is None else str(path))
        if not tell:
            self._told = self._line.text()
        self._on_typed()

    def _ask(self, kind: str) -> None:
        start = str(self.path() or Path.home())
        dialog = QFileDialog(self, self._title, start if kind != NEW_FOLDER else str(Path(start).parent))
        if kind == FOLDER:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        elif kind == NEW_FOLDER:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setFileMode(QFileDialog.FileMode.AnyFile)
            dialog.setLabelText(QFileDialog.DialogLabel.FileName, self.tr("New folder"))
            dialog.setLabelText(QFileDialog.DialogLabel.Accept, self.tr("Choose"))
            dialog.selectFile(Path(start).name)
        dialog.fileSelected.connect(lambda path: self.set_path(Path(path)))
        dialog.open()

    def _on_typed(self) -> None:
        if self._line.text() != self._told:
            self._told = self._line.text()
            self.changed.emit()
