"""A thin bar over the canvas: what happened, and its remedy as a button."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from segstudio.ui.icons import icon

_SHOWN_MS = 6000


class MessageBar(QFrame):
    """One message at a time; a problem stays until it is closed, anything else goes by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messages")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # a path may be long
        self._remedy = QPushButton()
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setToolTip(self.tr("Close this message"))
        self._sign = QLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        for widget in (self._sign, self._text, self._remedy, self._close):
            layout.addWidget(widget)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self._close.clicked.connect(self.hide)
        self._act: Callable[[], None] = self.hide
        self._remedy.clicked.connect(self._on_remedy)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text() if not self.isHidden() else ""

    def tell(self, text: str, remedy: str = "", act: Callable[[], None] | None = None) -> None:
        """Something worth knowing; it does not push a problem aside that nobody has closed yet."""
        if not self.isHidden() and self.property("kind") == "problem":
            return
        self._show("info", text, remedy, act)
        self._timer.start(_SHOWN_MS)

    def warn(self, text: str, remedy: str = "", act: Callable[[], None] | None = None) -> None:
        """Something went wrong."""
        self._timer.stop()
        self._show("problem", text, remedy, act)

    def retheme(self) -> None:
        self._sign.setPixmap(icon(str(self.property("kind") or "info")).pixmap(18, 18))
        self._close.setIcon(icon("close"))

    def _show(self, kind: str, text: str, remedy: str, act: Callable[[], None] | None) -> None:
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self.retheme()
        self._text.setText(text)
        self._remedy.setText(remedy)
        self._remedy.setVisible(bool(remedy))
        self._act = act or self.hide
        self.show()
        self.raise_()

    def _on_remedy(self) -> None:
        self.hide()
        self._act()
