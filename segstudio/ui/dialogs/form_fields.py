"""Form fields of the dialogs: combo boxes that ignore the wheel, and a path with buttons to choose it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QWidget

from segstudio.ui.widgets import ENTER_KEYS, make_quiet_button, make_row, watch_keys

FOLDER, FILE, NEW_FOLDER = "folder", "file", "new folder"


class _WheelFilter(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        return False


def ignore_wheel(editor: QWidget) -> None:
    """Let the wheel scroll the page, instead of changing the editor that happens to be under the pointer."""
    editor.installEventFilter(_WheelFilter(editor))


class FormComboBox(QComboBox):
    """Rows of (text, data). Ignores the wheel; Enter in an editable box ends typing and presses no button."""

    def __init__(self, *rows: tuple[str, object], focus_after_enter: QWidget | None = None) -> None:
        super().__init__()
        self._focus_after_enter = focus_after_enter
        ignore_wheel(self)
        watch_keys(self, dict.fromkeys(ENTER_KEYS, self._end_typing))
        for text, data in rows:
            self.addItem(text, data)

    def _end_typing(self) -> bool:
        if self.isEditable() and self._focus_after_enter is not None:
            self._focus_after_enter.setFocus()
        return self.isEditable()


class PathField(QWidget):
    """A line for a path, with a button for each of `kinds`; `changed` is emitted once a path is chosen or typed."""

    changed = Signal()

    def __init__(
        self, title: str, kinds: tuple[str, ...], placeholder: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._title = title
        self._line = QLineEdit()
        self._line.setPlaceholderText(placeholder)
        self._line.setAcceptDrops(False)  # the dialog accepts dropped paths
        self._line.setAccessibleName(title)
        self._line.editingFinished.connect(self._on_typed)
        self._emitted = ""  # the text at the last `changed`
        words = {FOLDER: self.tr("Folder…"), FILE: self.tr("File…"), NEW_FOLDER: self.tr("Choose…")}
        buttons = (make_quiet_button(words[kind], lambda _=False, kind=kind: self._choose(kind)) for kind in kinds)
        make_row((self._line, 1), *buttons, within=self, margins=(0, 0, 0, 0))
        self.setFocusProxy(self._line)

    def path(self) -> Path | None:
        text = self._line.text().strip()
        return Path(text).expanduser() if text else None

    def set_path(self, path: Path | None, *, notify: bool = True) -> None:
        """Emits `changed` if the text is another and `notify` is set."""
        self._line.setText("" if path is None else str(path))
        if not notify:
            self._emitted = self._line.text()
        self._on_typed()

    def _choose(self, kind: str) -> None:
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
        if self._line.text() != self._emitted:
            self._emitted = self._line.text()
            self.changed.emit()
