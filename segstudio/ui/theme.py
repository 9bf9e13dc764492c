"""Light and dark theme: greys, one accent colour, and a style sheet on top of Fusion."""

from __future__ import annotations

from dataclasses import dataclass

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


def _tick_path() -> str:
    return (resource_folder() / "tick.svg").as_posix()


def _make_style(greys: Greys) -> str:
    return f"""
    QWidget {{ font-size: 12px; }}
    QToolBar {{ border: 0; border-bottom: 1px solid {greys.line}; padding: 3px 6px; spacing: 2px; }}
    QToolBar::separator {{ background: {greys.line}; width: 1px; height: 1px; margin: 5px; }}
    QToolBar QToolButton {{ padding: 4px 6px; border: 1px solid transparent; border-radius: 4px; }}
    QToolBar QToolButton:hover {{ background: {greys.button}; border-color: {greys.line}; }}
    QToolBar QToolButton:checked {{ background: {greys.accent}; color: white; }}
    QDockWidget {{ font-weight: 600; }}
    QDockWidget::title {{ padding: 6px 8px; background: {greys.window}; border-bottom: 1px solid {greys.line}; }}
    QMainWindow::separator {{ background: {greys.line}; width: 1px; height: 1px; }}
    QStatusBar {{ border-top: 1px solid {greys.line}; }}
    QStatusBar::item {{ border: 0; }}
    QToolBar#tools QToolButton {{ padding: 3px; margin: 0px 3px; }}
    QToolBar#tools {{ spacing: 1px; padding: 2px 0px; }}
    QToolBar#tools::separator {{ height: 1px; margin: 3px 6px; }}
    QLabel[problem="true"] {{ color: #dc2626; }}
    QStatusBar QLabel {{ padding: 2px 6px; }}
    QCheckBox::indicator, QTreeView::indicator, QListView::indicator {{ width: 13px; height: 13px; border-radius: 3px;
        border: 1px solid {greys.quiet}; }}
    QCheckBox::indicator:checked, QTreeView::indicator:checked, QListView::indicator:checked {{
        image: url({_tick_path()}); background: {greys.accent}; border-color: {greys.accent}; }}
    QListView, QTableView, QTreeView {{ border: 0; }}
    QTreeView::item {{ padding: 3px 0; }}
    QHeaderView::section {{ background: {greys.window}; border: 0; padding: 2px 4px; }}
    QPushButton {{ padding: 4px 12px; }}
    QAbstractSpinBox {{ min-height: 20px; }}
    QToolButton#rules {{ padding-right: 14px; }}
    QLineEdit {{ border: 1px solid {greys.line}; border-radius: 3px; padding: 2px 4px; }}
    QLineEdit:focus {{ border-color: {greys.accent}; }}
    QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: 0; }}
    QLabel[quiet="true"] {{ color: {greys.quiet}; }}
    QLabel[large="true"] {{ font-size: 18px; font-weight: 600; }}
    QFrame#messages {{ background: {greys.base}; border: 1px solid {greys.accent}; border-radius: 6px; }}
    QFrame#messages[kind="problem"] {{ border-color: #dc2626; }}
    """
