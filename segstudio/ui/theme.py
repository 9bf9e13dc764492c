"""Light and dark theme: greys, one accent colour, and a style sheet on top of Fusion."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from segstudio.ui.resources import resource_folder


@dataclass(frozen=True)
class Greys:
    """Colours of a theme, as #rrggbb."""

    window: str
    base: str
    canvas: str
    button: str
    text: str
    quiet: str
    line: str
    accent: str


LIGHT = Greys("#f4f4f5", "#ffffff", "#d4d4d8", "#ececee", "#18181b", "#63636c", "#d4d4d8", "#2563eb")
DARK = Greys("#26262a", "#1c1c1f", "#131315", "#323238", "#ececee", "#a1a1aa", "#3f3f46", "#4f8cff")


def apply_theme(app: QApplication, theme: str) -> None:
    """`theme` is system, light or dark."""
    dark = theme == "dark" or (theme == "system" and app.styleHints().colorScheme() == Qt.ColorScheme.Dark)
    greys = DARK if dark else LIGHT
    app.setStyle("Fusion")
    app.setPalette(_make_palette(greys))
    app.setStyleSheet(_make_style(greys))


def _make_palette(greys: Greys) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for roles, colour in (
        ((role.Window, role.AlternateBase, role.ToolTipBase), greys.window),
        ((role.Base,), greys.base),
        ((role.Dark,), greys.canvas),
        ((role.Button,), greys.button),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText), greys.text),
        ((role.PlaceholderText,), greys.quiet),
        ((role.Mid, role.Midlight), greys.line),
        ((role.Highlight, role.Link, role.Accent), greys.accent),
        ((role.HighlightedText,), "#ffffff"),
    ):
        for each in roles:
            palette.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(greys.quiet).darker(115))
    return palette


def _make_style(greys: Greys) -> str:
    folder = resource_folder()
    colours = {**asdict(greys), "tick": (folder / "tick.svg").as_posix()}
    return Template((folder / "style.qss").read_text("utf-8")).substitute(colours)
