"""The strip above the canvas: the tool in hand, its class, and its options."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QSlider, QSpinBox, QWidget

from segstudio.assist.weights import MODELS
from segstudio.core.classes import IGNORE, IGNORE_NAME
from segstudio.ui.action_rows import TOOL_WORDS
from segstudio.ui.features.assist import AssistFlow
from segstudio.ui.panels.classes import swatch
from segstudio.ui.panels.rules import RulesButton
from segstudio.ui.panels.tool_options import all_options
from segstudio.ui.session import Session

_WITHOUT_CLASS = ("eraser", "select", "knife", "accept", "ruler")


class ToolStrip(QScrollArea):
    """Shows and changes the session's choice; where it is too narrow it can be scrolled."""

    def __init__(self, session: Session, assisting: AssistFlow) -> None:
        super().__init__()
        self._session = session
        self._tool = QLabel()
        self._class = QComboBox()
        self._class.setFixedWidth(118)
        self._class.setToolTip(self.tr("Class to draw with (digit keys)"))
        self._class.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._class.setAccessibleName(self.tr("Class"))
        self._model = QComboBox()
        for name, word in MODELS:
            self._model.addItem(word, name)
        self._model.setCurrentIndex(self._model.findData(assisting.model))
        self._model.setToolTip(self.tr("Model that answers to clicks; its cache is shared with labelme"))
        self._model.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._model.activated.connect(lambda: assisting.choose_model(self._model.currentData()))
        self._make_size()
        self._rules = RulesButton(session)
        self._options = all_options(session)
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
        self._class.activated.connect(lambda: session.choose(class_id=self._class.currentData()))
        session.choice_changed.connect(self._show)
        session.acted.connect(self._show_numbers)
        session.classes_changed.connect(self._rebuild)
        session.project_changed.connect(self._rebuild)
        self._rebuild()

    def _make_size(self) -> None:
        self._size = QSpinBox(minimum=1, maximum=2000)
        self._size.setSuffix(self.tr(" px"))
        self._size.setToolTip(self.tr("Diameter in image pixels ( [ and ], Alt+wheel, Ctrl+drag )"))
        self._size.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._size.setAccessibleName(self.tr("Size"))
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(1, 300)
        self._slider.setFixedWidth(64)
        self._slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._slider.setAccessibleName(self.tr("Size"))
        for field in (self._size, self._slider):
            field.valueChanged.connect(lambda diameter: self._session.choose(radius_px=diameter / 2))

    def _rebuild(self) -> None:
        table, layers = self._session.table, self._session.layers
        self._class.clear()
        for item in table:
            self._class.addItem(swatch(layers.colour_of(table, item.id)), f"{item.id}  {item.name}", item.id)
        self._class.addItem(swatch((224, 224, 192)), IGNORE_NAME, IGNORE)
        self._show()

    def _show(self) -> None:
        tool = self._session.tool
        word = QCoreApplication.translate("Action", TOOL_WORDS[tool.name])
        self._tool.setText(f"<b>{word}</b>")
        self._class.setCurrentIndex(self._class.findData(self._session.choice.class_id))
        self._class.setVisible(tool.name not in _WITHOUT_CLASS)
        diameter = max(1, round(2 * self._session.choice.radius_px))
        for field in (self._size, self._slider):
            field.blockSignals(True)
            field.setValue(diameter)
            field.blockSignals(False)
        self._size.setVisible("radius_px" in tool.options)
        self._slider.setVisible("radius_px" in tool.options and "cell_px" not in tool.options)  # for want of room
        for name, option in self._options.items():
            option.setVisible(name in tool.options)
            option.show_value()
        self._model.setVisible("model" in tool.options)
        self._rules.setVisible("rules" in tool.options)

    def _show_numbers(self) -> None:
        """A drag in the image may change them."""
        for name in ("tolerance", "threshold"):
            if name in self._session.tool.options:
                self._options[name].show_value()
