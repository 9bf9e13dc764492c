"""The shortcuts: a preset, each action's keys, and what to do where two want the same."""

from __future__ import annotations

from PySide6.QtCore import Qt
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

from segstudio.ui.action_rows import ACTIONS
from segstudio.ui.keymap import PRESETS, Keymap, clashes, preset, split

_NAME = Qt.ItemDataRole.UserRole


class ShortcutsDialog(QDialog):
    """Nothing changes before OK, and OK waits until no key has two meanings."""

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
        self._add = QPushButton(self.tr("Add as well"))
        self._clear = QPushButton(self.tr("No key"))
        self._own = QPushButton(self.tr("As in the preset"))
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._take = QPushButton(self.tr("Take it from the other"))
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._place()
        self._preset.currentTextChanged.connect(self._on_preset)
        self._filter.textChanged.connect(lambda _: self._fill())
        self._tree.currentItemChanged.connect(lambda *_: self._show_row())
        self._edit.editingFinished.connect(lambda: self._set_key(more=False))
        self._add.clicked.connect(lambda: self._set_key(more=True))
        self._clear.clicked.connect(lambda: self._set("", self._current()))
        self._own.clicked.connect(self._set_own)
        self._take.clicked.connect(self._take_away)
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
        for widget in (self._edit, self._add, self._clear, self._own):
            bottom.addWidget(widget)
        told = QHBoxLayout()
        told.addWidget(self._message, 1)
        told.addWidget(self._take)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self._tree)
        layout.addLayout(bottom)
        layout.addLayout(told)
        layout.addWidget(self._buttons)

    def _fill(self) -> None:
        chosen, wanted = self._current(), self._filter.text().casefold()
        self._tree.clear()
        for row in ACTIONS:
            shown = ", ".join(_native(text) for text in split(self._keys[row.name]))
            texts = [row.shown, row.menu.replace("/", " ▸ "), shown]
            if wanted and wanted not in " ".join(texts).casefold():
                continue
            item = QTreeWidgetItem(self._tree, texts)
            item.setData(0, _NAME, row.name)
            if row.name == chosen:
                self._tree.setCurrentItem(item)
        for column in range(3):
            self._tree.resizeColumnToContents(column)
        self._show_row()
        self._judge()

    def _current(self) -> str:
        item = self._tree.currentItem()
        return "" if item is None else str(item.data(0, _NAME))

    def _show_row(self) -> None:
        name = self._current()
        for widget in (self._edit, self._add, self._clear, self._own):
            widget.setEnabled(bool(name))
        texts = split(self._keys[name]) if name else []
        self._edit.blockSignals(True)
        self._edit.setKeySequence(QKeySequence(texts[0]) if texts else QKeySequence())
        self._edit.blockSignals(False)

    def _set_key(self, *, more: bool) -> None:
        name, typed = self._current(), _portable(self._edit.keySequence())
        if not name or not typed:
            return
        before = split(self._keys[name])
        if more:
            self._set(", ".join([*[text for text in before if text != typed], typed]), name)
        elif before[:1] != [typed]:
            self._set(", ".join([typed, *[text for text in before[1:] if text != typed]]), name)

    def _set_own(self) -> None:
        name = self._current()
        if name:
            self._set(preset(self._preset.currentText())[name], name)

    def _set(self, keys: str, name: str) -> None:
        if name:
            self._keys = {**self._keys, name: keys}
            self._fill()

    def _on_preset(self, name: str) -> None:
        self._keys = preset(name)
        self._fill()

    def _judge(self) -> None:
        """Says the first clash; OK waits until there is none."""
        found = clashes(self._keys)
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not found)
        self._take.setVisible(bool(found))
        if not found:
            self._message.setText("")
            return
        text, names = next(iter(found.items()))
        words = {row.name: row.shown for row in ACTIONS}
        users = [words.get(name, self.tr("the canvas")) for name in names]
        self._message.setText(self.tr("{} would do two things: {}.").format(_native(text), ", ".join(users)))
        self._take.setEnabled(self._current() in names or "" in names)

    def _take_away(self) -> None:
        """The key stays with the row that is chosen; the canvas's own keys stay with the canvas."""
        text, names = next(iter(clashes(self._keys).items()))
        keeper = "" if "" in names else self._current()
        for name in names:
            if name and name != keeper:
                left = [each for each in split(self._keys[name]) if each != text]
                self._keys = {**self._keys, name: ", ".join(left)}
        self._fill()

    def _on_ok(self) -> None:
        self._keymap.set(self._preset.currentText(), self._keys)
        self.accept()


def _portable(keys: QKeySequence) -> str:
    return keys.toString(QKeySequence.SequenceFormat.PortableText)


def _native(text: str) -> str:
    return QKeySequence(text).toString(QKeySequence.SequenceFormat.NativeText)
