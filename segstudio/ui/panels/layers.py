"""Layers panel: visibility and opacity of the layers over the image."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QSlider

from segstudio.app.layers import ERRORS, LABELS, PREDICTION, PROBABILITY_MAP, UNCERTAINTY
from segstudio.app.state import State
from segstudio.tools.options import N
from segstudio.ui.panels.panel import ANNOTATE, REVIEW, TRAIN, Panel, PanelInfo
from segstudio.ui.widgets import make_combo, make_slider, set_silently


class LayersPanel(Panel):
    """A switch and an opacity for each layer; below them the class whose probability map is shown."""

    info = PanelInfo("layers", N("Panel", "Layers"), "view", (ANNOTATE, TRAIN, REVIEW), 210)

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._boxes: dict[str, QCheckBox] = {}
        self._sliders: dict[str, QSlider] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 8, 8, 8)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        titles = {
            LABELS: self.tr("Labels"),
            PREDICTION: self.tr("Prediction"),
            PROBABILITY_MAP: self.tr("Probability map"),
            ERRORS: self.tr("Errors"),
        }
        for row, (name, title) in enumerate(titles.items()):
            grid.addWidget(self._make_box(name, title), row, 0)
            grid.addWidget(self._make_slider(name, title), row, 1)
        tip = self.tr("Class whose probability is shown, or the uncertainty")
        self._probability_of = make_combo({}, tip=tip)
        self._probability_of.activated.connect(self._on_probability_of)
        grid.addWidget(QLabel(self.tr("Probability of")), len(titles), 0)
        grid.addWidget(self._probability_of, len(titles), 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(titles) + 1, 1)
        state.layers_changed.connect(self._show)
        state.prediction_changed.connect(self._show)
        state.image_changed.connect(self._show)
        self._show()

    def _make_box(self, name: str, title: str) -> QCheckBox:
        box = QCheckBox(title)
        box.setObjectName(f"layer-{name}")
        box.toggled.connect(lambda on: self._on_toggled(name, on))
        self._boxes[name] = box
        return box

    def _make_slider(self, name: str, title: str) -> QSlider:
        slider = make_slider(0, 100, self.tr("Opacity of {}").format(title), self.tr("Opacity"))
        slider.valueChanged.connect(lambda value: self._on_opacity(name, value))
        self._sliders[name] = slider
        return slider

    def _show(self) -> None:
        prediction = self._state.image.prediction if self._state.image else None
        for name, box in self._boxes.items():
            layer = self._state.layers.named(name)
            set_silently(box, layer.visible)
            set_silently(self._sliders[name], layer.opacity * 100)
        choices = [UNCERTAINTY, *(prediction.classes if prediction is not None else ())]
        if [self._probability_of.itemText(i) for i in range(self._probability_of.count())] != choices:
            self._probability_of.clear()
            self._probability_of.addItems(choices)
        self._probability_of.setCurrentText(self._state.layers.probability_of)

    def _on_toggled(self, name: str, on: bool) -> None:
        self._state.set_layers(self._state.layers.with_layer(name, visible=on))

    def _on_opacity(self, name: str, value: int) -> None:
        self._state.set_layers(self._state.layers.with_layer(name, opacity=value / 100))

    def _on_probability_of(self) -> None:
        layers = replace(self._state.layers, probability_of=self._probability_of.currentText())
        self._state.set_layers(layers.with_layer(PROBABILITY_MAP, visible=True))
