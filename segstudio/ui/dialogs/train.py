"""How to train: one number for most people, the rest folded away."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)


@dataclass(frozen=True)
class TrainChoices:
    """`settings` are fields of TrainConfig as text, so that the window needs no torch to hold them."""

    name: str
    settings: dict[str, str] = field(default_factory=dict)


class TrainDialog(QDialog):
    """0 stands for "automatic" in every number below "More choices"."""

    def __init__(self, name: str, num_labelled: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Train"))
        self._name = QLineEdit(name)
        self._minutes = QDoubleSpinBox(minimum=0.1, maximum=10_000, value=2.0, decimals=1)
        self._minutes.setSuffix(self.tr(" minutes"))
        self._fields: dict[str, QSpinBox] = {}
        self._device = QComboBox()
        self._device.addItems(["auto", "cpu", "cuda", "mps"])
        form = QFormLayout()
        form.addRow(self.tr("Train for"), self._minutes)
        form.addRow(self.tr("Name of the run"), self._name)
        about = QLabel(self.tr("{} labelled pictures; some are held out to judge the model.").format(num_labelled))
        about.setProperty("quiet", True)
        buttons = QDialogButtonBox()
        start = buttons.addButton(self.tr("Train"), QDialogButtonBox.ButtonRole.AcceptRole)
        start.setDefault(True)
        buttons.addButton(self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(about)
        layout.addLayout(form)
        layout.addWidget(self._more())
        layout.addWidget(buttons)
        self._minutes.setFocus()
        self._minutes.selectAll()

    def choices(self) -> TrainChoices:
        settings = {"minutes": str(self._minutes.value()), "device": self._device.currentText()}
        settings |= {key: str(box.value()) for key, box in self._fields.items() if box.value()}
        return TrainChoices(self._name.text().strip(), settings)

    def _more(self) -> QWidget:
        group = QGroupBox(self.tr("More choices"))
        group.setCheckable(True)
        group.setChecked(False)
        inner = QWidget()
        form = QFormLayout(inner)
        for key, text, top, step in (
            ("steps", self.tr("End after steps"), 10_000_000, 10),
            ("width", self.tr("Width of the network"), 256, 4),
            ("patch", self.tr("Patch side in pixels"), 4096, 16),
            ("batch", self.tr("Patches a step"), 512, 1),
        ):
            box = QSpinBox(minimum=0, maximum=top, singleStep=step)
            box.setSpecialValueText(self.tr("automatic"))
            box.setObjectName(key)
            self._fields[key] = box
            form.addRow(text, box)
        form.addRow(self.tr("Device"), self._device)
        layout = QVBoxLayout(group)
        layout.addWidget(inner)
        inner.hide()
        group.toggled.connect(inner.setVisible)
        group.toggled.connect(lambda: self.adjustSize())
        return group
