"""What the program remembers between sessions, on this machine."""

from __future__ import annotations

import json

from PySide6.QtCore import QByteArray, QSettings


class Settings:
    """A typed view of QSettings."""

    def __init__(self) -> None:
        self._store = QSettings("segstudio", "segstudio")

    @property
    def autosave(self) -> bool:
        return bool(self._store.value("autosave", True, bool))

    @autosave.setter
    def autosave(self, value: bool) -> None:
        self._store.setValue("autosave", value)

    @property
    def theme(self) -> str:
        """system, light or dark."""
        return str(self._store.value("theme", "system"))

    @theme.setter
    def theme(self, value: str) -> None:
        self._store.setValue("theme", value)

    @property
    def last_folder(self) -> str:
        return str(self._store.value("last_folder", ""))

    @last_folder.setter
    def last_folder(self, value: str) -> None:
        self._store.setValue("last_folder", value)

    @property
    def key_preset(self) -> str:
        return str(self._store.value("key_preset", "segstudio"))

    @key_preset.setter
    def key_preset(self, value: str) -> None:
        self._store.setValue("key_preset", value)

    @property
    def own_keys(self) -> dict[str, str]:
        """Keys that the user chose, by the action's name."""
        try:
            held = json.loads(str(self._store.value("own_keys", "{}")))
        except ValueError:
            return {}
        return {str(name): str(text) for name, text in held.items()} if isinstance(held, dict) else {}

    @own_keys.setter
    def own_keys(self, value: dict[str, str]) -> None:
        self._store.setValue("own_keys", json.dumps(value))

    @property
    def assist_model(self) -> str:
        """osam's name of the model for AI clicks."""
        return str(self._store.value("assist_model", ""))

    @assist_model.setter
    def assist_model(self, value: str) -> None:
        self._store.setValue("assist_model", value)

    def load_bytes(self, key: str) -> QByteArray:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def save_bytes(self, key: str, value: QByteArray) -> None:
        self._store.setValue(key, value)
