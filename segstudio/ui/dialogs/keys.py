"""The keys of the moment: what the tool in hand and the window hear now."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

Section = tuple[str, Sequence[tuple[str, str]]]  # heading; keys and what they do

_COLUMNS = 3


class KeySheet(QDialog):
    """Reads like a card; closes with Esc or the key that opened it."""

    def __init__(self, heading: str, hint: str, sections: Sequence[Section], window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keys of the moment"))
        page = QTextBrowser()
        page.setAccessibleName(self.tr("Keys"))
        page.setHtml(f"<h3>{escape(heading)}</h3><p>{escape(hint)}</p>{_table(sections)}")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(page)
        layout.addWidget(buttons)
        self.resize(980, 640)


def _table(sections: Sequence[Section]) -> str:
    """Sections down the columns, as evenly as their lengths allow."""
    columns: list[list[str]] = [[] for _ in range(_COLUMNS)]
    heights = [0] * _COLUMNS
    for heading, rows in sections:
        place = heights.index(min(heights))
        heights[place] += len(rows) + 2
        cells = "".join(
            f"<tr><td style='padding-right:10px'><b>{escape(keys)}</b></td><td>{escape(text)}</td></tr>"
            for keys, text in rows
        )
        columns[place].append(f"<h4>{escape(heading)}</h4><table cellspacing='1'>{cells}</table>")
    inner = "".join(f"<td style='padding-right:24px' valign='top'>{''.join(column)}</td>" for column in columns)
    return f"<table width='100%'><tr>{inner}</tr></table>"
