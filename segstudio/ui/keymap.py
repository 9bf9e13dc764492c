"""Which keys do what: the presets, the user's own changes, and where two actions want the same key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtGui import QKeySequence

from segstudio.ui.action_rows import ACTIONS
from segstudio.ui.settings import Settings

Keys = Mapping[str, str]  # action name to key sequences, separated by ", "

# Keys that the canvas hears while they are held or pressed; no action may have them.
_HEARD = ("Space", "H", "Return", "Enter", "Esc", "Backspace", "Del", "Left", "Right", "Up", "Down")
_FAR = ("Shift+Left", "Shift+Right", "Shift+Up", "Shift+Down")
FIXED: Final = (*"0123456789", *_HEARD, *_FAR)

# What differs from segstudio's own keys. Sources: labelme's default_config.yaml and CVAT's shortcuts list.
PRESETS: Final[dict[str, Keys]] = {
    "segstudio": {},
    "labelme": {
        "open": "Ctrl+O, Ctrl+U",
        "polygon": "Ctrl+N, P",
        "rectangle": "Ctrl+R, R",
        "select": "Ctrl+J, V",
        "set_class": "Ctrl+E",
        "export": "Ctrl+Shift+E",
        "paste_previous": "Ctrl+P",
        "delete": "Ctrl+Delete, Shift+Delete",
        "next": "D, Ctrl+Shift+D",
        "previous": "A, Ctrl+Shift+A",
        "select_none": "",
        "toggle_labels": "T, Shift+1",
        "accept": "Ctrl+Alt+A",
        "fit": "Ctrl+F",
        "filter": "Ctrl+L",
    },
    "CVAT": {
        "next": "F",
        "previous": "D",
        "polygon": "N, P",
        "bucket": "Shift+F",
        "accept": "Shift+A",
        "group": "G, Ctrl+G",
        "ungroup": "Shift+G, Ctrl+Shift+G",
        "grabcut": "Ctrl+Shift+B",
        "union": "J, Ctrl+Alt+U",
        "knife": "Alt+J, K",
        "lock": "L, Ctrl+Alt+L",
        "lasso": "Shift+D",
        "forward": "+, Ctrl+]",
        "backward": "-, Ctrl+[",
        "paste_previous": "Ctrl+B",
        "fit": "Ctrl+F, Home",
    },
}


def defaults() -> dict[str, str]:
    """segstudio's own."""
    return {row.name: row.keys for row in ACTIONS}


def split(keys: str) -> list[str]:
    """Each sequence in its portable form."""
    texts = [QKeySequence(text).toString(QKeySequence.SequenceFormat.PortableText) for text in keys.split(", ")]
    return [text for text in texts if text]


def preset(name: str) -> dict[str, str]:
    return {**defaults(), **PRESETS.get(name, {})}


def clashes(keys: Keys) -> dict[str, list[str]]:
    """Key sequences that more than one action has, or that the canvas keeps for itself (then "" is among them)."""
    users: dict[str, list[str]] = {text: [""] for each in FIXED for text in split(each)}
    for name, texts in keys.items():
        for text in split(texts):
            users.setdefault(text, []).append(name)
    return {text: names for text, names in users.items() if len(names) > 1}


class Keymap:
    """The keys in force: a preset with the user's changes over it, kept in the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def preset(self) -> str:
        return self._settings.key_preset if self._settings.key_preset in PRESETS else "segstudio"

    @property
    def keys(self) -> dict[str, str]:
        base, own = preset(self.preset), self._settings.own_keys
        return {**base, **{name: text for name, text in own.items() if name in base}}

    def set(self, chosen: str, keys: Keys) -> None:
        """Keep a preset and what differs from it. Raises ValueError where keys clash."""
        found = clashes(keys)
        if found:
            raise ValueError(f"{next(iter(found))} has more than one meaning")
        base = preset(chosen)
        self._settings.key_preset = chosen
        self._settings.own_keys = {name: text for name, text in keys.items() if split(text) != split(base[name])}
