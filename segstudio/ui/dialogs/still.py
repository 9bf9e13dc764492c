"""Editors in a page that scrolls: the wheel moves the page and never changes what it happens to pass over."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget


class _WheelGuard(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        return False


def keep_still(editor: QWidget) -> None:
    editor.installEventFilter(_WheelGuard(editor))
