"""Sheet with the shortcuts that work now: those of the active tool, of the canvas and of the menus."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QTextBrowser, QWidget

from segstudio.app.key_sections import Section, format_sections
from segstudio.ui.widgets import make_close_button, make_column


class ShortcutSheet(QDialog):
    """Closes with Esc or the key that opened it."""

    def __init__(self, heading: str, hint: str, sections: Sequence[Section], window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Shortcuts for this tool"))
        page = QTextBrowser()
        page.setAccessibleName(self.tr("Shortcuts"))
        page.setHtml(f"<h3>{escape(heading)}</h3><p>{escape(hint)}</p>{format_sections(sections)}")
        make_column(page, make_close_button(self, self.tr("Close")), within=self)
        self.resize(1100, 720)
