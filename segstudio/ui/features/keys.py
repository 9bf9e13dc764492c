"""Keys: the sheet of the moment, the command palette, and the editor of shortcuts."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from segstudio.ui.action_rows import ACTIONS, TOOL_WORDS
from segstudio.ui.actions import set_keys, shown_key
from segstudio.ui.dialogs.keys import KeySheet, Section
from segstudio.ui.dialogs.palette import Command, CommandPalette
from segstudio.ui.dialogs.shortcuts import ShortcutsDialog
from segstudio.ui.keymap import Keymap, split
from segstudio.ui.panels.classes import swatch
from segstudio.ui.session import Session


class KeysFlow(QObject):
    """`actions` are given once they are built."""

    def __init__(self, session: Session, keymap: Keymap, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._keymap = keymap
        self._window = window
        self._sheet: KeySheet | None = None
        self.actions: dict[str, QAction] = {}

    def apply(self) -> None:
        """The keys in force go to the actions."""
        set_keys(self.actions, self._keymap.keys)

    def edit(self) -> None:
        dialog = ShortcutsDialog(self._keymap, self._window)
        dialog.accepted.connect(self.apply)
        dialog.open()

    def show(self) -> None:
        """Open the sheet, or close it."""
        if self._sheet is not None:
            self._sheet.close()
            return
        tool = self._session.tool
        self._sheet = KeySheet(
            QCoreApplication.translate("Action", TOOL_WORDS[tool.name]),
            QCoreApplication.translate("Tool", tool.hint),
            self._sections(),
            self._window,
        )
        self._sheet.addAction(self.actions["keys"])
        self._sheet.destroyed.connect(self._forget)
        self._sheet.show()

    def palette(self) -> None:
        CommandPalette(self._commands(), self._window).show()

    def _sections(self) -> list[Section]:
        """Only what can be done now; first what the canvas itself hears."""
        keys = self._keymap.keys
        canvas = [
            (self.tr("wheel"), self.tr("zoom")),
            (self.tr("middle drag, Space + drag"), self.tr("move the view")),
            (self.tr("Ctrl + drag, Alt + wheel"), self.tr("size")),
            (self.tr("hold H"), self.tr("hide what lies over the image")),
            ("0 – 9", self.tr("class")),
            (self.tr("Enter"), self.tr("complete")),
            ("Esc", self.tr("give up")),
            (self.tr("Backspace, Del"), self.tr("take back, delete")),
            (self.tr("arrows, with Shift"), self.tr("move the selected objects by 1, 10")),
        ]
        sections: dict[str, list[tuple[str, str]]] = {}
        for row in ACTIONS:
            texts = split(keys[row.name])
            if texts and self.actions[row.name].isEnabled():
                shown = ", ".join(shown_key(text) for text in texts)
                sections.setdefault(row.menu.replace("/", " ▸ "), []).append((shown, row.shown))
        return [(self.tr("Canvas"), canvas), *sections.items()]

    def _commands(self) -> list[Command]:
        keys, out = self._keymap.keys, []
        for row in ACTIONS:
            action = self.actions[row.name]
            if action.isEnabled() and row.name != "commands":
                shown = ", ".join(shown_key(text) for text in split(keys[row.name])[:1])
                menu = row.menu.replace("/", " ▸ ")
                out.append(Command(row.shown, menu, shown, action.icon(), action.trigger))
        for item in self._session.table if self._session.project is not None else ():
            colour = self._session.layers.colour_of(self._session.table, item.id)
            digit = str(item.id) if item.id < 10 else ""
            out.append(Command(item.name, self.tr("Class"), digit, swatch(colour), self._chooser(item.id)))
        return out

    def _chooser(self, class_id: int) -> Callable[[], None]:
        return lambda: self._session.choose(class_id=class_id)

    def _forget(self) -> None:
        self._sheet = None
