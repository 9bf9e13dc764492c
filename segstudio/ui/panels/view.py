"""View panel: label style and colours, comparison, brightness, contrast, gamma and window of values."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QSlider, QSpinBox, QWidget

from segstudio.app.display import Display
from segstudio.app.display_sliders import apply_positions, slider_positions
from segstudio.app.layers import BOTH, FILL, NO_COMPARE, OUTLINE, SAFE_COLOURS, SIDE_BY_SIDE, SWIPE
from segstudio.app.state import State
from segstudio.tools.options import N
from segstudio.ui.features.view import ViewFeature
from segstudio.ui.panels.panel import ANNOTATE, REVIEW, TRAIN, Panel, PanelInfo
from segstudio.ui.widgets import choose, make_button, make_combo, make_row, make_slider, set_silently


class ViewPanel(Panel):
    """Changes only the view, neither the labels nor the input of a model."""

    info = PanelInfo("view", N("Panel", "View"), "view", (ANNOTATE, TRAIN, REVIEW), scrolls=True)

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
        self._add_slider("brightness", self.tr("Brightness"))
        self._add_slider("contrast", self.tr("Contrast"))
        self._add_slider("gamma", self.tr("Gamma"))
        self._low, self._high = QSpinBox(maximum=65535), QSpinBox(maximum=65535)
        for field, word in ((self._low, self.tr("Black at")), (self._high, self.tr("White at"))):
            field.setAccessibleName(word)
            field.setKeyboardTracking(False)
            field.valueChanged.connect(self._on_window)
        row = self._grid.rowCount()
        self._window_label = QLabel(self.tr("Window"))
        self._window_label.setToolTip(self.tr("Pixel values shown as black and as white"))
        self._grid.addWidget(self._window_label, row, 0)
        self._grid.addLayout(make_row(self._low, self._high), row, 1)
        reset_tip = self.tr("Reset brightness, contrast, gamma and window")
        reset = make_button(self.tr("Reset"), lambda: view.set_display(Display()), reset_tip)
        self._grid.addWidget(reset, row + 1, 1)
        self._grid.setColumnStretch(1, 1)
        self._grid.setRowStretch(row + 2, 1)
        state.layers_changed.connect(self._show)
        state.image_changed.connect(self._show)
        self._show()

    def _add_choice(self, label: str, values: dict[str, str]) -> QComboBox:
        box = make_combo(values, label)
        self._add_row(label, box)
        return box

    def _add_slider(self, name: str, label: str) -> None:
        slider = self._sliders[name] = make_slider(-100, 100, label)
        slider.setObjectName(f"display-{name}")
        slider.valueChanged.connect(self._on_slider)
        self._add_row(label, slider)

    def _add_row(self, label: str, widget: QWidget) -> None:
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(label), row, 0)
        self._grid.addWidget(widget, row, 1)

    def _show(self) -> None:
        layers, image = self._state.layers, self._state.image
        choose(self._style, layers.style)
        choose(self._compare, layers.compare)
        self._compare.setEnabled(self._state.context.predicted is not None or layers.compare != NO_COMPARE)
        self._safe.setChecked(layers.palette == SAFE_COLOURS)
        for name, position in slider_positions(layers.display).items():
            set_silently(self._sliders[name], position)
        deep = image is not None and image.pixels.dtype.itemsize > 1
        for widget in (self._window_label, self._low, self._high):
            widget.setVisible(deep)
        if image is not None and deep:
            low, high = layers.display.window or image.extremes
            set_silently(self._low, low)
            set_silently(self._high, high)

    def _set_layer(self, name: str, value: object) -> None:
        self._state.set_layers(replace(self._state.layers, **{name: value}))  # type: ignore[arg-type]

    def _on_slider(self) -> None:
        positions = {name: slider.value() for name, slider in self._sliders.items()}
        self._view.set_display(apply_positions(self._state.layers.display, positions))

    def _on_window(self) -> None:
        window = self._low.value(), max(self._low.value() + 1, self._high.value())
        self._view.set_display(replace(self._state.layers.display, window=window))
        self._show()  # the field that was out of order, if the window is the same as before
