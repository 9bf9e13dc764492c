"""Tool strip above the canvas: the active tool, the current class and the options of the tool."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QSlider, QSpinBox, QWidget

from segstudio.app.state import State
from segstudio.assist.weights import MODELS
from segstudio.core.classes import IGNORE, IGNORE_NAME
from segstudio.tools.options import MODEL, RULES, RadiusOption
from segstudio.ui.features.assist import AssistFeature
from segstudio.ui.panels.classes import make_swatch
from segstudio.ui.panels.rules import RulesButton
from segstudio.ui.panels.tool_options import option_widgets


class ToolStrip(QScrollArea):
    """Shows and changes the tool settings; scrolls where the window is too narrow."""

    def __init__(self, state: State, assisting: AssistFeature) -> None:
        super().__init__()
        self._state = state
        self._tool = QLabel()
        self._class = QComboBox()
        self._class.setFixedWidth(118)
        self._class.setToolTip(self.tr("Current class (digit keys)"))
        self._class.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._class.setAccessibleName(self.tr("Class"))
        self._model = QComboBox()
        for name, title in MODELS:
            self._model.addItem(title, name)
        self._model.setCurrentIndex(self._model.findData(assisting.model))
        self._model.setToolTip(self.tr("Model for AI clicks; downloads are shared with labelme"))
        self._model.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._model.activated.connect(lambda: assisting.choose_model(self._model.currentData()))
        self._make_size()
        self._rules = RulesButton(state)
        self._options = option_widgets(state)
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setContentsMargins(10, 4, 10, 4)
        row.setSpacing(8)
        sized = (self._size, self._slider)
        for widget in (self._tool, self._class, self._model, *sized, *self._options.values(), self._rules):
            row.addWidget(widget)
        row.addStretch()
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedHeight(inner.sizeHint().height() + 4)
        self._class.activated.connect(lambda: state.choose(class_id=self._class.currentData()))
        state.tool_changed.connect(self._show)
        state.tool_used.connect(self._show_numbers)
        state.classes_changed.connect(self._rebuild)
        state.project_changed.connect(self._rebuild)
        state.layers_changed.connect(self._on_layers)
        self._rebuild()

    def _make_size(self) -> None:
        self._size = QSpinBox(minimum=1, maximum=2000)
        self._size.setSuffix(self.tr(" px"))
        self._size.setToolTip(self.tr("Diameter in image pixels ([ and ], Alt + wheel, Ctrl + drag)"))
        self._size.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._size.setAccessibleName(self.tr("Size"))
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(1, 300)
        self._slider.setFixedWidth(64)
        self._slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._slider.setAccessibleName(self.tr("Size"))
        for field in (self._size, self._slider):
            field.valueChanged.connect(lambda diameter: self._state.choose(radius_px=diameter / 2))

    def _on_layers(self) -> None:
        if self._palette != self._state.layers.palette:
            self._rebuild()

    def _rebuild(self) -> None:
        self._palette = self._state.layers.palette
        table, layers = self._state.table, self._state.layers
        self._class.clear()
        for item in table:
            self._class.addItem(make_swatch(layers.colour_of(table, item.id)), f"{item.id}  {item.name}", item.id)
        self._class.addItem(make_swatch((224, 224, 192)), IGNORE_NAME, IGNORE)
        self._show()

    def _show(self) -> None:
        info = self._state.tool.info
        self._tool.setText(f"<b>{QCoreApplication.translate('Tool', info.title)}</b>")
        self._class.setCurrentIndex(self._class.findData(self._state.settings.class_id))
        self._class.setVisible(info.needs_class)
        diameter = max(1, round(2 * self._state.settings.radius_px))
        for field in (self._size, self._slider):
            with QSignalBlocker(field):
                field.setValue(diameter)
        radius = next((option for option in info.options if isinstance(option, RadiusOption)), None)
        self._size.setVisible(radius is not None)
        self._slider.setVisible(radius is not None and radius.slider)
        for option, widget in self._options.items():
            widget.setVisible(option in info.options)
            widget.show_value()
        self._model.setVisible(MODEL in info.options)
        self._rules.setVisible(RULES in info.options)

    def _show_numbers(self) -> None:
        """A drag in the image may change the options of the active tool."""
        for option in self._state.tool.info.options:
            if option in self._options:
                self._options[option].show_value()
