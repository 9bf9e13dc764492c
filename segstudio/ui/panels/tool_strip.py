"""Tool strip above the canvas: the active tool, the current class and the options of the tool."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QSpinBox, QWidget

from segstudio.app.state import State
from segstudio.assist.weights import MODELS
from segstudio.core.classes import IGNORE, IGNORE_NAME
from segstudio.tools.options import RULES, RadiusOption
from segstudio.ui.features.assist import AssistFeature
from segstudio.ui.panels.classes import make_swatch
from segstudio.ui.panels.rules import RulesButton
from segstudio.ui.panels.tool_options import option_widgets
from segstudio.ui.widgets import STRETCH, choose, make_combo, make_row, make_slider, scroll_widget, set_silently


class ToolStrip(QScrollArea):
    """Shows and changes the tool settings; scrolls where the window is too narrow."""

    def __init__(self, state: State, assisting: AssistFeature) -> None:
        super().__init__()
        self._state = state
        self._tool = QLabel()
        self._class = make_combo({}, self.tr("Class"), self.tr("Current class (digit keys)"))
        self._class.setFixedWidth(118)
        self._class.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._model = make_combo(dict(MODELS), tip=self.tr("Model for AI clicks; downloads are shared with labelme"))
        choose(self._model, assisting.model)
        self._model.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._model.activated.connect(lambda: assisting.choose_model(self._model.currentData()))
        self._make_size()
        self._rules = RulesButton(state)
        self._options = option_widgets(state)
        inner = QWidget()
        choices = (self._tool, self._class, self._model, self._size, self._slider)
        parts = (*choices, *self._options.values(), self._rules, STRETCH)
        make_row(*parts, within=inner, margins=(10, 4, 10, 4), spacing_px=8)
        scroll_widget(self, inner)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
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
        self._slider = make_slider(1, 300, self.tr("Size"))
        self._slider.setFixedWidth(64)
        self._slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
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
        choose(self._class, self._state.settings.class_id)
        self._class.setVisible(info.needs_class)
        diameter = max(1, round(2 * self._state.settings.radius_px))
        for field in (self._size, self._slider):
            set_silently(field, diameter)
        radius = next((option for option in info.options if isinstance(option, RadiusOption)), None)
        self._size.setVisible(radius is not None)
        self._slider.setVisible(radius is not None and radius.slider)
        for option, widget in self._options.items():
            widget.setVisible(option in info.options)
            widget.show_value()
        self._model.setVisible(info.uses_assistant)
        self._rules.setVisible(RULES in info.options)

    def _show_numbers(self) -> None:
        """A drag in the image may change the options of the active tool."""
        for option in self._state.tool.info.options:
            if option in self._options:
                self._options[option].show_value()
