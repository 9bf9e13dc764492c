"""Message bar over the canvas: what happened, with its remedies as buttons."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QFrame, QPushButton, QSizePolicy, QWidget

from segstudio.ui.icons import icon
from segstudio.ui.widgets import make_label, make_row, make_tool_button

_SHOWN_MS = 6000
_MAX_WIDTH_PX, _GAP_PX, _SPACING_PX, _ICON_PX = 900, 12, 8, 18

_BREAK = "\u200b"  # QLabel wraps a long path or hash only at such a space without width
_LONG_WORD = re.compile(r"\S{16}(?=\S)")


@dataclass(frozen=True)
class Remedy:
    """A button beside the message."""

    text: str
    act: Callable[[], None]


class MessageBar(QFrame):
    """Shows one message at a time. A problem stays until it is closed; other messages disappear after a while."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messages")
        self._text = make_label(wrap=True)
        # a long path must not widen the window
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._buttons = (QPushButton(), QPushButton(), QPushButton())
        self._close = make_tool_button(self.tr("Close this message"))
        self._icon = make_label()
        make_row(self._icon, (self._text, 1), *self._buttons, self._close, within=self, margins=(10, 6, 6, 6))
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self._close.clicked.connect(self.hide)
        self._remedies: tuple[Remedy, ...] = ()
        self._top_px = 0
        for number, button in enumerate(self._buttons):
            button.clicked.connect(lambda _=False, number=number: self._on_remedy(number))
        self.hide()

    def float_over(self, parent: QWidget, top_px: int) -> None:
        """Float over the top of `parent`, so that nothing moves when a message appears or disappears."""
        self.setParent(parent)
        self._top_px = top_px
        parent.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        return False

    def _place(self) -> None:
        """As wide as the parent allows, and as high as the text needs."""
        parent = self.parentWidget()
        if parent is not None:
            width = min(_MAX_WIDTH_PX, parent.width() - 2 * _GAP_PX)
            beside = [widget for widget in (self._icon, *self._buttons, self._close) if not widget.isHidden()]
            used = sum(widget.sizeHint().width() + _SPACING_PX for widget in beside) + 2 * _SPACING_PX + _ICON_PX
            text_height = self._text.heightForWidth(max(100, width - used))
            height = max(text_height, *(widget.sizeHint().height() for widget in beside)) + 2 * _SPACING_PX
            self.setGeometry((parent.width() - width) // 2, self._top_px, width, height)

    @property
    def text(self) -> str:
        return self._text.text().replace(_BREAK, "") if not self.isHidden() else ""

    def inform(self, text: str, *remedies: Remedy) -> None:
        """Show information for a while; a problem that is still open is not replaced by it."""
        if not self.isHidden() and self.property("kind") == "problem":
            return
        self._show("info", text, remedies)
        self._timer.start(_SHOWN_MS)

    def warn(self, text: str, *remedies: Remedy) -> None:
        """Show a problem until it is closed, with up to three remedies."""
        self._timer.stop()
        self._show("problem", text, remedies)

    def dismiss(self, text: str) -> None:
        """Hide the message if it is `text`, which is no longer true."""
        if text and self.text == text:
            self.hide()

    def retheme(self) -> None:
        self._icon.setPixmap(icon(str(self.property("kind") or "info")).pixmap(_ICON_PX, _ICON_PX))
        self._close.setIcon(icon("close"))

    def _show(self, kind: str, text: str, remedies: tuple[Remedy, ...]) -> None:
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self.retheme()
        self._text.setText(_LONG_WORD.sub(lambda part: part[0] + _BREAK, text))
        self._remedies = remedies
        for number, button in enumerate(self._buttons):
            button.setVisible(number < len(remedies))
            button.setText(remedies[number].text if number < len(remedies) else "")
        self.show()
        self._place()
        self.raise_()

    def _on_remedy(self, number: int) -> None:
        self.hide()
        self._remedies[number].act()
