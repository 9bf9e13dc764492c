"""Dialog that edits the shortcuts: a preset, the keys of each action, and how to resolve clashes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QKeySequenceEdit, QLabel, QTreeWidget, QTreeWidgetItem, QWidget

from segstudio.app.key_presets import PRESETS
from segstudio.app.keymap import Keymap, KeymapEdit
from segstudio.ui.actions import Action, native_key
from segstudio.ui.widgets import (
    make_button,
    make_buttons,
    make_column,
    make_combo,
    make_label,
    make_line,
    make_row,
    set_up_rows,
)

_NAME = Qt.ItemDataRole.UserRole


class ShortcutsDialog(QDialog):
    """Nothing changes before OK; OK is disabled while a key has two meanings."""

    def __init__(self, keymap: Keymap[Action], window: QWidget) -> None:
        super().__init__(window)
        self.setWindowTitle(self.tr("Shortcuts"))
        self._keymap = keymap
        self._edited = KeymapEdit(keymap)
        self._preset = make_combo({name: name for name in PRESETS}, self.tr("Preset"))
        self._preset.setCurrentText(keymap.preset)
        self._filter = make_line(self.tr("Filter by action or key"))
        self._tree = QTreeWidget()
        set_up_rows(self._tree, self.tr("Actions"), [self.tr("Action"), self.tr("Menu"), self.tr("Keys")])
        self._edit = QKeySequenceEdit()
        self._edit.setMaximumSequenceLength(1)
        self._edit.setAccessibleName(self.tr("New key"))
        self._add = make_button(self.tr("Add"), lambda: self._on_key(self._edited.add))
        self._clear = make_button(self.tr("Remove"), lambda: self._change(lambda name: self._edited.set_keys(name, [])))
        self._reset = make_button(self.tr("Reset to preset"), lambda: self._change(self._edited.reset))
        self._message = make_label(wrap=True)
        self._resolve = make_button(self.tr("Keep only here"), self._resolve_clash)
        buttons, self._ok = make_buttons(self, self.tr("OK"), self.tr("Cancel"))
        make_column(
            make_row(QLabel(self.tr("Preset")), self._preset, (self._filter, 1)),
            self._tree,
            make_row(QLabel(self.tr("New key")), self._edit, self._add, self._clear, self._reset),
            make_row((self._message, 1), self._resolve),
            buttons,
            within=self,
        )
        self._preset.currentTextChanged.connect(self._on_preset)
        self._filter.textChanged.connect(lambda _: self._fill())
        self._tree.currentItemChanged.connect(lambda *_: self._show_row())
        self._edit.editingFinished.connect(lambda: self._on_key(self._edited.replace_first))
        self._fill()
        self.resize(720, 620)

    def _fill(self) -> None:
        chosen = self._current()
        self._tree.clear()
        for name, *texts in self._edited.list_actions(self._filter.text(), native_key):
            item = QTreeWidgetItem(self._tree, texts)
            item.setData(0, _NAME, name)
            if name == chosen:
                self._tree.setCurrentItem(item)
        for column in range(3):
            self._tree.resizeColumnToContents(column)
        self._show_row()
        self._show_clash()

    def _current(self) -> str:
        item = self._tree.currentItem()
        return "" if item is None else str(item.data(0, _NAME))

    def _show_row(self) -> None:
        name = self._current()
        for widget in (self._edit, self._add, self._clear, self._reset):
            widget.setEnabled(bool(name))
        with QSignalBlocker(self._edit):
            self._edit.setKeySequence(QKeySequence(next(iter(self._edited.keys_of(name)), "")))

    def _change(self, change: Callable[[str], None]) -> None:
        """Change the keys of the current action."""
        if self._current():
            change(self._current())
            self._fill()

    def _on_key(self, change: Callable[[str, str], None]) -> None:
        typed = self._edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        if typed and self._edited.keys_of(self._current())[:1] != [typed]:
            self._change(lambda name: change(name, typed))

    def _on_preset(self, name: str) -> None:
        self._edited.use_preset(name)
        self._fill()

    def _show_clash(self) -> None:
        """Show the first clash; enable OK if there is none."""
        key, names = self._edited.find_clash()
        self._ok.setEnabled(not key)
        self._resolve.setVisible(bool(key))
        self._resolve.setEnabled(self._current() in names or "" in names)
        words = {action.name: action.text for action in self._keymap.actions}
        users = [words.get(name, self.tr("the canvas")) for name in names]
        text = self.tr("{} is assigned to more than one action: {}.").format(native_key(key), ", ".join(users))
        self._message.setText(text if key else "")

    def _resolve_clash(self) -> None:
        self._edited.resolve_clash(self._current())
        self._fill()

    def accept(self) -> None:
        """Store the keys."""
        self._edited.store()
        super().accept()
