"""A thin bar over the canvas: what happened, and its remedy as a button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from segstudio.ui.icons import icon

_SHOWN_MS = 6000
_WIDEST_PX, _GAP_PX, _SPACE_PX, _SIGN_PX = 900, 12, 8, 18


@dataclass(frozen=True)
class Remedy:
    """A button beside the message."""

    text: str
    act: Callable[[], None]


class MessageBar(QFrame):
    """One message at a time; a problem stays until it is closed, anything else goes by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messages")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # a path may be long
        self._buttons = (QPushButton(), QPushButton(), QPushButton())
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setToolTip(self.tr("Close this message"))
        self._close.setAccessibleName(self.tr("Close this message"))
        self._sign = QLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        for widget in (self._sign, self._text, *self._buttons, self._close):
            layout.addWidget(widget)
        layout.setStretchFactor(self._text, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self._close.clicked.connect(self.hide)
        self._remedies: tuple[Remedy, ...] = ()
        self._top = 0
        for number, button in enumerate(self._buttons):
            button.clicked.connect(lambda _=False, number=number: self._on_remedy(number))
        self.hide()

    def float_over(self, place: QWidget, top_px: int) -> None:
        """Lie over the top of `place`, so that nothing below moves when a message comes or goes."""
        self.setParent(place)
        self._top = top_px
        place.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._settle()
        return False

    def _settle(self) -> None:
        """As wide as the place allows, and no higher than the text needs."""
        place = self.parentWidget()
        if place is not None:
            width = min(_WIDEST_PX, place.width() - 2 * _GAP_PX)
            shown = [each for each in (self._sign, *self._buttons, self._close) if not each.isHidden()]
            beside = sum(each.sizeHint().width() + _SPACE_PX for each in shown) + 2 * _SPACE_PX + _SIGN_PX
            lines = self._text.heightForWidth(max(100, width - beside))
            height = max(lines, *(each.sizeHint().height() for each in shown)) + 2 * _SPACE_PX
            self.setGeometry((place.width() - width) // 2, self._top, width, height)

    @property
    def text(self) -> str:
        return self._text.text() if not self.isHidden() else ""

    def tell(self, text: str, *remedies: Remedy) -> None:
        """Something worth knowing; it does not push a problem aside that nobody has closed yet."""
        if not self.isHidden() and self.property("kind") == "problem":
            return
        self._show("info", text, remedies)
        self._timer.start(_SHOWN_MS)

    def warn(self, text: str, *remedies: Remedy) -> None:
        """Something went wrong; up to three remedies."""
        self._timer.stop()
        self._show("problem", text, remedies)

    def dismiss(self, text: str) -> None:
        """What was said is no longer so."""
        if text and self.text == text:
            self.hide()

    def retheme(self) -> None:
        self._sign.setPixmap(icon(str(self.property("kind") or "info")).pixmap(18, 18))
        self._close.setIcon(icon("close"))

    def _show(self, kind: str, text: str, remedies: tuple[Remedy, ...]) -> None:
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self.retheme()
        self._text.setText(text)
        self._remedies = remedies
        for number, button in enumerate(self._buttons):
            button.setVisible(number < len(remedies))
            button.setText(remedies[number].text if number < len(remedies) else "")
        self.show()
        self._settle()
        self.raise_()

    def _on_remedy(self, number: int) -> None:
        self.hide()
        self._remedies[number].act()
