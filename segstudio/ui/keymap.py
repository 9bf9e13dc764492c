"""Shortcuts: presets, the user's changes to them, and clashes between actions."""

from __future__ import annotations

from collections.abc import Sequence

from segstudio.app.key_presets import FIXED, PRESETS, RENAMED, Keys
from segstudio.ui.actions import Action, split_keys
from segstudio.ui.settings import Settings


def find_clashes(keys: Keys) -> dict[str, list[str]]:
    """Key sequences of more than one action, with the names of these; "" stands for the fixed keys of the canvas."""
    users: dict[str, list[str]] = {text: [""] for each in FIXED for text in split_keys(each)}
    for name, texts in keys.items():
        for text in split_keys(texts):
            users.setdefault(text, []).append(name)
    return {text: names for text, names in users.items() if len(names) > 1}


class Keymap:
    """The current keys of `actions`: a preset and the user's changes, stored in the settings."""

    def __init__(self, settings: Settings, actions: Sequence[Action]) -> None:
        self._settings = settings
        self.actions = tuple(actions)

    @property
    def preset(self) -> str:
        """Name of the current preset."""
        return self._settings.key_preset if self._settings.key_preset in PRESETS else "segstudio"

    @property
    def keys(self) -> dict[str, str]:
        base = self.preset_keys(self.preset)
        own = {RENAMED.get(name, name): text for name, text in self._settings.own_keys.items()}
        return {**base, **{name: text for name, text in own.items() if name in base}}

    def preset_keys(self, preset: str) -> dict[str, str]:
        """The keys of every action in a preset."""
        return {**{action.name: action.keys for action in self.actions}, **PRESETS.get(preset, {})}

    def set(self, preset: str, keys: Keys) -> None:
        """Store a preset and the differences from it. Raises ValueError if keys clash."""
        found = find_clashes(keys)
        if found:
            raise ValueError(f"{next(iter(found))} has more than one meaning")
        base = self.preset_keys(preset)
        self._settings.key_preset = preset
        self._settings.own_keys = {
            name: text for name, text in keys.items() if split_keys(text) != split_keys(base[name])
        }
