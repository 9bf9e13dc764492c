"""The status bar: the tool's hint, where the pointer is, zoom, saved or not, and the training's loss."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar

from segstudio.core.classes import IGNORE, IGNORE_NAME, UNLABELLED
from segstudio.training.events import StepDone
from segstudio.ui.panels.training import duration
from segstudio.ui.session import Session


class StatusBar(QStatusBar):
    """Words on the left, figures on the right, each in its own place so that nothing jumps."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
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
        session.choice_changed.connect(self._show_hint)
        session.edited.connect(self._show_saved)
        session.image_changed.connect(self._show_saved)
        session.training_changed.connect(lambda: self._training.clear())
        self._show_hint()

    def show_zoom(self, zoom: float) -> None:
        self._zoom.setText(f"{zoom:.0%}")

    def show_pointer(self, at: tuple[float, float] | None) -> None:
        """Pixel under the pointer and the class it has."""
        image = self._session.image
        self._where.clear()
        if at is None or image is None:
            return
        x, y = int(at[0] // 1), int(at[1] // 1)
        height, width = image.document.plane.shape
        if 0 <= x < width and 0 <= y < height:
            value = image.pixels[y, x]
            shown = " ".join(str(each) for each in value[:4]) if value.ndim else str(value)
            name = self._name(int(image.document.plane[y, x]))
            self._where.setText(f"x {x}  y {y}   {shown}   {name}")

    def show_event(self, event: object) -> None:
        if isinstance(event, StepDone):
            left = self.tr(" · {} left").format(duration(event.left_s)) if event.left_s >= 0.5 else ""
            self._training.setText(self.tr("loss {:.3f}").format(event.loss) + left)

    def _name(self, class_id: int) -> str:
        if class_id == UNLABELLED:
            return "–"
        return IGNORE_NAME if class_id == IGNORE else self._session.table[class_id].name

    def _show_hint(self) -> None:
        hint = QCoreApplication.translate("Tool", self._session.tool.hint)
        self._hint.setText(hint)
        self._hint.setToolTip(hint)

    def _show_saved(self) -> None:
        image = self._session.image
        if image is None:
            self._saved.clear()
        elif image.read_only:
            self._saved.setText(self.tr("read-only"))
        else:
            self._saved.setText(self.tr("not saved") if image.dirty else self.tr("saved"))
