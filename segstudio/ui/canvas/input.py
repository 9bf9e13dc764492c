"""Canvas input: translates mouse, tablet, wheel and key events into tool calls or view changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

from segstudio.app.state import State
from segstudio.tools.tool import Pointer
from segstudio.ui.canvas.transform import ViewTransform


class Surface(Protocol):
    """The part of the canvas that converts positions."""

    @property
    def view(self) -> ViewTransform: ...

    def to_image(self, at: QPointF) -> tuple[float, float]: ...


_REACH_PX = 8.0  # screen distance within which a handle is hit
_WHEEL_STEP = 1.25
_SIZE_STEP = 1.15
_ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
_SHIFT_NUDGE_PX = 10

PointerEvent = QMouseEvent | QTabletEvent


class CanvasInput(QObject):
    """The wheel zooms at the pointer; middle drag or Space + drag pans; the left and right buttons are the tool's.

    Ctrl + drag changes the size of a round tool. Filters the events of `canvas`; repaints nothing.
    """

    pointed = Signal(object)  # (x, y) in image pixels; None: the pointer left
    moved = Signal(object, object)  # from and to, on the canvas; None: outside
    panned = Signal(QPointF)
    zoomed = Signal(float, QPointF)
    changed = Signal()  # panning began or ended
    refused = Signal()  # the user tried to draw on an image that is read-only
    menu_asked = Signal(QPoint)  # right click with the select tool; global position
    delete_asked = Signal()  # the tool had no step to take back
    nudged = Signal(int, int)  # rows and columns, by an arrow key

    def __init__(self, state: State, canvas: QWidget, surface: Surface) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._state = state
        self._surface = surface
        self.at: QPointF | None = None
        self._pan_from: QPointF | None = None
        self._pan_button = Qt.MouseButton.NoButton
        self._pressed = Qt.MouseButton.NoButton
        self._size_from: tuple[QPointF, float] | None = None
        self._space = False
        canvas.installEventFilter(self)

    @property
    def panning(self) -> bool:
        return self._space or self.dragging_view

    @property
    def pressed(self) -> bool:
        """True while a button is held for the tool."""
        return self._pressed != Qt.MouseButton.NoButton

    @property
    def dragging_view(self) -> bool:
        return self._pan_from is not None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event:
            case QMouseEvent():
                self._on_pointer(event)
                return False
            case QTabletEvent():
                if event.type() == QEvent.Type.TabletPress:
                    self._canvas.setFocus()
                self._on_pointer(event)
                event.accept()  # otherwise Qt sends a mouse event without pressure after it
                return True
            case QWheelEvent():
                return self._on_wheel(event)
            case QKeyEvent() if not event.isAutoRepeat() or event.key() in _ARROWS:
                return self._on_key(event)
        if event.type() == QEvent.Type.Leave:
            self._move_to(None)
        elif event.type() == QEvent.Type.Enter:
            if not isinstance(QApplication.focusWidget(), (QLineEdit, QAbstractSpinBox)):
                self._canvas.setFocus()  # keys that are held go to the canvas under the pointer
        elif event.type() in (QEvent.Type.FocusOut, QEvent.Type.WindowDeactivate):
            self._release_keys()
        return False

    def _on_pointer(self, event: PointerEvent) -> None:
        match event.type():
            case QEvent.Type.MouseButtonPress | QEvent.Type.TabletPress:
                self._press(event)
            case QEvent.Type.MouseButtonDblClick:
                self._press(event)
                ends = event.button() == Qt.MouseButton.LeftButton and self._state.tool.info.ends_by_double_click
                if ends and not self.dragging_view:
                    self._act(self._state.tool.finish)
            case QEvent.Type.MouseMove | QEvent.Type.TabletMove:
                self._move(event)
            case QEvent.Type.MouseButtonRelease | QEvent.Type.TabletRelease:
                self._release(event)

    def _press(self, event: PointerEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space):
            self._pan_from, self._pan_button = event.position(), event.button()
            self.changed.emit()
        elif self._state.image is None:
            return
        elif left and self._resizes(event):
            self._size_from = event.position(), self._state.settings.radius_px
        elif left or (event.button() == Qt.MouseButton.RightButton and self._state.tool.info.has_second_button):
            if self._state.image.read_only:
                self.refused.emit()
            elif not self.pressed:
                self._surface.to_image(event.position())  # fixes the pane for the whole stroke
                self._pressed = event.button()
                self._act(self._state.tool.press, event)

    def _move(self, event: PointerEvent) -> None:
        if self._pan_from is not None:
            step = event.position() - self._pan_from
            self._pan_from = event.position()
            self.panned.emit(step)
        elif self._size_from is not None:
            start, radius = self._size_from
            self._state.choose(radius_px=radius + (event.position().x() - start.x()) / self._surface.view.zoom)
            return  # the ring stays where the drag began
        else:
            drawing = bool(event.buttons() & self._pressed)
            self._act(self._state.tool.move if drawing else self._state.tool.hover, event)
        self._move_to(event.position())

    def _release(self, event: PointerEvent) -> None:
        if self._pan_from is not None and event.button() == self._pan_button:
            self._pan_from = None
            self.changed.emit()
        elif self._size_from is not None:
            self._size_from = None
        elif event.button() == self._pressed != Qt.MouseButton.NoButton:
            self._act(self._state.tool.release, event)
            self._pressed = Qt.MouseButton.NoButton
            if event.button() == Qt.MouseButton.RightButton and self._state.tool.info.opens_menu:
                self.menu_asked.emit(event.globalPosition().toPoint())

    def _on_wheel(self, event: QWheelEvent) -> bool:
        steps = (event.angleDelta().y() or event.angleDelta().x()) / 120  # with Alt, Qt reports the wheel as horizontal
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._state.choose(radius_px=self._state.settings.radius_px * _SIZE_STEP**steps)
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
            case Qt.Key.Key_H if not (pressed and event.modifiers()):
                self._state.set_layers(replace(self._state.layers, held_hidden=pressed))
            case key if key in _ARROWS:
                if pressed:
                    rows, columns = _ARROWS[Qt.Key(key)]
                    step = _SHIFT_NUDGE_PX if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
                    self.nudged.emit(rows * step, columns * step)
            case _:
                return pressed and self._on_tool_key(event.key())
        return True

    def _on_tool_key(self, key: int) -> bool:
        tool = self._state.tool
        match key:
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                return self._act(tool.finish)
            case Qt.Key.Key_Escape:
                return self._act(tool.cancel)
            case Qt.Key.Key_Backspace | Qt.Key.Key_Delete:
                if not self._act(tool.step_back):
                    self.delete_asked.emit()
                return True
        return False

    def _resizes(self, event: PointerEvent) -> bool:
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        return control and self._state.tool.radius_px is not None

    def _act(self, method: Callable[..., object], event: PointerEvent | None = None) -> bool:
        """Let the active tool handle an event, with a pointer where there is one."""
        return self._state.use_tool(method, None if event is None else self._pointer(event))

    def _release_keys(self) -> None:
        """Forget held keys: their release goes to another widget."""
        self._space = False
        self._state.set_layers(replace(self._state.layers, held_hidden=False))
        self.changed.emit()

    def _move_to(self, at: QPointF | None) -> None:
        before, self.at = self.at, at
        self.moved.emit(before, at)
        self.pointed.emit(None if at is None else self._surface.to_image(at))

    def _pointer(self, event: PointerEvent) -> Pointer:
        modifiers = event.modifiers()
        x, y = self._surface.to_image(event.position())
        pen = isinstance(event, QTabletEvent) and event.type() != QEvent.Type.TabletRelease
        return Pointer(
            x,
            y,
            _REACH_PX / self._surface.view.zoom,
            shift=bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
            alt=bool(modifiers & Qt.KeyboardModifier.AltModifier),
            control=bool(modifiers & Qt.KeyboardModifier.ControlModifier),
            secondary=self._pressed == Qt.MouseButton.RightButton or _is_pen_eraser(event),
            pressure=float(event.pressure()) if pen and isinstance(event, QTabletEvent) else 1.0,
        )


def _is_pen_eraser(event: PointerEvent) -> bool:
    """True for the eraser end of a pen."""
    return isinstance(event, QTabletEvent) and event.pointerType() == QPointingDevice.PointerType.Eraser
