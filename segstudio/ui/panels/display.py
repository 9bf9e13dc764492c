"""How image and labels are shown: style, colours, comparison, brightness, contrast, gamma, window."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QWidget,
)

from segstudio.app.display import Display
from segstudio.app.layers import BOTH, FILL, NO_COMPARE, OUTLINE, SAFE_COLOURS, SIDE_BY_SIDE, SWIPE
from segstudio.ui.features.display import DisplayFlow
from segstudio.ui.features.seeing import SeeingFlow
from segstudio.ui.session import Session


class DisplayPanel(QWidget):
    """View only: nothing here changes labels or what a model sees."""

    def __init__(self, session: Session, seeing: SeeingFlow, showing: DisplayFlow) -> None:
        super().__init__()
        self._session = session
        self._showing = showing
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(8, 8, 8, 8)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(6)
        self._style = self._choice(
            self.tr("Labels"), {FILL: self.tr("filled"), OUTLINE: self.tr("outlined"), BOTH: self.tr("both")}
        )
        self._style.activated.connect(lambda: self._set_layer("style", self._style.currentData()))
        words = {NO_COMPARE: self.tr("off"), SWIPE: self.tr("swipe"), SIDE_BY_SIDE: self.tr("side by side")}
        self._compare = self._choice(self.tr("Compare"), words)
        self._compare.setToolTip(self.tr("Labels on the left, prediction on the right"))
        self._compare.activated.connect(lambda: self._set_layer("compare", self._compare.currentData()))
        self._safe = QCheckBox(self.tr("Colours for colour-blind eyes"))
        self._safe.clicked.connect(seeing.toggle_palette)
        self._grid.addWidget(self._safe, self._grid.rowCount(), 1)
        self._sliders: dict[str, QSlider] = {}
        self._slider("brightness", self.tr("Brightness"), -100, 100)
        self._slider("contrast", self.tr("Contrast"), -100, 100)
        self._slider("gamma", self.tr("Gamma"), -100, 100)
        self._low, self._high = QSpinBox(maximum=65535), QSpinBox(maximum=65535)
        between = QHBoxLayout()
        for field, word in ((self._low, self.tr("Black at")), (self._high, self.tr("White at"))):
            field.setAccessibleName(word)
            field.setKeyboardTracking(False)
            field.valueChanged.connect(self._on_window)
            between.addWidget(field)
        row = self._grid.rowCount()
        self._window_word = QLabel(self.tr("Window"))
        self._window_word.setToolTip(self.tr("Values that are shown from black to white"))
        self._grid.addWidget(self._window_word, row, 0)
        self._grid.addLayout(between, row, 1)
        self._reset = QPushButton(self.tr("As in the file"))
        self._reset.clicked.connect(showing.reset)
        self._grid.addWidget(self._reset, row + 1, 1)
        self._grid.setColumnStretch(1, 1)
        self._grid.setRowStretch(row + 2, 1)
        session.layers_changed.connect(self._show)
        session.image_changed.connect(self._show)
        self._show()

    def _choice(self, word: str, values: dict[str, str]) -> QComboBox:
        box = QComboBox()
        for key, text in values.items():
            box.addItem(text, key)
        box.setAccessibleName(word)
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(word), row, 0)
        self._grid.addWidget(box, row, 1)
        return box

    def _slider(self, name: str, word: str, low: int, high: int) -> None:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(low, high)
        slider.setAccessibleName(word)
        slider.setObjectName(f"display-{name}")
        slider.valueChanged.connect(self._on_slid)
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(word), row, 0)
        self._grid.addWidget(slider, row, 1)
        self._sliders[name] = slider

    def _show(self) -> None:
        layers, image = self._session.layers, self._session.image
        self._style.setCurrentIndex(self._style.findData(layers.style))
        self._compare.setCurrentIndex(self._compare.findData(layers.compare))
        self._compare.setEnabled(self._session.sight.predicted is not None or layers.compare != NO_COMPARE)
        self._safe.setChecked(layers.palette == SAFE_COLOURS)
        for name, slider in self._sliders.items():
            slider.blockSignals(True)
            slider.setValue(_position(name, layers.display))
            slider.blockSignals(False)
        deep = image is not None and image.pixels.dtype.itemsize > 1
        for widget in (self._window_word, self._low, self._high):
            widget.setVisible(deep)
        if image is not None and deep:
            low, high = layers.display.window or image.extremes
            for field, value in ((self._low, low), (self._high, high)):
                field.blockSignals(True)
                field.setValue(value)
                field.blockSignals(False)

    def _set_layer(self, name: str, value: object) -> None:
        setattr(self._session.layers, name, value)
        self._session.layers_changed.emit()

    def _on_slid(self) -> None:
        values = {name: slider.value() / 100 for name, slider in self._sliders.items()}
        display = replace(
            self._session.layers.display,
            brightness=values["brightness"],
            contrast=values["contrast"],
            gamma=4.0 ** values["gamma"],
        )
        self._showing.set(display)

    def _on_window(self) -> None:
        window = self._low.value(), max(self._low.value() + 1, self._high.value())
        self._showing.set(replace(self._session.layers.display, window=window))


def scrolled(panel: QWidget) -> QScrollArea:
    """A panel that may be shown lower than it is."""
    area = QScrollArea()
    area.setWidget(panel)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def _position(name: str, display: Display) -> int:
    """Where a slider stands; gamma from a quarter to four, one in the middle."""

    positions: dict[str, Callable[[], float]] = {
        "brightness": lambda: display.brightness,
        "contrast": lambda: display.contrast,
        "gamma": lambda: math.log(display.gamma, 4),
    }
    return round(positions[name]() * 100)
