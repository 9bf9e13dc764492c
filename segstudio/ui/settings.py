"""What the program remembers between sessions, on this machine."""

from __future__ import annotations

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

    def load_bytes(self, key: str) -> QByteArray:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def save_bytes(self, key: str, value: QByteArray) -> None:
        self._store.setValue(key, value)
