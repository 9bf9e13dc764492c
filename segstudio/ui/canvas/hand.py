"""The hand on the canvas: mouse, wheel and keys become what a tool understands, or move the view."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from segstudio.tools.tool import Pointer
from segstudio.ui.canvas.transform import ViewTransform
from segstudio.ui.session import Session


class Surface(Protocol):
    """What the hand needs of the canvas."""

    @property
    def view(self) -> ViewTransform: ...


_REACH_PX = 8.0  # how near a handle counts as hit, on the screen
_WHEEL_STEP = 1.25
_SIZE_STEP = 1.15


class Hand(QObject):
    """Wheel zooms at the pointer; middle drag or Space and drag pans; the left button is the tool's.

    The hand watches the events of `canvas`, whose view is asked from `surface`; it repaints nothing itself.
    """

    pointed = Signal(object)  # (x, y) in picture pixels, or None when the pointer left
    moved = Signal(object, object)  # from and to, on the screen; None: outside
    panned = Signal(QPointF)
    zoomed = Signal(float, QPointF)
    changed = Signal()  # panning began or ended
    refused = Signal()  # the user tried to draw on a picture that is read-only

    def __init__(self, session: Session, canvas: QObject, surface: Surface) -> None:
        super().__init__(canvas)
        self._session = session
        self._surface = surface
        self.at: QPointF | None = None
        self._pan_from: QPointF | None = None
        self._pan_button = Qt.MouseButton.NoButton
        self._pressed = False
        self._space = False
        canvas.installEventFilter(self)

    @property
    def panning(self) -> bool:
        return self._space or self.dragging_view

    @property
    def dragging_view(self) -> bool:
        return self._pan_from is not None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event:
            case QMouseEvent():
                return self._on_mouse(event)
            case QWheelEvent():
                return self._on_wheel(event)
            case QKeyEvent() if not event.isAutoRepeat():
                return self._on_key(event)
        if event.type() == QEvent.Type.Leave:
            self._move_to(None)
        elif event.type() in (QEvent.Type.FocusOut, QEvent.Type.WindowDeactivate):
            self._let_go()
        return False

    def _on_mouse(self, event: QMouseEvent) -> bool:
        match event.type():
            case QEvent.Type.MouseButtonPress:
                self._press(event)
            case QEvent.Type.MouseButtonDblClick:
                self._press(event)
                if event.button() == Qt.MouseButton.LeftButton and not self.dragging_view:
                    self._finish()
            case QEvent.Type.MouseMove:
                self._move(event)
            case QEvent.Type.MouseButtonRelease:
                self._release(event)
        return False

    def _press(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space):
            self._pan_from, self._pan_button = event.position(), event.button()
            self.changed.emit()
        elif left and self._session.picture is not None:
            if self._session.picture.read_only:
                self.refused.emit()
                return
            self._pressed = True
            self._session.tool.press(self._session.picture.document, self._pointer(event))
            self._session.edited.emit()

    def _move(self, event: QMouseEvent) -> None:
        if self._pan_from is not None:
            step = event.position() - self._pan_from
            self._pan_from = event.position()
            self.panned.emit(step)
        elif self._session.picture is not None and not self._session.picture.read_only:
            drawing = self._pressed and bool(event.buttons() & Qt.MouseButton.LeftButton)
            act = self._session.tool.move if drawing else self._session.tool.hover
            act(self._session.picture.document, self._pointer(event))
        self._move_to(event.position())

    def _release(self, event: QMouseEvent) -> None:
        if self._pan_from is not None and event.button() == self._pan_button:
            self._pan_from = None
            self.changed.emit()
        elif event.button() == Qt.MouseButton.LeftButton and self._pressed and self._session.picture is not None:
            self._pressed = False
            self._session.tool.release(self._session.picture.document, self._pointer(event))
            self._session.edited.emit()

    def _on_wheel(self, event: QWheelEvent) -> bool:
        steps = (event.angleDelta().y() or event.angleDelta().x()) / 120  # Alt turns the wheel sideways
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._session.choose(radius_px=self._session.choice.radius_px * _SIZE_STEP**steps)
        elif steps:
            self.zoomed.emit(_WHEEL_STEP**steps, event.position())
        return True

    def _on_key(self, event: QKeyEvent) -> bool:
        if event.type() not in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return False
        pressed = event.type() == QEvent.Type.KeyPress
        match event.key():
            case Qt.Key.Key_Space:
                self._space = pressed
                self.changed.emit()
            case Qt.Key.Key_H:
                self._session.layers.held_hidden = pressed
                self._session.layers_changed.emit()
            case _:
                return pressed and self._on_tool_key(event.key())
        return True

    def _on_tool_key(self, key: int) -> bool:
        if self._session.picture is None or self._session.picture.read_only:
            return False
        document, tool = self._session.picture.document, self._session.tool
        match key:
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                tool.finish(document)
            case Qt.Key.Key_Escape:
                tool.cancel(document)
            case Qt.Key.Key_Backspace | Qt.Key.Key_Delete:
                tool.step_back(document)
            case _:
                return False
        self._session.edited.emit()
        return True

    def _let_go(self) -> None:
        """Keys that are released elsewhere are not heard of here."""
        self._space = False
        if self._session.layers.held_hidden:
            self._session.layers.held_hidden = False
            self._session.layers_changed.emit()
        self.changed.emit()

    def _finish(self) -> None:
        if self._session.picture is not None and not self._session.picture.read_only:
            self._session.tool.finish(self._session.picture.document)
            self._session.edited.emit()

    def _move_to(self, at: QPointF | None) -> None:
        before, self.at = self.at, at
        self.moved.emit(before, at)
        self.pointed.emit(None if at is None else self._surface.view.to_picture(at))

    def _pointer(self, event: QMouseEvent) -> Pointer:
        view, held = self._surface.view, event.modifiers()
        x, y = view.to_picture(event.position())
        return Pointer(
            x,
            y,
            _REACH_PX / view.zoom,
            shift=bool(held & Qt.KeyboardModifier.ShiftModifier),
            alt=bool(held & Qt.KeyboardModifier.AltModifier),
            control=bool(held & Qt.KeyboardModifier.ControlModifier),
        )
