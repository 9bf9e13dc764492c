"""Navigator: a thumbnail in a corner of the canvas that shows the visible part and moves the view."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from segstudio.app.state import State
from segstudio.ui.canvas.painters import as_qimage
from segstudio.ui.canvas.view import Canvas

_LONGEST_PX = 170
_GAP_PX = 12


class Navigator(QWidget):
    """Shown in the lower right corner of the canvas while only a part of the image is visible."""

    def __init__(self, state: State, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._state = state
        self._canvas = canvas
        self._thumbnail = QPixmap()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Navigator"))
        canvas.installEventFilter(self)
        canvas.view_changed.connect(self._follow)
        state.image_changed.connect(self._rebuild)
        state.layers_changed.connect(self._follow)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._follow()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._thumbnail)
        frame = self._visible_rect()
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
        self._centre_at(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._centre_at(event)

    def _centre_at(self, event: QMouseEvent) -> None:
        scale = self._scale()
        self._canvas.centre_on(event.position().x() / scale, event.position().y() / scale)

    def _scale(self) -> float:
        """Navigator pixels per image pixel."""
        assert self._state.image is not None
        return self.width() / max(1, self._state.image.document.plane.shape[1])

    def _visible_rect(self) -> QRectF:
        box, scale = self._state.context.visible_box, self._scale()
        return QRectF(box.x0 * scale, box.y0 * scale, box.width * scale, box.height * scale)

    def _rebuild(self) -> None:
        image = self._state.image
        if image is not None:
            coarsest = as_qimage(image.levels[-1])
            size = coarsest.size().scaled(QSize(_LONGEST_PX, _LONGEST_PX), Qt.AspectRatioMode.KeepAspectRatio)
            size = size.expandedTo(QSize(8, 8))
            self.resize(size)
            smooth = Qt.TransformationMode.SmoothTransformation
            self._thumbnail = QPixmap.fromImage(coarsest.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
        self._follow()

    def _follow(self) -> None:
        image = self._state.image
        if image is None or not self._state.layers.navigator:
            self.hide()
            return
        height, width = image.document.plane.shape
        visible = self._state.context.visible_box
        self.setVisible(visible.height < height or visible.width < width)
        self.move(self._canvas.width() - self.width() - _GAP_PX, self._canvas.height() - self.height() - _GAP_PX)
        self.update()
