"""The choices of a training as rows of data: what the dialog shows of them, and how they are typed in."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from segstudio.training.choices import AUTO, WORDS
from segstudio.training.config import TrainConfig
from segstudio.ui.action_rows import N
from segstudio.ui.dialogs.still import keep_still


@dataclass(frozen=True)
class Field:
    """One choice. `step` of numbers; 0 means automatic where `automatic` is set."""

    key: str
    label: str
    why: str
    step: float = 1
    top: float = 1_000_000
    automatic: bool = False
    decimals: int = 2


FIELDS = (
    Field(
        "depth", N("TrainDialog", "Depth"), N("TrainDialog", "how often the size is halved on the way down"), 1, 8, True
    ),
    Field("width", N("TrainDialog", "Width"), N("TrainDialog", "channels of the first level"), 4, 512, True),
    Field(
        "up",
        N("TrainDialog", "Up-sampling"),
        N("TrainDialog", "learnt, bilinear, or unpooling at the remembered maxima"),
    ),
    Field("skips", N("TrainDialog", "Skips"), N("TrainDialog", "concatenated, or added, which needs less memory")),
    Field(
        "norm",
        N("TrainDialog", "Normalisation"),
        N("TrainDialog", "over the batch, or over groups of channels for small batches"),
    ),
    Field("encoder", N("TrainDialog", "Encoder"), N("TrainDialog", "a backbone of the extra “encoders”; empty: none")),
    Field("head", N("TrainDialog", "Head"), N("TrainDialog", "softmax, one sigmoid, or each class against the rest")),
    Field(
        "loss",
        N("TrainDialog", "Loss"),
        N("TrainDialog", "ce, bce, dice, jaccard, focal, lovasz, tversky, joined with +"),
    ),
    Field(
        "deep_supervision",
        N("TrainDialog", "Deep supervision"),
        N("TrainDialog", "the coarser levels learn the labels too"),
    ),
    Field(
        "patch",
        N("TrainDialog", "Patch side"),
        N("TrainDialog", "pixels; a multiple of 2 to the depth"),
        16,
        8192,
        True,
    ),
    Field(
        "batch",
        N("TrainDialog", "Patches a step"),
        N("TrainDialog", "more are steadier and need more memory"),
        1,
        4096,
        True,
    ),
    Field(
        "accumulate",
        N("TrainDialog", "Parts of a step"),
        N("TrainDialog", "learnt one after the other, to save memory"),
        1,
        4096,
    ),
    Field(
        "rare",
        N("TrainDialog", "Share for rare classes"),
        N("TrainDialog", "of the patches, cut around a class drawn evenly"),
        0.05,
        1,
    ),
    Field(
        "optimiser", N("TrainDialog", "Optimiser"), N("TrainDialog", "AdamW is quick to learn; SGD has momentum 0.9")
    ),
    Field(
        "learning_rate",
        N("TrainDialog", "Learning rate"),
        N("TrainDialog", "the highest of the run"),
        0.001,
        10,
        decimals=7,
    ),
    Field(
        "weight_decay", N("TrainDialog", "Weight decay"), N("TrainDialog", "keeps weights small"), 0.01, 10, decimals=7
    ),
    Field("schedule", N("TrainDialog", "Schedule"), N("TrainDialog", "how the learning rate goes over the run")),
    Field(
        "ema",
        N("TrainDialog", "Averaging of weights"),
        N("TrainDialog", "decay; the average predicts. 0: none"),
        0.01,
        0.99999,
        decimals=5,
    ),
    Field(
        "patience",
        N("TrainDialog", "Patience"),
        N("TrainDialog", "judgements without a rise before the run ends early; 0: never"),
    ),
    Field(
        "augment",
        N("TrainDialog", "Augmentation"),
        N("TrainDialog", "flips, turns, brightness, noise, once the data repeats"),
    ),
    Field("vertical_flip", N("TrainDialog", "Upside down"), N("TrainDialog", "whether images have no up and down")),
    Field("precision", N("TrainDialog", "Precision"), N("TrainDialog", "of the computation")),
    Field("compile", N("TrainDialog", "Compile"), N("TrainDialog", "takes a minute, pays on a GPU in long runs")),
    Field("steps", N("TrainDialog", "End after steps"), N("TrainDialog", "0: by time alone"), 10, 1_000_000_000),
    Field(
        "cache_gb",
        N("TrainDialog", "Memory for images"),
        N("TrainDialog", "GB; more than this is read again. 0: a quarter of all"),
        1,
        4096,
    ),
    Field(
        "tensorboard",
        N("TrainDialog", "TensorBoard"),
        N("TrainDialog", "also write its files; needs the extra “tensorboard”"),
    ),
    Field("seed", N("TrainDialog", "Seed"), N("TrainDialog", "the same seed, the same patches"), 1, 2_147_483_647),
)

_DEFAULTS: dict[str, Any] = {
    field.name: getattr(TrainConfig(run_dir=Path("unused")), field.name) for field in fields(TrainConfig)
}


def default_of(key: str) -> Any:
    return _DEFAULTS[key]


def make_editor(field: Field) -> QWidget:
    """A widget that holds the choice's usual value, and leaves the wheel to the page."""
    editor = _editor(field, default_of(field.key))
    editor.setObjectName(field.key)
    editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    keep_still(editor)
    return editor


