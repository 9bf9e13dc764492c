"""Welcome page, shown while no folder is open."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.ui.icons import icon


class Welcome(QWidget):
    open_asked = Signal()
    import_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        title = QLabel(self.tr("Open a folder of images to begin"))
        title.setProperty("large", True)
        quiet = QLabel(self.tr("labelme files beside the images are read. Nothing is written until you draw."))
        quiet.setProperty("quiet", True)
        self._button = QPushButton(self.tr("Open folder"))
        self._button.setDefault(True)
        self._button.clicked.connect(self.open_asked)
        self._import = QPushButton(self.tr("Import a dataset"))
        self._import.setToolTip(self.tr("COCO, VOC, CVAT, YOLO, Cityscapes, mask images and others"))
        self._import.clicked.connect(self.import_asked)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addStretch()
        for widget in (title, quiet, self._button, self._import):
            layout.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()

    def retheme(self) -> None:
        self._button.setIcon(icon("open"))
        self._import.setIcon(icon("import"))
