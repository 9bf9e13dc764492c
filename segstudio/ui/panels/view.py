"""View panel: label style and colours, comparison, brightness, contrast, gamma and window of values."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt
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
from segstudio.app.state import State
from segstudio.ui.features.view import ViewFeature


class ViewPanel(QWidget):
    """Changes only the view, neither the labels nor the input of a model."""

    def __init__(self, state: State, view: ViewFeature) -> None:
        super().__init__()
        self._state = state
        self._view = view
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(8, 8, 8, 8)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(6)
        self._style = self._add_choice(
            self.tr("Labels"), {FILL: self.tr("filled"), OUTLINE: self.tr("outlined"), BOTH: self.tr("both")}
        )
        self._style.activated.connect(lambda: self._set_layer("style", self._style.currentData()))
        words = {NO_COMPARE: self.tr("off"), SWIPE: self.tr("swipe"), SIDE_BY_SIDE: self.tr("side by side")}
        self._compare = self._add_choice(self.tr("Compare"), words)
        self._compare.setToolTip(self.tr("Labels on the left, prediction on the right"))
        self._compare.activated.connect(lambda: self._set_layer("compare", self._compare.currentData()))
        self._safe = QCheckBox(self.tr("Colour-blind safe colours"))
        self._safe.clicked.connect(view.toggle_palette)
        self._grid.addWidget(self._safe, self._grid.rowCount(), 1)
        self._sliders: dict[str, QSlider] = {}
        self._add_slider("brightness", self.tr("Brightness"), -100, 100)
        self._add_slider("contrast", self.tr("Contrast"), -100, 100)
        self._add_slider("gamma", self.tr("Gamma"), -100, 100)
        self._low, self._high = QSpinBox(maximum=65535), QSpinBox(maximum=65535)
        between = QHBoxLayout()
        for field, word in ((self._low, self.tr("Black at")), (self._high, self.tr("White at"))):
            field.setAccessibleName(word)
            field.setKeyboardTracking(False)
            field.valueChanged.connect(self._on_window)
            between.addWidget(field)
        row = self._grid.rowCount()
        self._window_label = QLabel(self.tr("Window"))
        self._window_label.setToolTip(self.tr("Pixel values shown as black and as white"))
        self._grid.addWidget(self._window_label, row, 0)
        self._grid.addLayout(between, row, 1)
        self._reset = QPushButton(self.tr("Reset"))
        self._reset.setToolTip(self.tr("Reset brightness, contrast, gamma and window"))
        self._reset.clicked.connect(lambda: view.set_display(Display()))
        self._grid.addWidget(self._reset, row + 1, 1)
        self._grid.setColumnStretch(1, 1)
        self._grid.setRowStretch(row + 2, 1)
        state.layers_changed.connect(self._show)
        state.image_changed.connect(self._show)
        self._show()

    def _add_choice(self, label: str, values: dict[str, str]) -> QComboBox:
        box = QComboBox()
        for key, text in values.items():
            box.addItem(text, key)
        box.setAccessibleName(label)
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(label), row, 0)
        self._grid.addWidget(box, row, 1)
        return box

    def _add_slider(self, name: str, label: str, low: int, high: int) -> None:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(low, high)
        slider.setAccessibleName(label)
        slider.setObjectName(f"display-{name}")
        slider.valueChanged.connect(self._on_slider)
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(label), row, 0)
        self._grid.addWidget(slider, row, 1)
        self._sliders[name] = slider

    def _show(self) -> None:
        layers, image = self._state.layers, self._state.image
        self._style.setCurrentIndex(self._style.findData(layers.style))
        self._compare.setCurrentIndex(self._compare.findData(layers.compare))
        self._compare.setEnabled(self._state.context.predicted is not None or layers.compare != NO_COMPARE)
        self._safe.setChecked(layers.palette == SAFE_COLOURS)
        positions = _slider_positions(layers.display)
        for name, slider in self._sliders.items():
            with QSignalBlocker(slider):
                slider.setValue(positions[name])
        deep = image is not None and image.pixels.dtype.itemsize > 1
        for widget in (self._window_label, self._low, self._high):
            widget.setVisible(deep)
        if image is not None and deep:
            low, high = layers.display.window or image.extremes
            for field, value in ((self._low, low), (self._high, high)):
                with QSignalBlocker(field):
                    field.setValue(value)

    def _set_layer(self, name: str, value: object) -> None:
        self._state.set_layers(replace(self._state.layers, **{name: value}))  # type: ignore[arg-type]

    def _on_slider(self) -> None:
        values = {name: slider.value() / 100 for name, slider in self._sliders.items()}
        display = replace(
            self._state.layers.display,
            brightness=values["brightness"],
            contrast=values["contrast"],
            gamma=4.0 ** values["gamma"],
        )
        self._view.set_display(display)

    def _on_window(self) -> None:
        window = self._low.value(), max(self._low.value() + 1, self._high.value())
        self._view.set_display(replace(self._state.layers.display, window=window))


def make_scrollable(panel: QWidget) -> QScrollArea:
    """A scroll area with the panel, so that it can be lower than the panel."""
    area = QScrollArea()
    area.setWidget(panel)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def _slider_positions(display: Display) -> dict[str, int]:
    """From -100 to 100; gamma from 1/4 to 4 on a logarithmic scale."""
    shares = {"brightness": display.brightness, "contrast": display.contrast, "gamma": math.log(display.gamma, 4)}
    return {name: round(share * 100) for name, share in shares.items()}
