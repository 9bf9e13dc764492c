"""Shortcuts: presets, the user's changes to them, and clashes between actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from segstudio.app.key_presets import FIXED, PRESETS, RENAMED, Keys


class KeySettings(Protocol):
    """Where preset and changes are stored."""

    key_preset: str
    own_keys: dict[str, str]


class KeyAction(Protocol):
    """`keys` are its default key sequences."""

    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def menu(self) -> str: ...
    @property
    def keys(self) -> str: ...


A = TypeVar("A", bound=KeyAction)


class Keymap(Generic[A]):
    """The current keys of `actions`: a preset and the user's changes, stored in the settings.

    `split` gives each of several key sequences in one spelling.
    """

    def __init__(self, settings: KeySettings, actions: Sequence[A], split: Callable[[str], list[str]]) -> None:
        self._settings = settings
        self.actions = tuple(actions)
        self.split = split

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

    def find_clashes(self, keys: Keys) -> dict[str, list[str]]:
        """Key sequences of more than one action, with their names; "" stands for the fixed keys of the canvas."""
        users: dict[str, list[str]] = {text: [""] for each in FIXED for text in self.split(each)}
        for name, texts in keys.items():
            for text in self.split(texts):
                users.setdefault(text, []).append(name)
        return {text: names for text, names in users.items() if len(names) > 1}

    def set(self, preset: str, keys: Keys) -> None:
        """Store a preset and the differences from it. Raises ValueError if keys clash."""
        found = self.find_clashes(keys)
        if found:
            raise ValueError(f"{next(iter(found))} has more than one meaning")
        base = self.preset_keys(preset)
        self._settings.key_preset = preset
        self._settings.own_keys = {
            name: text for name, text in keys.items() if self.split(text) != self.split(base[name])
        }


class KeymapEdit:
    """Changes of a keymap that are not stored yet."""

    def __init__(self, keymap: Keymap[Any]) -> None:
        self._keymap = keymap
        self.preset = keymap.preset
        self._keys = keymap.keys

    def keys_of(self, name: str) -> list[str]:
        """No keys for the name of no action."""
        return self._keymap.split(self._keys.get(name, ""))

    def use_preset(self, preset: str) -> None:
        self.preset, self._keys = preset, self._keymap.preset_keys(preset)

    def set_keys(self, name: str, keys: Sequence[str]) -> None:
        self._keys[name] = ", ".join(keys)

    def replace_first(self, name: str, key: str) -> None:
        """Make `key` the first one, in place of the first one."""
        self.set_keys(name, [key, *(each for each in self.keys_of(name)[1:] if each != key)])

    def add(self, name: str, key: str) -> None:
        """Make `key` the last one."""
        self.set_keys(name, [*(each for each in self.keys_of(name) if each != key), key])

    def reset(self, name: str) -> None:
        """The keys of the preset."""
        self._keys[name] = self._keymap.preset_keys(self.preset)[name]

    def find_clash(self) -> tuple[str, list[str]]:
        """The first key sequence with more than one meaning, and its actions; ("", []) if there is none."""
        return next(iter(self._keymap.find_clashes(self._keys).items()), ("", []))

    def resolve_clash(self, keeper: str) -> None:
        """Keep the key of the first clash for one action only; fixed keys of the canvas stay with the canvas."""
        clash, names = self.find_clash()
        for name in names:
            if name and (name != keeper or "" in names):
                self.set_keys(name, [each for each in self.keys_of(name) if each != clash])

    def list_actions(self, text: str, show: Callable[[str], str]) -> list[tuple[str, str, str, str]]:
        """Name, text, menu and keys of the actions in which `text` occurs; `show` gives a key as the user knows it."""
        rows = [
            (action.name, action.text, action.menu.replace("/", " ▸ "), ", ".join(map(show, self.keys_of(action.name))))
            for action in self._keymap.actions
        ]
        return [row for row in rows if text.casefold() in " ".join(row[1:]).casefold()]

    def store(self) -> None:
        """Raises ValueError if keys clash."""
        self._keymap.set(self.preset, self._keys)
