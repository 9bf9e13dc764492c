"""How to train, on three levels: just go, what matters, everything with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
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

from segstudio.training.choices import INVERSE, MEDIAN, NONE, PRESETS
from segstudio.training.events import Proposal
from segstudio.ui.dialogs.train_fields import FIELDS, default_of, is_usual, make_editor, show_automatic, text_of
from segstudio.ui.dialogs.train_fields import put as put_value

_PATIENCE = 8
_WAIT_MS = 500


@dataclass(frozen=True)
class TrainChoices:
    """`settings` are fields of TrainConfig as text, so that the window needs no torch to hold them."""

    name: str
    settings: dict[str, str] = field(default_factory=dict)
    held_out: Mapping[str, bool] = field(default_factory=dict)  # only what the user changed
    split_by: str = ""


@dataclass(frozen=True)
class TrainContext:
    """What the dialog is opened on.

    `runs` can be begun from, `begin` is the one to begin from at first; `taken` are names that a run has.
    """

    name: str
    num_labelled: int
    unlabelled: str = "background"
    runs: tuple[str, ...] = ()
    begin: str = ""
    taken: frozenset[str] = frozenset()


class TrainDialog(QDialog):
    """Asks for a proposal whenever a choice changes, and shows what "automatic" comes to."""

    proposal_wanted = Signal(dict)  # settings
    split_asked = Signal()

    def __init__(self, context: TrainContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Fine-tune from {}").format(context.begin) if context.begin else self.tr("Train"))
        self._context = context
        self._name = QLineEdit(context.name)
        self._minutes = QDoubleSpinBox(minimum=0.1, maximum=100_000, value=2.0, decimals=1)
        self._minutes.setSuffix(self.tr(" minutes"))
        self._data = QLabel(self.tr("{} labelled images").format(context.num_labelled))
        self._net = QLabel(self.tr("Looking at the images …"))
        self._warnings = QLabel()
        for label in (self._data, self._net, self._warnings):
            label.setWordWrap(True)
        self._net.setProperty("quiet", True)
        self._warnings.setProperty("problem", True)
        self._warnings.hide()
        self._editors: dict[str, QWidget] = {row.key: make_editor(row) for row in FIELDS}
        self._tabs = QTabWidget()
        self._tabs.addTab(self._go_page(), self.tr("Just go"))
        self._tabs.addTab(self._matters_page(), self.tr("What matters"))
        self._tabs.addTab(self._everything_page(), self.tr("Everything"))
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
        self._soon = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._soon.timeout.connect(lambda: self.proposal_wanted.emit(self.choices().settings))
        self._unwise = ""
        self._fault = ""  # of the choices, as the program says
        self._watch()
        self.resize(660, 440)
        self._minutes.setFocus()
        self._minutes.selectAll()

    def choices(self) -> TrainChoices:
        """Only what differs from the usual, so that what is automatic stays so."""
        settings = {"minutes": str(self._minutes.value()), "device": self._device.currentText()}
        settings["unlabelled"] = str(self._unlabelled.currentData())
        if self._preset.currentData() != "auto":
            settings["preset"] = str(self._preset.currentData())
        typed = self._balance.currentText().strip()
        balance = str(self._balance.itemData(self._balance.findText(typed)) or typed or NONE)
        if balance != NONE:
            settings["class_weights"] = balance
        if self._begin.currentData():
            settings["init"] = str(self._begin.currentData())
        for key, editor in self._editors.items():
            if not is_usual(editor, key):
                settings[key] = text_of(editor, default_of(key))
        return TrainChoices(self._name.text().strip(), settings)

    def show_proposal(self, proposal: Proposal) -> None:
        """What the program would choose, and what it thinks of the data."""
        self._data.setText(
            self.tr("{} images to learn from, {} held out to judge the model").format(
                len(proposal.train_names), len(proposal.held_out_names)
            )
        )
        values = {choice.key: choice for choice in proposal.choices}
        for row, spec in enumerate(FIELDS):
            choice = values.get(spec.key)
            if choice is not None:
                show_automatic(self._editors[spec.key], choice.value)
                self._reasons[row].setText(choice.reason)
                self._reasons[row].setToolTip(choice.reason)
        told = {choice.key: choice.value for choice in proposal.choices}
        self._net.setText(
            self.tr("U-Net of depth {depth} and width {width}; {batch} patches of {patch} px a step").format(
                **{key: told.get(key, "?") for key in ("depth", "width", "batch", "patch")}
            )
        )
        self._split.setEnabled(True)
        self._show_fault("", "\n".join(proposal.warnings))

    def show_problem(self, text: str) -> None:
        """Why the choices do not go together."""
        self._show_fault(text, "")

    def _show_fault(self, fault: str, warnings: str) -> None:
        """What cannot be disables Train; what is only unwise does not."""
        self._fault, self._unwise = fault, warnings
        name = self._name.text().strip()
        if not name or set(name) & set('/\\:*?"<>|') or name in (".", ".."):
            fault = self.tr("{} cannot be the name of a run; use letters, digits, - and _").format(name or "“”")
        elif name in self._context.taken:
            fault = self.tr("There is a run named {}; choose another name").format(name)
        self._warnings.setText(fault or warnings)
        self._warnings.setVisible(bool(fault or warnings))
        self._start.setEnabled(not fault)

    def _go_page(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(12, 12, 12, 12)
        form.setVerticalSpacing(12)
        form.addRow(self.tr("Train for"), self._minutes)
        form.addRow(self.tr("Name of the run"), self._name)
        self._split = QPushButton(self.tr("Held-out images …"))
        self._split.setToolTip(self.tr("See and change which images judge the model"))
        self._split.setAutoDefault(False)  # Return trains
        self._split.setEnabled(False)  # until they are read
        self._split.clicked.connect(self.split_asked)
        row = QHBoxLayout()
        row.addWidget(self._data, 1)
        row.addWidget(self._split)
        form.addRow(self.tr("Data"), row)
        form.addRow(self.tr("Network"), self._net)
        return page

    def _matters_page(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(12, 12, 12, 12)
        form.setVerticalSpacing(8)
        self._begin = QComboBox()
        self._begin.addItem(self.tr("nothing: random weights"), "")
        for name in self._context.runs:
            self._begin.addItem(name, name)
        self._begin.setCurrentIndex(max(0, self._begin.findData(self._context.begin)))
        other = QPushButton(self.tr("File …"))
        other.setAutoDefault(False)
        other.clicked.connect(self._choose_file)
        begin = QHBoxLayout()
        begin.addWidget(self._begin, 1)
        begin.addWidget(other)
        form.addRow(self.tr("Begin from"), begin)
        self._preset = QComboBox()
        for word, text in _presets().items():
            self._preset.addItem(text, word)
        form.addRow(self.tr("Network"), self._preset)
        self._unlabelled = QComboBox()
        self._unlabelled.addItem(self.tr("background: every pixel is labelled"), "background")
        self._unlabelled.addItem(self.tr("ignored: I draw only some strokes"), "ignore")
        self._unlabelled.setCurrentIndex(self._unlabelled.findData(self._context.unlabelled))
        form.addRow(self.tr("Unlabelled pixels are"), self._unlabelled)
        self._balance = QComboBox(editable=True)
        for word, text in _balances().items():
            self._balance.addItem(text, word)
        self._balance.setToolTip(self.tr("Or by hand: road=1, car=3"))
        self._balance.editTextChanged.connect(lambda _: self._soon.start())
        form.addRow(self.tr("Weights of classes"), self._balance)
        self._early = QCheckBox(self.tr("End when the held-out mIoU no longer rises"))
        patience = self._editors["patience"]
        self._early.toggled.connect(lambda on: put_value(patience, _PATIENCE if on else 0))
        patience.valueChanged.connect(self._on_patience)  # type: ignore[attr-defined]
        form.addRow("", self._early)
        self._device = QComboBox()
        self._device.addItems(["auto", "cpu", "cuda", "mps"])
        form.addRow(self.tr("Device"), self._device)
        return page

    def _on_patience(self, judgements: int) -> None:
        self._early.blockSignals(True)
        self._early.setChecked(judgements > 0)
        self._early.blockSignals(False)

    def _everything_page(self) -> QWidget:
        self._reasons: list[QTableWidgetItem] = []
        self._table = QTableWidget(len(FIELDS), 3)
        self._table.setHorizontalHeaderLabels([self.tr("Choice"), self.tr("Value"), self.tr("Why")])
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
            why = QTableWidgetItem(translate("TrainDialog", spec.why))
            why.setToolTip(why.text())
            self._reasons.append(why)
            self._table.setItem(row, 2, why)
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.resizeSection(1, 185)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        return self._table

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Weights to begin from"),
            "",
            self.tr("Weights (*.safetensors *.pt *.pth *.ckpt);;All files (*)"),
        )
        if path:
            self._begin.addItem(path, path)
            self._begin.setCurrentIndex(self._begin.count() - 1)

    def _watch(self) -> None:
        """Every change of anything asks for another proposal, once it rests."""
        self._name.textChanged.connect(lambda _: self._show_fault(self._fault, self._unwise))
        for box in self.findChildren(QComboBox):
            box.currentIndexChanged.connect(self._soon.start)
        for key, editor in self._editors.items():
            for signal in ("valueChanged", "toggled", "textChanged"):
                if hasattr(editor, signal) and key != "steps":
                    getattr(editor, signal).connect(lambda *_: self._soon.start())


def _presets() -> dict[str, str]:
    translate = QCoreApplication.translate
    texts = {
        "auto": translate("TrainDialog", "automatic: fits data and device"),
        "classic": translate("TrainDialog", "classic U-Net: four downs, 31 M parameters"),
        "shallow": translate("TrainDialog", "shallow: two downs"),
        "add": translate("TrainDialog", "skips added instead of concatenated"),
        "unpool": translate("TrainDialog", "unpooling at remembered maxima (SegNet’s)"),
    }
    return {word: texts[word] for word in PRESETS}


def _balances() -> dict[str, str]:
    translate = QCoreApplication.translate
    return {
        NONE: translate("TrainDialog", "all alike"),
        MEDIAN: translate("TrainDialog", "median frequency: rare classes count more"),
        INVERSE: translate("TrainDialog", "inverse frequency: rare classes count most"),
    }
