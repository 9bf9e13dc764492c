"""Status bar: hint of the tool, position and value of the pointer, zoom, whether labels are saved, and loss."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar

from segstudio.app.pixel_text import describe_pixel
from segstudio.app.run_table import format_duration
from segstudio.app.state import State
from segstudio.training.events import StepDone


class StatusBar(QStatusBar):
    """The hint on the left, numbers on the right; fixed widths, so that nothing jumps."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self.setSizeGripEnabled(False)
        self._hint = QLabel()
        self._hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._where = QLabel()
        self._zoom = QLabel()
        self._saved = QLabel()
        self._training = QLabel()
        self.addWidget(self._hint, 1)
        for label, width in ((self._where, 230), (self._zoom, 56), (self._saved, 86), (self._training, 150)):
            label.setMinimumWidth(width)
            self.addPermanentWidget(label)
        state.tool_changed.connect(self._show_hint)
        state.workspace.changed.connect(lambda item: self._show_saved())
        state.image_changed.connect(self._show_saved)
        state.training_changed.connect(lambda: self._training.clear())
        self._show_hint()

    def show_zoom(self, zoom: float) -> None:
        self._zoom.setText(f"{zoom:.0%}")

    def show_pointer(self, at: tuple[float, float] | None) -> None:
        """Show the pixel under the pointer and its class."""
        text = "" if at is None else describe_pixel(self._state, *at)
        self._where.setText(text)

    def show_event(self, event: object) -> None:
        if isinstance(event, StepDone):
            left = self.tr(" · {} left").format(format_duration(event.remaining_s)) if event.remaining_s >= 0.5 else ""
            self._training.setText(self.tr("loss {:.3f}").format(event.loss) + left)

    def _show_hint(self) -> None:
        hint = QCoreApplication.translate("Tool", self._state.tool.info.hint)
        self._hint.setText(hint)
        self._hint.setToolTip(hint)

    def _show_saved(self) -> None:
        image = self._state.image
        if image is None:
            self._saved.clear()
        elif image.read_only:
            self._saved.setText(self.tr("read-only"))
        else:
            self._saved.setText(self.tr("not saved") if self._state.unsaved else self.tr("saved"))
