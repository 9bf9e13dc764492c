"""Sheet with the shortcuts that work now: those of the active tool, of the canvas and of the menus."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

Section = tuple[str, Sequence[tuple[str, str]]]  # heading; pairs of keys and what they do

_COLUMNS = 3


class ShortcutSheet(QDialog):
    """Closes with Esc or the key that opened it."""

    def __init__(self, heading: str, hint: str, sections: Sequence[Section], window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Shortcuts for this tool"))
        page = QTextBrowser()
        page.setAccessibleName(self.tr("Shortcuts"))
        page.setHtml(f"<h3>{escape(heading)}</h3><p>{escape(hint)}</p>{_make_table(sections)}")
        buttons = QDialogButtonBox()
        buttons.addButton(self.tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(page)
        layout.addWidget(buttons)
        self.resize(1100, 720)


def _make_table(sections: Sequence[Section]) -> str:
    """HTML with the sections in columns of about the same height."""
    columns: list[list[str]] = [[] for _ in range(_COLUMNS)]
    heights = [0] * _COLUMNS
    for heading, rows in sections:
        place = heights.index(min(heights))
        heights[place] += len(rows) + 2
        cells = "".join(
            f"<tr><td style='padding-right:10px'><nobr><b>{escape(keys)}</b></nobr></td><td>{escape(text)}</td></tr>"
            for keys, text in rows
        )
        columns[place].append(f"<h4>{escape(heading)}</h4><table cellspacing='1'>{cells}</table>")
    inner = "".join(f"<td style='padding-right:24px' valign='top'>{''.join(column)}</td>" for column in columns)
    return f"<table width='100%'><tr>{inner}</tr></table>"
