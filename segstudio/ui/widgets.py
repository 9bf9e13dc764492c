"""Functions that make, lay out and set widgets, so that panels and dialogs look alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSignalBlocker, Qt, SignalInstance
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QTreeWidget,
    QVBoxLayout,
    QWidget,
)

STRETCH = None  # a part of a layout that takes the space that is left
ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
NUMBER_ALIGNMENT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

Index = QModelIndex | QPersistentModelIndex
Field = QWidget | QLayout
Part = Field | tuple[Field, int] | None  # in a tuple with its stretch factor
Margins = tuple[int, int, int, int]  # left, top, right, bottom
Act = Callable[..., object] | SignalInstance
BoxLayout = TypeVar("BoxLayout", QVBoxLayout, QHBoxLayout)
AnyLayout = TypeVar("AnyLayout", QVBoxLayout, QHBoxLayout, QFormLayout)


def make_label(text: str = "", style: str = "", *, wrap: bool = False) -> QLabel:
    """`style` is quiet, large or problem, as in style.qss; plain if empty."""
    label = QLabel(text)
    label.setWordWrap(wrap)
    if style:
        label.setProperty(style, True)
    return label


def make_line(placeholder: str, name: str = "") -> QLineEdit:
    """A line to filter by, with a button that clears it."""
    line = QLineEdit(placeholderText=placeholder, clearButtonEnabled=True)
    line.setAccessibleName(name)
    return line


class _KeyFilter(QObject):
    def __init__(self, widget: QWidget, acts: Mapping[Qt.Key, Callable[[], object]]) -> None:
        super().__init__(widget)
        self._acts = {int(key): act for key, act in acts.items()}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        act = self._acts.get(event.key()) if isinstance(event, QKeyEvent) else None
        if act is None or event.type() != QEvent.Type.KeyPress:
            return False
        return act() is not False


def watch_keys(widget: QWidget, acts: Mapping[Qt.Key, Callable[[], object]]) -> None:
    """Call a function for each of these keys while `widget` has the focus.

    The widget does not receive the key, unless the function returns False.
    """
    widget.installEventFilter(_KeyFilter(widget, acts))


def make_combo(choices: Mapping[Any, str], name: str = "", tip: str = "") -> QComboBox:
    """A combo box of texts by their data."""
    box = QComboBox()
    box.setToolTip(tip)
    box.setAccessibleName(name)
    for data, text in choices.items():
        box.addItem(text, data)
    return box


def choose(box: QComboBox, data: object) -> None:
    """Select the row with this data; none if there is no such row."""
    box.setCurrentIndex(box.findData(data))


def make_button(text: str, act: Act, tip: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.clicked.connect(act)
    return button


def make_quiet_button(text: str, act: Act, tip: str = "") -> QPushButton:
    """A button of a dialog that is not pressed by Return."""
    button = make_button(text, act, tip)
    button.setAutoDefault(False)
    return button


def make_tool_button(tip: str, *, flat: bool = True) -> QToolButton:
    """A button without text; the tip is its accessible name."""
    button = QToolButton(autoRaise=flat)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button


def make_slider(low: int, high: int, name: str, tip: str = "") -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setToolTip(tip)
    slider.setAccessibleName(name)
    return slider


def make_progress_bar() -> QProgressBar:
    """A thin one without text."""
    bar = QProgressBar(textVisible=False)
    bar.setFixedHeight(6)
    return bar


def set_silently(widget: QAbstractSlider | QSpinBox | QAbstractButton, value: float) -> None:
    """Set the value, or check a button, without a signal."""
    with QSignalBlocker(widget):
        if isinstance(widget, QAbstractButton):
            widget.setChecked(bool(value))
        else:
            widget.setValue(round(value))


def make_column(
    *parts: Part, within: QWidget | None = None, margins: Margins | None = None, spacing_px: int = -1
) -> QVBoxLayout:
    """A column of widgets and layouts, the layout of `within` if there is one; default margins and spacing if unset."""
    return _add_parts(QVBoxLayout(), parts, within, margins, spacing_px)


def make_row(
    *parts: Part, within: QWidget | None = None, margins: Margins | None = None, spacing_px: int = -1
) -> QHBoxLayout:
    """As `make_column`, from left to right."""
    return _add_parts(QHBoxLayout(), parts, within, margins, spacing_px)


def _add_parts(
    layout: BoxLayout, parts: Sequence[Part], within: QWidget | None, margins: Margins | None, spacing_px: int
) -> BoxLayout:
    for part in parts:
        item, stretch = part if isinstance(part, tuple) else (part, 0)
        if item is None:
            layout.addStretch()
        elif isinstance(item, QLayout):
            layout.addLayout(item, stretch)
        else:
            layout.addWidget(item, stretch)
    return _finish(layout, within, margins, spacing_px)


def make_form(
    *fields: tuple[str, Field],
    within: QWidget | None = None,
    margins: Margins | None = None,
    spacing_px: int = -1,
) -> QFormLayout:
    """Rows of a label and a field, the layout of `within` if there is one."""
    layout = QFormLayout()
    for label, field in fields:
        layout.addRow(label, field)
    return _finish(layout, within, margins, spacing_px)


def _finish(layout: AnyLayout, within: QWidget | None, margins: Margins | None, spacing_px: int) -> AnyLayout:
    if margins is not None:
        layout.setContentsMargins(*margins)
    if spacing_px >= 0 and isinstance(layout, QFormLayout):
        layout.setVerticalSpacing(spacing_px)
    elif spacing_px >= 0:
        layout.setSpacing(spacing_px)
    if within is not None:
        within.setLayout(layout)
    return layout


def scroll_widget(area: QScrollArea, widget: QWidget) -> QScrollArea:
    """Scroll `widget` in `area`, which is returned, without a frame and without a horizontal bar."""
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def set_up_rows(tree: QTreeWidget, name: str, headers: Sequence[str] = ()) -> None:
    """Make a flat list of a tree; without headers its header is hidden."""
    tree.setHeaderLabels(headers)
    tree.setHeaderHidden(not headers)
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setAccessibleName(name)


def fix_columns(header: QHeaderView, widths_px: Mapping[int, int], stretch: int) -> None:
    """Columns of fixed widths, and one that takes the width that is left."""
    header.setStretchLastSection(False)
    header.setMinimumSectionSize(22)
    for index, width_px in widths_px.items():
        header.setSectionResizeMode(index, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(index, width_px)
    header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)


def make_buttons(dialog: QDialog, accept: str, reject: str) -> tuple[QDialogButtonBox, QPushButton]:
    """Buttons of a dialog, and the one that accepts it."""
    buttons = QDialogButtonBox()
    accepting = buttons.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
    buttons.addButton(reject, QDialogButtonBox.ButtonRole.RejectRole)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons, accepting


def make_close_button(dialog: QDialog, text: str) -> QDialogButtonBox:
    """The button of a dialog that has nothing to accept."""
    buttons = QDialogButtonBox()
    buttons.addButton(text, QDialogButtonBox.ButtonRole.RejectRole)
    buttons.rejected.connect(dialog.reject)
    return buttons
