"""The options of tools: a widget for each field of the choice that a tool names."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QHBoxLayout, QLabel, QSlider, QSpinBox, QWidget

from segstudio.tools.accept import BRUSH, COMPONENT, LASSO
from segstudio.ui.session import Session


def _tr(text: str) -> str:
    return QCoreApplication.translate("ToolOptions", text)


class Options(QWidget):
    """One option: a word and its widget. `show_value` follows the session, which it changes by itself."""

    def __init__(self, session: Session, name: str, word: str, tip: str) -> None:
        super().__init__()
        self.session = session
        self.name = name
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(6)
        if word:
            self.row.addWidget(QLabel(word))
        self.setToolTip(tip)

    @property
    def value(self) -> object:
        return getattr(self.session.choice, self.name)

    def set_value(self, value: object) -> None:
        if value != self.value:
            self.session.set_option(self.name, value)

    def show_value(self) -> None:
        """Show what the session says."""


class NumberOption(Options):
    """A spin box, with a slider beside it where the range is worth one."""

    def __init__(self, session: Session, name: str, word: str, tip: str, span: tuple[int, int]) -> None:
        super().__init__(session, name, word, tip)
        self._spin = QSpinBox(minimum=span[0], maximum=span[1])
        self._spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._spin.setAccessibleName(word)
        self._spin.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        if name.endswith("_px"):
            self._spin.setSuffix(_tr(" px"))
        self.row.addWidget(self._spin)
        self._spin.valueChanged.connect(self.set_value)

    def show_value(self) -> None:
        self._spin.blockSignals(True)
        self._spin.setValue(int(str(self.value)))
        self._spin.blockSignals(False)


class SliderOption(Options):
    """A slider over tenths or whole numbers, with its figure."""

    def __init__(self, session: Session, name: str, word: str, tip: str, span: tuple[int, int, float]) -> None:
        super().__init__(session, name, word, tip)
        self._unit = span[2]
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(span[0], span[1])
        self._slider.setFixedWidth(90)
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._slider.setAccessibleName(word)
        self._figure = QLabel()
        self._figure.setMinimumWidth(34)
        self.row.addWidget(self._slider)
        self.row.addWidget(self._figure)
        self._slider.valueChanged.connect(self._on_slid)

    def show_value(self) -> None:
        number = float(str(self.value))
        self._slider.blockSignals(True)
        self._slider.setValue(round(number / self._unit))
        self._slider.blockSignals(False)
        self._figure.setText(f"{number:.1f}" if self._unit < 1 else f"{number:.0f}")

    def _on_slid(self, value: int) -> None:
        self.set_value(value * self._unit if self._unit < 1 else int(value * self._unit))


class ChoiceOption(Options):
    """One of several values."""

    def __init__(self, session: Session, name: str, word: str, tip: str, values: dict[object, str]) -> None:
        super().__init__(session, name, word, tip)
        self._values = list(values)
        self._box = QComboBox()
        self._box.addItems(list(values.values()))
        self._box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._box.setAccessibleName(word or tip)
        self.row.addWidget(self._box)
        self._box.activated.connect(lambda index: self.set_value(self._values[index]))

    def show_value(self) -> None:
        self._box.setCurrentIndex(self._values.index(self.value))


class CheckOption(Options):
    """On or off."""

    def __init__(self, session: Session, name: str, word: str, tip: str) -> None:
        super().__init__(session, name, "", tip)
        self._box = QCheckBox(word)
        self._box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.row.addWidget(self._box)
        self._box.clicked.connect(lambda on: self.set_value(bool(on)))

    def show_value(self) -> None:
        self._box.setChecked(bool(self.value))


def all_options(session: Session) -> dict[str, Options]:
    """By the name of the field, in the order in which they stand."""
    tips = {
        "tolerance": _tr("How much colours may differ, 0 to 255"),
        "cell": _tr("Side of a cell, about"),
        "detail": _tr("How far a polygon may lie from the mask's border; moves the last polygon made"),
        "amount": _tr("By how much grow, shrink, open, close and smooth change a shape"),
        "least": _tr("Smaller parts are removed"),
    }
    made = (
        CheckOption(session, "square", _tr("Square"), _tr("A square tip in place of a round one (Shift+B)")),
        CheckOption(session, "pressure", _tr("Pressure"), _tr("A pen's pressure changes the size")),
        CheckOption(session, "snap", _tr("Snap"), _tr("Points go to neighbours' borders, which are shared (Ctrl)")),
        NumberOption(session, "tolerance", _tr("Tolerance"), tips["tolerance"], (0, 255)),
        ChoiceOption(
            session, "on_heat", _tr("Of"), _tr("What the wand looks at"), {False: _tr("image"), True: _tr("heat")}
        ),
        NumberOption(session, "cell_px", _tr("Cell"), tips["cell"], (4, 100)),
        ChoiceOption(
            session,
            "accept_by",
            _tr("By"),
            _tr("How to say where"),
            {BRUSH: _tr("brush"), LASSO: _tr("lasso"), COMPONENT: _tr("click")},
        ),
        SliderOption(session, "threshold", _tr("At least"), _tr("Heat from 1 to 255"), (1, 255, 1.0)),
        SliderOption(session, "detail_px", _tr("Detail"), tips["detail"], (0, 100, 0.1)),
        NumberOption(session, "amount_px", _tr("Amount"), tips["amount"], (1, 200)),
        NumberOption(session, "least_px", _tr("Small: under"), tips["least"], (1, 1_000_000)),
    )
    return {option.name: option for option in made}
