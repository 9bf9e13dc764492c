"""Training dialog: quick options, main options, and all options with the reason for each value."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.training_options import FIELDS, default_of
from segstudio.app.training_run import TrainChoices
from segstudio.training.config import INVERSE, MEDIAN, NONE, PRESETS
from segstudio.training.events import Proposal
from segstudio.ui.dialogs.train_fields import is_default, make_editor, read_text, set_value, show_automatic

_PATIENCE = 8
_PROPOSAL_DELAY_MS = 500


@dataclass(frozen=True)
class TrainContext:
    """What the dialog needs of the project.

    `runs` can be fine-tuned, `init` is the one selected at first; `taken` are names of runs.
    """

    name: str
    num_annotated: int
    unlabelled: str = "background"
    runs: tuple[str, ...] = ()
    init: str = ""
    taken: frozenset[str] = frozenset()


class TrainDialog(QDialog):
    """Asks for a proposal whenever an option changes, and shows the values of the automatic options."""

    proposal_asked = Signal(dict)  # settings
    split_asked = Signal()

    def __init__(self, context: TrainContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Fine-tune from {}").format(context.init) if context.init else self.tr("Train"))
        self._context = context
        self._name = QLineEdit(context.name)
        self._minutes = QDoubleSpinBox(minimum=0.1, maximum=100_000, value=2.0, decimals=1)
        self._minutes.setSuffix(self.tr(" minutes"))
        self._data = QLabel(self.tr("{} labelled images").format(context.num_annotated))
        self._net = QLabel(self.tr("Reading the images …"))
        self._warnings = QLabel()
        for label in (self._data, self._net, self._warnings):
            label.setWordWrap(True)
        self._net.setProperty("quiet", True)
        self._warnings.setProperty("problem", True)
        self._warnings.hide()
        self._editors: dict[str, QWidget] = {row.key: make_editor(row) for row in FIELDS}
        self._tabs = QTabWidget()
        self._tabs.addTab(self._make_quick_page(), self.tr("Quick"))
        self._tabs.addTab(self._make_main_page(), self.tr("Main options"))
        self._tabs.addTab(self._make_full_page(), self.tr("All options"))
        buttons = QDialogButtonBox()
        self._start = buttons.addButton(self.tr("Train"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._start.setDefault(True)
        buttons.addButton(self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self._tabs, 1)
        layout.addWidget(self._warnings)
        layout.addWidget(buttons)
        self._soon = QTimer(self, singleShot=True, interval=_PROPOSAL_DELAY_MS)
        self._soon.timeout.connect(lambda: self.proposal_asked.emit(self.choices().settings))
        self._problem = self._advice = ""  # of the last proposal
        self._watch()
        self.resize(660, 440)
        self._minutes.setFocus()
        self._minutes.selectAll()

    def choices(self) -> TrainChoices:
        """Only settings that differ from the defaults, so that automatic ones stay automatic."""
        settings = {"minutes": str(self._minutes.value()), "device": self._device.currentText()}
        settings["unlabelled"] = str(self._unlabelled.currentData())
        if self._preset.currentData() != "auto":
            settings["preset"] = str(self._preset.currentData())
        typed = self._balance.currentText().strip()
        balance = str(self._balance.itemData(self._balance.findText(typed)) or typed or NONE)
        if balance != NONE:
            settings["class_weights"] = balance
        if self._init.currentData():
            settings["init"] = str(self._init.currentData())
        for key, editor in self._editors.items():
            if not is_default(editor, key):
                settings[key] = read_text(editor, default_of(key))
        return TrainChoices(self._name.text().strip(), settings)

    def show_proposal(self, proposal: Proposal) -> None:
        """Show the proposed values and the warnings about the data."""
        self._data.setText(
            self.tr("{} images for training, {} for validation").format(
                len(proposal.train_names), len(proposal.held_out_names)
            )
        )
        decisions = {choice.key: choice for choice in proposal.decisions}
        for row, spec in enumerate(FIELDS):
            if spec.key in decisions:
                show_automatic(self._editors[spec.key], decisions[spec.key].value)
                self._reasons[row].setText(decisions[spec.key].reason)
                self._reasons[row].setToolTip(decisions[spec.key].reason)
        keys = ("depth", "width", "batch_size", "patch_size")
        values = {key: decisions[key].value if key in decisions else "?" for key in keys}
        self._net.setText(
            self.tr("U-Net, depth {depth}, width {width}; {batch_size} patches of {patch_size} px per step").format(
                **values
            )
        )
        self._split.setEnabled(True)
        self._show_problem("", "\n".join(proposal.warnings))

    def show_problem(self, text: str) -> None:
        """Why the options cannot be used together."""
        self._show_problem(text, "")

    def _show_problem(self, problem: str, advice: str) -> None:
        """A problem disables Train, advice does not. A name that cannot be used is a problem too."""
        self._problem, self._advice = problem, advice
        name = self._name.text().strip()
        if not name or set(name) & set('/\\:*?"<>|') or name in (".", ".."):
            problem = self.tr("{} cannot be the name of a run; use letters, digits, - and _").format(name or "“”")
        elif name in self._context.taken:
            problem = self.tr("A run named {} exists; choose another name").format(name)
        self._warnings.setText(problem or advice)
        self._warnings.setVisible(bool(problem or advice))
        self._start.setEnabled(not problem)

    def _make_quick_page(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(12, 12, 12, 12)
        form.setVerticalSpacing(12)
        form.addRow(self.tr("Train for"), self._minutes)
        form.addRow(self.tr("Run name"), self._name)
        self._split = QPushButton(self.tr("Validation images…"))
        self._split.setToolTip(self.tr("Show or change the images that the model is validated on"))
        self._split.setAutoDefault(False)  # Return starts the training
        self._split.setEnabled(False)  # until the images are read
        self._split.clicked.connect(self.split_asked)
        row = QHBoxLayout()
        row.addWidget(self._data, 1)
        row.addWidget(self._split)
        form.addRow(self.tr("Data"), row)
        form.addRow(self.tr("Network"), self._net)
        return page

    def _make_main_page(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(12, 12, 12, 12)
        form.setVerticalSpacing(8)
        self._init = QComboBox()
        self._init.addItem(self.tr("random weights"), "")
        for name in self._context.runs:
            self._init.addItem(name, name)
        self._init.setCurrentIndex(max(0, self._init.findData(self._context.init)))
        other = QPushButton(self.tr("File…"))
        other.setAutoDefault(False)
        other.clicked.connect(self._choose_file)
        init = QHBoxLayout()
        init.addWidget(self._init, 1)
        init.addWidget(other)
        form.addRow(self.tr("Initialise from"), init)
        self._preset = QComboBox()
        for word, text in _presets().items():
            self._preset.addItem(text, word)
        form.addRow(self.tr("Network"), self._preset)
        self._unlabelled = QComboBox()
        self._unlabelled.addItem(self.tr("background"), "background")
        self._unlabelled.addItem(self.tr("ignored (for sparse labels)"), "ignore")
        self._unlabelled.setCurrentIndex(self._unlabelled.findData(self._context.unlabelled))
        form.addRow(self.tr("Unlabelled pixels are"), self._unlabelled)
        self._balance = QComboBox(editable=True)
        for word, text in _balances().items():
            self._balance.addItem(text, word)
        self._balance.setToolTip(self.tr("Or type weights: road=1, car=3"))
        self._balance.editTextChanged.connect(lambda _: self._soon.start())
        form.addRow(self.tr("Class weights"), self._balance)
        self._early = QCheckBox(self.tr("Stop early when the validation mIoU no longer improves"))
        patience = self._editors["patience"]
        self._early.toggled.connect(lambda on: set_value(patience, _PATIENCE if on else 0))
        patience.valueChanged.connect(self._on_patience)  # type: ignore[attr-defined]
        form.addRow("", self._early)
        self._device = QComboBox()
        self._device.addItems(["auto", "cpu", "cuda", "mps"])
        form.addRow(self.tr("Device"), self._device)
        return page

    def _on_patience(self, validations: int) -> None:
        with QSignalBlocker(self._early):
            self._early.setChecked(validations > 0)

    def _make_full_page(self) -> QWidget:
        self._reasons: list[QTableWidgetItem] = []
        self._table = QTableWidget(len(FIELDS), 3)
        self._table.setHorizontalHeaderLabels([self.tr("Option"), self.tr("Value"), self.tr("Explanation")])
        self._table.verticalHeader().hide()
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._table.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes from editor to editor
        self._table.setTabKeyNavigation(False)
        self._table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for row, spec in enumerate(FIELDS):
            translate = QCoreApplication.translate
            label = translate("TrainDialog", spec.label)
            self._editors[spec.key].setAccessibleName(label)
            self._table.setItem(row, 0, QTableWidgetItem(label))
            self._table.setCellWidget(row, 1, self._editors[spec.key])
            reason = QTableWidgetItem(translate("TrainDialog", spec.explanation))
            reason.setToolTip(reason.text())
            self._reasons.append(reason)
            self._table.setItem(row, 2, reason)
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.resizeSection(1, 185)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        return self._table

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Pretrained weights"),
            "",
            self.tr("Weights (*.safetensors *.pt *.pth *.ckpt);;All files (*)"),
        )
        if path:
            self._init.addItem(path, path)
            self._init.setCurrentIndex(self._init.count() - 1)

    def _watch(self) -> None:
        """Ask for another proposal a moment after any option has changed."""
        self._name.textChanged.connect(lambda _: self._show_problem(self._problem, self._advice))
        for box in self.findChildren(QComboBox):
            box.currentIndexChanged.connect(self._soon.start)
        for key, editor in self._editors.items():
            for signal in ("valueChanged", "toggled", "textChanged"):
                if hasattr(editor, signal) and key != "steps":
                    getattr(editor, signal).connect(lambda *_: self._soon.start())


def _presets() -> dict[str, str]:
    translate = QCoreApplication.translate
    texts = {
        "auto": translate("TrainDialog", "automatic: chosen for data and device"),
        "classic": translate("TrainDialog", "classic U-Net: depth 4, 31 M parameters"),
        "shallow": translate("TrainDialog", "shallow: depth 2"),
        "add": translate("TrainDialog", "skip connections added instead of concatenated"),
        "unpool": translate("TrainDialog", "max unpooling with stored indices (SegNet)"),
    }
    return {word: texts[word] for word in PRESETS}


def _balances() -> dict[str, str]:
    translate = QCoreApplication.translate
    return {
        NONE: translate("TrainDialog", "none"),
        MEDIAN: translate("TrainDialog", "median frequency: more weight on rare classes"),
        INVERSE: translate("TrainDialog", "inverse frequency: most weight on rare classes"),
    }
