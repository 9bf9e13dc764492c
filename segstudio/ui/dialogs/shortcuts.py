"""Dialog that edits the shortcuts: a preset, the keys of each action, and how to resolve clashes."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.key_presets import PRESETS
from segstudio.ui.actions import native_key, split_keys
from segstudio.ui.keymap import Keymap, find_clashes

_NAME = Qt.ItemDataRole.UserRole


class ShortcutsDialog(QDialog):
    """Nothing changes before OK; OK is disabled while a key has two meanings."""

    def __init__(self, keymap: Keymap, window: QWidget) -> None:
        super().__init__(window)
        self.setWindowTitle(self.tr("Shortcuts"))
        self._keymap = keymap
        self._keys = keymap.keys
        self._preset = QComboBox()
        self._preset.addItems(list(PRESETS))
        self._preset.setCurrentText(keymap.preset)
        self._preset.setAccessibleName(self.tr("Preset"))
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(self.tr("Filter by action or key"))
        self._tree = QTreeWidget()
        self._tree.setHeaderLabels([self.tr("Action"), self.tr("Menu"), self.tr("Keys")])
        self._tree.setRootIsDecorated(False)
        self._tree.setAccessibleName(self.tr("Actions"))
        self._edit = QKeySequenceEdit()
        self._edit.setMaximumSequenceLength(1)
        self._edit.setAccessibleName(self.tr("New key"))
        self._add = QPushButton(self.tr("Add"))
        self._clear = QPushButton(self.tr("Remove"))
        self._reset = QPushButton(self.tr("Reset to preset"))
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._resolve = QPushButton(self.tr("Keep only here"))
        self._buttons = QDialogButtonBox()
        self._ok = self._buttons.addButton(self.tr("OK"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.addButton(self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self._place()
        self._preset.currentTextChanged.connect(self._on_preset)
        self._filter.textChanged.connect(lambda _: self._fill())
        self._tree.currentItemChanged.connect(lambda *_: self._show_row())
        self._edit.editingFinished.connect(lambda: self._set_key(more=False))
        self._add.clicked.connect(lambda: self._set_key(more=True))
        self._clear.clicked.connect(lambda: self._set("", self._current()))
        self._reset.clicked.connect(self._reset_keys)
        self._resolve.clicked.connect(self._resolve_clash)
        self._buttons.accepted.connect(self._on_ok)
        self._buttons.rejected.connect(self.reject)
        self._fill()
        self.resize(720, 620)

    def _place(self) -> None:
        top = QHBoxLayout()
        top.addWidget(QLabel(self.tr("Preset")))
        top.addWidget(self._preset)
        top.addWidget(self._filter, 1)
        bottom = QHBoxLayout()
        bottom.addWidget(QLabel(self.tr("New key")))
        for widget in (self._edit, self._add, self._clear, self._reset):
            bottom.addWidget(widget)
        clash = QHBoxLayout()
        clash.addWidget(self._message, 1)
        clash.addWidget(self._resolve)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self._tree)
        layout.addLayout(bottom)
        layout.addLayout(clash)
        layout.addWidget(self._buttons)

    def _fill(self) -> None:
        chosen, wanted = self._current(), self._filter.text().casefold()
        self._tree.clear()
        for action in self._keymap.actions:
            shown = ", ".join(native_key(text) for text in split_keys(self._keys[action.name]))
            texts = [action.text, action.menu.replace("/", " ▸ "), shown]
            if wanted and wanted not in " ".join(texts).casefold():
                continue
            item = QTreeWidgetItem(self._tree, texts)
            item.setData(0, _NAME, action.name)
            if action.name == chosen:
                self._tree.setCurrentItem(item)
        for column in range(3):
            self._tree.resizeColumnToContents(column)
        self._show_row()
        self._check_clashes()

    def _current(self) -> str:
        item = self._tree.currentItem()
        return "" if item is None else str(item.data(0, _NAME))

    def _show_row(self) -> None:
        name = self._current()
        for widget in (self._edit, self._add, self._clear, self._reset):
            widget.setEnabled(bool(name))
        texts = split_keys(self._keys[name]) if name else []
        with QSignalBlocker(self._edit):
            self._edit.setKeySequence(QKeySequence(texts[0]) if texts else QKeySequence())

    def _set_key(self, *, more: bool) -> None:
        name, typed = self._current(), _portable(self._edit.keySequence())
        if not name or not typed:
            return
        before = split_keys(self._keys[name])
        if more:
            self._set(", ".join([*[text for text in before if text != typed], typed]), name)
        elif before[:1] != [typed]:
            self._set(", ".join([typed, *[text for text in before[1:] if text != typed]]), name)

    def _reset_keys(self) -> None:
        name = self._current()
        if name:
            self._set(self._keymap.preset_keys(self._preset.currentText())[name], name)

    def _set(self, keys: str, name: str) -> None:
        if name:
            self._keys = {**self._keys, name: keys}
            self._fill()

    def _on_preset(self, name: str) -> None:
        self._keys = self._keymap.preset_keys(name)
        self._fill()

    def _check_clashes(self) -> None:
        """Show the first clash; enable OK if there is none."""
        found = find_clashes(self._keys)
        self._ok.setEnabled(not found)
        self._resolve.setVisible(bool(found))
        if not found:
            self._message.setText("")
            return
        text, names = next(iter(found.items()))
        words = {action.name: action.text for action in self._keymap.actions}
        users = [words.get(name, self.tr("the canvas")) for name in names]
        self._message.setText(
            self.tr("{} is assigned to more than one action: {}.").format(native_key(text), ", ".join(users))
        )
        self._resolve.setEnabled(self._current() in names or "" in names)

    def _resolve_clash(self) -> None:
        """Keep the key for the selected action only; fixed keys of the canvas stay with the canvas."""
        text, names = next(iter(find_clashes(self._keys).items()))
        keeper = "" if "" in names else self._current()
        for name in names:
            if name and name != keeper:
                left = [each for each in split_keys(self._keys[name]) if each != text]
                self._keys = {**self._keys, name: ", ".join(left)}
        self._fill()

    def _on_ok(self) -> None:
        self._keymap.set(self._preset.currentText(), self._keys)
        self.accept()


def _portable(keys: QKeySequence) -> str:
    return keys.toString(QKeySequence.SequenceFormat.PortableText)
