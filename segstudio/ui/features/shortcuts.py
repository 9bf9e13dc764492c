"""Shortcuts: the sheet for the active tool, the command palette, and the editor."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

from segstudio.app.key_sections import Section
from segstudio.app.keymap import Keymap
from segstudio.ui.actions import Action, ActionSet, native_key, split_keys
from segstudio.ui.dialogs.palette import Command, CommandPalette
from segstudio.ui.dialogs.shortcut_sheet import ShortcutSheet
from segstudio.ui.dialogs.shortcuts import ShortcutsDialog
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.panels.classes import make_swatch


class ShortcutsFeature(Feature):
    """`set_actions` is called once the actions of all features are built."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self._sheet: ShortcutSheet | None = None
        self._actions: ActionSet | None = None
        self.keymap: Keymap[Action] = Keymap(self.settings, (), split_keys)

    def edit_actions(self) -> tuple[Action, ...]:
        return (Action("shortcuts", self.tr("Shortcuts…"), "Ctrl+,", self.edit, "Edit"),)

    def actions(self) -> tuple[Action, ...]:
        return (
            Action("commands", self.tr("Find a command…"), "Ctrl+K", self.open_palette, "Help"),
            Action("keys", self.tr("Shortcuts for this tool"), "F1, ?", self.toggle_sheet, "Help"),
        )

    def set_actions(self, actions: ActionSet) -> None:
        """Give the actions their keys."""
        self._actions = actions
        self.keymap = Keymap(self.settings, actions.actions, split_keys)
        self.apply()

    def apply(self) -> None:
        """The current keys go to the actions."""
        if self._actions is not None:
            self._actions.set_keys(self.keymap.keys)

    def edit(self) -> None:
        dialog = ShortcutsDialog(self.keymap, self.window)
        dialog.accepted.connect(self.apply)
        dialog.open()

    def toggle_sheet(self) -> None:
        """Open the sheet, or close it."""
        if self._sheet is not None:
            self._sheet.close()
            return
        info = self.state.tool.info
        self._sheet = ShortcutSheet(
            QCoreApplication.translate("Tool", info.title),
            QCoreApplication.translate("Tool", info.hint),
            self._sections(),
            self.window,
        )
        if self._actions is not None:
            self._sheet.addAction(self._actions["keys"])
        self._sheet.destroyed.connect(self._forget)
        self._sheet.show()

    def open_palette(self) -> None:
        CommandPalette(self._commands(), self.window).show()

    def _sections(self) -> list[Section]:
        """Only what can be done now; first the keys of the canvas itself."""
        keys = self.keymap.keys
        canvas = [
            (self.tr("wheel"), self.tr("zoom")),
            (self.tr("middle drag, Space + drag"), self.tr("pan")),
            (self.tr("Ctrl + drag, Alt + wheel"), self.tr("brush size")),
            (self.tr("hold H"), self.tr("hide everything over the image")),
            ("0 – 9", self.tr("class")),
            (self.tr("Enter"), self.tr("complete")),
            ("Esc", self.tr("cancel")),
            (self.tr("Backspace, Del"), self.tr("remove the last point, delete")),
            (self.tr("arrows, with Shift"), self.tr("move the selected objects by 1, 10 pixels")),
        ]
        sections: dict[str, list[tuple[str, str]]] = {}
        for action in self.keymap.actions:
            texts = split_keys(keys[action.name])
            if texts and not action.refusal():
                shown = ", ".join(native_key(text) for text in texts)
                sections.setdefault(action.menu.replace("/", " ▸ "), []).append((shown, action.text))
        return [(self.tr("Canvas"), canvas), *sections.items()]

    def _commands(self) -> list[Command]:
        """Every action, those that cannot run now with the reason, and every class."""
        keys, out = self.keymap.keys, []
        assert self._actions is not None
        for action in self.keymap.actions:
            if action.name == "commands":
                continue
            made = self._actions[action.name]
            shown = ", ".join(native_key(text) for text in split_keys(keys[action.name])[:1])
            menu = action.menu.replace("/", " ▸ ")
            out.append(Command(action.text, menu, shown, made.icon(), made.trigger, action.refusal()))
        for item in self.state.table if self.state.project is not None else ():
            colour = self.state.layers.colour_of(self.state.table, item.id)
            digit = str(item.id) if item.id < 10 else ""
            out.append(Command(item.name, self.tr("Class"), digit, make_swatch(colour), self._class_chooser(item.id)))
        return out

    def _class_chooser(self, class_id: int) -> Callable[[], None]:
        return lambda: self.state.choose(class_id=class_id)

    def _forget(self) -> None:
        self._sheet = None
