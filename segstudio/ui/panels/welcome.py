"""What stands in the middle while no folder is open."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.ui.icons import icon


class Welcome(QWidget):
    """One sentence, one button."""

    open_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        title = QLabel(self.tr("Open a folder of pictures to begin"))
        title.setProperty("large", True)
        quiet = QLabel(self.tr("Labels in labelme's format beside them are read; nothing is written until you draw."))
        quiet.setProperty("quiet", True)
        self._button = QPushButton(self.tr("Open folder"))
        self._button.setDefault(True)
        self._button.clicked.connect(self.open_asked)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addStretch()
        for widget in (title, quiet, self._button):
            layout.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()

    def retheme(self) -> None:
        self._button.setIcon(icon("open"))
