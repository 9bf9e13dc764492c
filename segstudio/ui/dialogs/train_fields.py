"""The widgets that edit the options of a training."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from segstudio.app.training_options import Field, default_of
from segstudio.training.config import ALLOWED_VALUES, AUTO
from segstudio.ui.dialogs.form_fields import ignore_wheel


def make_editor(field: Field) -> QWidget:
    """A widget with the option's default value."""
    editor = _make_plain_editor(field, default_of(field.key))
    editor.setObjectName(field.key)
    editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    ignore_wheel(editor)
    return editor


def _make_plain_editor(field: Field, default: Any) -> QWidget:
    if field.key in ALLOWED_VALUES:
        combo = QComboBox()
        for word in ALLOWED_VALUES[field.key]:
            combo.addItem(automatic_text() if word == AUTO else word, word)
        combo.setCurrentIndex(combo.findData(default))
        return combo
    if isinstance(default, bool):
        box = QCheckBox()
        box.setChecked(default)
        return box
    if isinstance(default, int):
        lowest = 1 if field.key == "accumulate" else 0
        whole = QSpinBox(minimum=lowest, maximum=int(field.top), singleStep=int(field.step), value=default)
        if field.automatic:
            whole.setSpecialValueText(automatic_text())
        return whole
    if isinstance(default, float):
        lowest_number = 1e-7 if field.key == "learning_rate" else 0.0
        number = QDoubleSpinBox(minimum=lowest_number, maximum=field.top, decimals=field.decimals)
        number.setSingleStep(field.step)
        number.setValue(default)
        return number
    placeholder = automatic_text() if default == AUTO else ""
    return QLineEdit("" if default in ("", AUTO) else default, placeholderText=placeholder)


def automatic_text(value: str = "") -> str:
    word = QCoreApplication.translate("TrainDialog", "automatic")
    return f"{word} ({value})" if value else word


def read_text(editor: QWidget, default: Any) -> str:
    """The editor's value as text for `TrainConfig.with_texts`; `default` for an empty line."""
    if isinstance(editor, QComboBox):
        return str(editor.currentData() or editor.currentText())
    if isinstance(editor, QCheckBox):
        return "yes" if editor.isChecked() else "no"
    if isinstance(editor, QSpinBox | QDoubleSpinBox):
        return str(editor.value())
    assert isinstance(editor, QLineEdit)
    return editor.text().strip() or str(default)


def show_automatic(editor: QWidget, value: str) -> None:
    """Show in the editor what "automatic" resolves to."""
    if isinstance(editor, QSpinBox):
        editor.setSpecialValueText(automatic_text(value))
    elif isinstance(editor, QComboBox) and editor.findData(AUTO) >= 0:
        editor.setItemText(editor.findData(AUTO), automatic_text(value))
    elif isinstance(editor, QLineEdit):
        editor.setPlaceholderText(automatic_text(value))
