"""A small image in the corner that shows which part is in view, and moves it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from segstudio.ui.canvas.items import image_image
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.session import Session

_LONGEST_PX = 170
_GAP_PX = 12


class Navigator(QWidget):
    """Stands in the canvas's lower right corner while only a part of the image is seen."""

    def __init__(self, session: Session, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._session = session
        self._canvas = canvas
        self._thumb = QPixmap()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Navigator"))
        canvas.installEventFilter(self)
        canvas.view_changed.connect(self._follow)
        session.image_changed.connect(self._rebuild)
        session.layers_changed.connect(self._follow)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._follow()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._thumb)
        frame = self._seen()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        shade = QColor(0, 0, 0, 110)
        painter.fillRect(QRectF(0, 0, self.width(), frame.top()), shade)
        painter.fillRect(QRectF(0, frame.bottom(), self.width(), self.height() - frame.bottom()), shade)
        painter.fillRect(QRectF(0, frame.top(), frame.left(), frame.height()), shade)
        painter.fillRect(QRectF(frame.right(), frame.top(), self.width() - frame.right(), frame.height()), shade)
        painter.setPen(QPen(QColor(255, 255, 255), 1.5))
        painter.drawRect(frame)
        painter.setPen(QPen(QColor(0, 0, 0, 160), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        scale = self._scale()
        self._canvas.centre_on(event.position().x() / scale, event.position().y() / scale)

    def _scale(self) -> float:
        """Its own pixels for each image pixel."""
        assert self._session.image is not None
        return self.width() / max(1, self._session.image.document.plane.shape[1])

    def _seen(self) -> QRectF:
        seen, scale = self._session.sight.seen, self._scale()
        return QRectF(seen.x0 * scale, seen.y0 * scale, seen.width * scale, seen.height * scale)

    def _rebuild(self) -> None:
        image = self._session.image
        if image is not None:
            coarsest = image_image(image.levels[-1])
            size = coarsest.size().scaled(QSize(_LONGEST_PX, _LONGEST_PX), Qt.AspectRatioMode.KeepAspectRatio)
            size = size.expandedTo(QSize(8, 8))
            self.resize(size)
            smooth = Qt.TransformationMode.SmoothTransformation
            self._thumb = QPixmap.fromImage(coarsest.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
        self._follow()

    def _follow(self) -> None:
        image = self._session.image
        if image is None or not self._session.layers.navigator:
            self.hide()
            return
        height, width = image.document.plane.shape
        seen = self._session.sight.seen
        self.setVisible(seen.height < height or seen.width < width)
        self.move(self._canvas.width() - self.width() - _GAP_PX, self._canvas.height() - self.height() - _GAP_PX)
        self.update()