def _editor(field: Field, usual: Any) -> QWidget:
    if field.key in WORDS:
        combo = QComboBox()
        for word in WORDS[field.key]:
            combo.addItem(automatic() if word == AUTO else word, word)
        combo.setCurrentIndex(combo.findData(usual))
        return combo
    if isinstance(usual, bool):
        box = QCheckBox()
        box.setChecked(usual)
        return box
    if isinstance(usual, int):
        least = 1 if field.key == "accumulate" else 0
        whole = QSpinBox(minimum=least, maximum=int(field.top), singleStep=int(field.step), value=usual)
        if field.automatic:
            whole.setSpecialValueText(automatic())
        return whole
    if isinstance(usual, float):
        least_number = 1e-7 if field.key == "learning_rate" else 0.0
        number = QDoubleSpinBox(minimum=least_number, maximum=field.top, decimals=field.decimals)
        number.setSingleStep(field.step)
        number.setValue(usual)
        return number
    return QLineEdit("" if usual in ("", AUTO) else usual, placeholderText=automatic() if usual == AUTO else "")


def automatic(value: str = "") -> str:
    word = QCoreApplication.translate("TrainDialog", "automatic")
    return f"{word} ({value})" if value else word


def text_of(editor: QWidget, usual: Any) -> str:
    """What the editor holds, as `TrainConfig.with_texts` takes it."""
    if isinstance(editor, QComboBox):
        return str(editor.currentData() or editor.currentText())
    if isinstance(editor, QCheckBox):
        return "yes" if editor.isChecked() else "no"
    if isinstance(editor, QSpinBox | QDoubleSpinBox):
        return str(editor.value())
    assert isinstance(editor, QLineEdit)
    return editor.text().strip() or str(usual)


def is_usual(editor: QWidget, key: str) -> bool:
    usual = default_of(key)
    if isinstance(usual, bool):
        return text_of(editor, usual) == ("yes" if usual else "no")
    if isinstance(usual, float):
        return abs(float(text_of(editor, usual)) - usual) < 1e-9
    return text_of(editor, usual) == str(usual)


def show_automatic(editor: QWidget, value: str) -> None:
    """What "automatic" would be, inside the editor."""
    if isinstance(editor, QSpinBox):
        editor.setSpecialValueText(automatic(value))
    elif isinstance(editor, QComboBox) and editor.findData(AUTO) >= 0:
        editor.setItemText(editor.findData(AUTO), automatic(value))
    elif isinstance(editor, QLineEdit):
        editor.setPlaceholderText(automatic(value))


def put(editor: QWidget, value: Any) -> None:
    """Show a value of an earlier run."""
    if isinstance(editor, QComboBox):
        editor.setCurrentIndex(max(0, editor.findData(str(value))))
    elif isinstance(editor, QCheckBox):
        editor.setChecked(bool(value))
    elif isinstance(editor, QSpinBox):
        editor.setValue(int(value))
    elif isinstance(editor, QDoubleSpinBox):
        editor.setValue(float(value))
    elif isinstance(editor, QLineEdit):
        editor.setText("" if value in ("", AUTO) else str(value))
