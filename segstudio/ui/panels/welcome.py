"""Welcome page, shown while no folder is open."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from segstudio.ui.icons import icon
from segstudio.ui.widgets import STRETCH, make_button, make_column, make_label


class Welcome(QWidget):
    open_asked = Signal()
    import_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        title = make_label(self.tr("Open a folder of images to begin"), "large")
        text = self.tr("labelme files beside the images are read. Nothing is written until you draw.")
        self._button = make_button(self.tr("Open folder"), self.open_asked)
        self._button.setDefault(True)
        tip = self.tr("COCO, VOC, CVAT, YOLO, Cityscapes, mask images and others")
        self._import = make_button(self.tr("Import a dataset"), self.import_asked, tip)
        parts = (title, make_label(text, "quiet"), self._button, self._import)
        layout = make_column(STRETCH, *parts, STRETCH, within=self, spacing_px=12)
        for part in parts:
            layout.setAlignment(part, Qt.AlignmentFlag.AlignHCenter)

    def retheme(self) -> None:
        self._button.setIcon(icon("open"))
        self._import.setIcon(icon("import"))
