"""The strip above the canvas: what the tool in hand does, with which class, at which size."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QSpinBox, QWidget

from segstudio.core.classes import IGNORE, IGNORE_NAME
from segstudio.ui.panels.classes import swatch
from segstudio.ui.session import Session


class ToolStrip(QWidget):
    """Tool, class, size; shows and changes the session's choice."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._tool = QLabel()
        self._tool.setMinimumWidth(64)
        self._class = QComboBox()
        self._class.setMinimumWidth(140)
        self._class.setToolTip(self.tr("Class to draw with (digit keys)"))
        self._class.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._size = QSpinBox(minimum=1, maximum=2000)
        self._size.setSuffix(self.tr(" px"))
        self._size.setToolTip(self.tr("Diameter in picture pixels ( [ and ] )"))
        self._size.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(1, 300)
        self._slider.setFixedWidth(120)
        self._slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._slider.setAccessibleName(self.tr("Size"))
        self._size_word = QLabel(self.tr("Size"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 4)
        layout.setSpacing(8)
        for widget in (self._tool, QLabel(self.tr("Class")), self._class, self._size_word, self._size, self._slider):
            layout.addWidget(widget)
        layout.addStretch()
        self._class.activated.connect(self._on_class)
        self._size.valueChanged.connect(self._on_size)
        self._slider.valueChanged.connect(self._on_size)
        session.choice_changed.connect(self._show)
        session.classes_changed.connect(self._rebuild)
        session.project_changed.connect(self._rebuild)
        self._rebuild()

    def _rebuild(self) -> None:
        self._class.clear()
        for item in self._session.table:
            self._class.addItem(swatch(item.colour), f"{item.id}  {item.name}", item.id)
        self._class.addItem(swatch((224, 224, 192)), IGNORE_NAME, IGNORE)
        self._show()

    def _show(self) -> None:
        words = {"brush": self.tr("Brush"), "eraser": self.tr("Eraser"), "polygon": self.tr("Polygon")}
        self._tool.setText(f"<b>{words[self._session.tool.name]}</b>")
        self._class.setCurrentIndex(self._class.findData(self._session.choice.class_id))
        self._class.setEnabled(self._session.tool.name != "eraser")
        diameter = max(1, round(2 * self._session.choice.radius_px))
        for field in (self._size, self._slider):
            field.blockSignals(True)
            field.setValue(diameter)
            field.blockSignals(False)
        sized = self._session.tool.radius_px is not None
        for widget in (self._size_word, self._size, self._slider):
            widget.setVisible(sized)

    def _on_class(self) -> None:
        self._session.choose(class_id=self._class.currentData())

    def _on_size(self, diameter: int) -> None:
        self._session.choose(radius_px=diameter / 2)
