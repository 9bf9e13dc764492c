"""Widgets for the options of tools, built from their descriptions in segstudio.tools.options."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QLabel, QSpinBox, QWidget

from segstudio.app.state import State
from segstudio.tools.options import CheckOption, ChoiceOption, FieldOption, NumberOption, Option, SliderOption
from segstudio.tools.toolbox import all_options
from segstudio.ui.widgets import make_combo, make_row, make_slider, set_silently


def _tr(text: str) -> str:
    return QCoreApplication.translate("Tool", text)


class OptionWidget(QWidget):
    """A label and an input for one option; `show_value` reads the tool settings, the user's input changes them."""

    def __init__(self, state: State, option: FieldOption, *, with_label: bool = True) -> None:
        super().__init__()
        self.state = state
        self.field = option.field
        label = (QLabel(_tr(option.label)),) if with_label else ()
        self.row = make_row(*label, within=self, margins=(0, 0, 0, 0), spacing_px=6)
        self.setToolTip(_tr(option.tip))
        self._label = _tr(option.label)

    def add_input(self, widget: QWidget, focus: Qt.FocusPolicy = Qt.FocusPolicy.TabFocus) -> None:
        """Place it after the label, which is its accessible name."""
        widget.setFocusPolicy(focus)
        widget.setAccessibleName(self._label)
        self.row.addWidget(widget)

    @property
    def value(self) -> object:
        return getattr(self.state.settings, self.field)

    def set_value(self, value: object) -> None:
        if value != self.value:
            self.state.set_option(self.field, value)

    def show_value(self) -> None:
        """Show the value that the settings have now."""


class NumberWidget(OptionWidget):
    """A spin box."""

    def __init__(self, state: State, option: NumberOption) -> None:
        super().__init__(state, option)
        self._spin = QSpinBox(minimum=option.low, maximum=option.high)
        self._spin.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self._spin.setSuffix(_tr(option.unit) if option.unit else "")
        self.add_input(self._spin, Qt.FocusPolicy.StrongFocus)
        self._spin.valueChanged.connect(self.set_value)

    def show_value(self) -> None:
        set_silently(self._spin, int(str(self.value)))


class SliderWidget(OptionWidget):
    """A slider with its value beside it."""

    def __init__(self, state: State, option: SliderOption) -> None:
        super().__init__(state, option)
        self._step = option.step
        self._slider = make_slider(option.low, option.high, _tr(option.label))
        self._slider.setFixedWidth(90)
        self._number = QLabel()
        self._number.setMinimumWidth(34)
        self.add_input(self._slider)
        self.row.addWidget(self._number)
        self._slider.valueChanged.connect(self._on_slider)

    def show_value(self) -> None:
        number = float(str(self.value))
        set_silently(self._slider, number / self._step)
        self._number.setText(f"{number:.1f}" if self._step < 1 else f"{number:.0f}")

    def _on_slider(self, position: int) -> None:
        self.set_value(position * self._step if self._step < 1 else int(position * self._step))


class ChoiceWidget(OptionWidget):
    """A combo box."""

    def __init__(self, state: State, option: ChoiceOption) -> None:
        super().__init__(state, option)
        self._values = [value for value, _ in option.choices]
        self._box = make_combo({value: _tr(label) for value, label in option.choices}, _tr(option.label))
        self.add_input(self._box)
        self._box.activated.connect(lambda index: self.set_value(self._values[index]))

    def show_value(self) -> None:
        self._box.setCurrentIndex(self._values.index(self.value))


class CheckWidget(OptionWidget):
    """A check box, which shows the label itself."""

    def __init__(self, state: State, option: CheckOption) -> None:
        super().__init__(state, option, with_label=False)
        self._box = QCheckBox(_tr(option.label))
        self.add_input(self._box)
        self._box.clicked.connect(lambda on: self.set_value(bool(on)))

    def show_value(self) -> None:
        self._box.setChecked(bool(self.value))


def option_widgets(state: State) -> dict[Option, OptionWidget]:
    """A widget for each option of all tools, in the order in which they are shown."""
    return {option: _make_widget(state, option) for option in all_options()}


def _make_widget(state: State, option: FieldOption) -> OptionWidget:
    match option:
        case NumberOption():
            return NumberWidget(state, option)
        case SliderOption():
            return SliderWidget(state, option)
        case ChoiceOption():
            return ChoiceWidget(state, option)
        case CheckOption():
            return CheckWidget(state, option)
