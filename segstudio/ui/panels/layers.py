"""Which layers lie over the image, and how strongly."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QSlider, QWidget

from segstudio.app.layers import ENTROPY, ERRORS, HEAT, LABELS, PREDICTION
from segstudio.ui.session import Session


class LayersPanel(QWidget):
    """A switch and an opacity for labels, prediction, heat and errors; the heat's class below it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._boxes: dict[str, QCheckBox] = {}
        self._sliders: dict[str, QSlider] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 8, 8, 8)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        words = {
            LABELS: self.tr("Labels"),
            PREDICTION: self.tr("Prediction"),
            HEAT: self.tr("Heat"),
            ERRORS: self.tr("Errors"),
        }
        for line, (name, word) in enumerate(words.items()):
            grid.addWidget(self._box(name, word), line, 0)
            grid.addWidget(self._slider(name, word), line, 1)
        self._heat_of = QComboBox()
        self._heat_of.setToolTip(self.tr("What the heat shows"))
        self._heat_of.activated.connect(self._on_heat_of)
        grid.addWidget(QLabel(self.tr("Heat of")), len(words), 0)
        grid.addWidget(self._heat_of, len(words), 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(words) + 1, 1)
        session.layers_changed.connect(self._show)
        session.prediction_changed.connect(self._show)
        session.image_changed.connect(self._show)
        self._show()

    def _box(self, name: str, word: str) -> QCheckBox:
        box = QCheckBox(word)
        box.setObjectName(f"layer-{name}")
        box.toggled.connect(lambda on: self._on_toggled(name, on))
        self._boxes[name] = box
        return box

    def _slider(self, name: str, word: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setAccessibleName(self.tr("Opacity of {}").format(word))
        slider.setToolTip(self.tr("Opacity"))
        slider.valueChanged.connect(lambda value: self._on_opacity(name, value))
        self._sliders[name] = slider
        return slider

    def _show(self) -> None:
        prediction = self._session.image.prediction if self._session.image else None
        for name, box in self._boxes.items():
            layer = self._session.layers.named(name)
            for widget in (box, self._sliders[name]):
                widget.blockSignals(True)
            box.setChecked(layer.visible)
            self._sliders[name].setValue(round(layer.opacity * 100))
            for widget in (box, self._sliders[name]):
                widget.blockSignals(False)
        choices = [ENTROPY, *(prediction.classes if prediction is not None else ())]
        if [self._heat_of.itemText(i) for i in range(self._heat_of.count())] != choices:
            self._heat_of.clear()
            self._heat_of.addItems(choices)
        self._heat_of.setCurrentText(self._session.layers.heat_of)

    def _on_toggled(self, name: str, on: bool) -> None:
        self._session.layers.named(name).visible = on
        self._session.layers_changed.emit()

    def _on_opacity(self, name: str, value: int) -> None:
        self._session.layers.named(name).opacity = value / 100
        self._session.layers_changed.emit()

    def _on_heat_of(self) -> None:
        self._session.layers.heat_of = self._heat_of.currentText()
        self._session.layers.heat.visible = True
        self._session.layers_changed.emit()
