"""Settings of the program, stored per user on this machine."""

from __future__ import annotations

import json
from typing import Generic, TypeVar

from PySide6.QtCore import QByteArray, QSettings

T = TypeVar("T", bool, str)


class _Stored(Generic[T]):
    """An attribute of Settings that is read from and written to QSettings under its own name."""

    def __init__(self, default: T) -> None:
        self._default: T = default

    def __set_name__(self, owner: type[Settings], name: str) -> None:
        self._key = name

    def __get__(self, settings: Settings, owner: type[Settings]) -> T:
        kind = type(self._default)
        return kind(settings.store.value(self._key, self._default, kind))

    def __set__(self, settings: Settings, value: T) -> None:
        settings.store.setValue(self._key, value)


class Settings:
    """`theme` is system, light or dark; `assist_model` is osam's name of the model for AI clicks."""

    autosave = _Stored(True)
    theme = _Stored("system")
    last_folder = _Stored("")
    key_preset = _Stored("segstudio")
    assist_model = _Stored("")

    def __init__(self) -> None:
        self.store = QSettings("segstudio", "segstudio")

    @property
    def own_keys(self) -> dict[str, str]:
        """The user's own shortcuts, by action name."""
        try:
            held = json.loads(str(self.store.value("own_keys", "{}")))
        except ValueError:
            return {}
        return {str(name): str(text) for name, text in held.items()} if isinstance(held, dict) else {}

    @own_keys.setter
    def own_keys(self, value: dict[str, str]) -> None:
        self.store.setValue("own_keys", json.dumps(value))

    def load_bytes(self, key: str) -> QByteArray:
        value = self.store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def save_bytes(self, key: str, value: QByteArray) -> None:
        self.store.setValue(key, value)
