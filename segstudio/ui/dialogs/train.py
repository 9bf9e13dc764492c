"""Training dialog: quick options, main options, and all options with the reason for each value."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QHeaderView,
    QLineEdit,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QWidget,
)

from segstudio.app.train_form import TrainContext, list_settings
from segstudio.app.training_options import FIELDS, default_of
from segstudio.app.training_run import TrainChoices
from segstudio.project.runs import is_run_name
from segstudio.training.config import INVERSE, MEDIAN, NONE, PRESETS
from segstudio.training.events import Proposal
from segstudio.ui.dialogs.train_fields import make_editor, read_text, show_automatic
from segstudio.ui.widgets import (
    choose,
    make_buttons,
    make_column,
    make_combo,
    make_form,
    make_label,
    make_quiet_button,
    make_row,
    set_silently,
)

_PATIENCE = 8
_PROPOSAL_DELAY_MS = 500


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
        self._data = make_label(self.tr("{} labelled images").format(context.num_annotated), wrap=True)
        self._net = make_label(self.tr("Reading the images …"), "quiet", wrap=True)
        self._warnings = make_label(style="problem", wrap=True)
        self._warnings.hide()
        self._editors: dict[str, QWidget] = {row.key: make_editor(row) for row in FIELDS}
        self._tabs = QTabWidget()
        self._tabs.addTab(self._make_quick_page(), self.tr("Quick"))
        self._tabs.addTab(self._make_main_page(), self.tr("Main options"))
        self._tabs.addTab(self._make_full_page(), self.tr("All options"))
        buttons, self._start = make_buttons(self, self.tr("Train"), self.tr("Cancel"))
        self._start.setDefault(True)
        make_column((self._tabs, 1), self._warnings, buttons, within=self, spacing_px=12)
        self._soon = QTimer(self, singleShot=True, interval=_PROPOSAL_DELAY_MS)
        self._soon.timeout.connect(lambda: self.proposal_asked.emit(self.choices().settings))
        self._problem = self._advice = ""  # of the last proposal
        self._watch()
        self.resize(660, 440)
        self._minutes.setFocus()
        self._minutes.selectAll()

    def choices(self) -> TrainChoices:
        """Only settings that differ from the defaults, so that automatic ones stay automatic."""
        typed = self._balance.currentText().strip()
        main = {
            "minutes": str(self._minutes.value()),
            "device": self._device.currentText(),
            "unlabelled": self._unlabelled.currentData(),
            "preset": self._preset.currentData(),
            "class_weights": self._balance.itemData(self._balance.findText(typed)) or typed or NONE,
            "init": self._init.currentData(),
        }
        options = {key: read_text(editor, default_of(key)) for key, editor in self._editors.items()}
        return TrainChoices(self._name.text().strip(), list_settings(main, options))

    def show_proposal(self, proposal: Proposal) -> None:
        """Show the proposed values and the warnings about the data."""
        data = self.tr("{} images for training, {} for validation")
        self._data.setText(data.format(len(proposal.train_names), len(proposal.held_out_names)))
        decisions = {choice.key: choice for choice in proposal.decisions}
        for row, spec in enumerate(FIELDS):
            if spec.key in decisions:
                show_automatic(self._editors[spec.key], decisions[spec.key].value)
                self._reasons[row].setText(decisions[spec.key].reason)
                self._reasons[row].setToolTip(decisions[spec.key].reason)
        keys = ("depth", "width", "batch_size", "patch_size")
        values = {key: decisions[key].value if key in decisions else "?" for key in keys}
        net = self.tr("U-Net, depth {depth}, width {width}; {batch_size} patches of {patch_size} px per step")
        self._net.setText(net.format(**values))
        self._split.setEnabled(True)
        self._show_problem("", "\n".join(proposal.warnings))

    def show_problem(self, text: str) -> None:
        """Why the options cannot be used together."""
        self._show_problem(text, "")

    def _show_problem(self, problem: str, advice: str) -> None:
        """A problem disables Train, advice does not. A name that cannot be used is a problem too."""
        self._problem, self._advice = problem, advice
        name = self._name.text().strip()
        if not is_run_name(name):
            problem = self.tr("{} cannot be the name of a run; use letters, digits, - and _").format(name or "“”")
        elif name in self._context.taken:
            problem = self.tr("A run named {} exists; choose another name").format(name)
        self._warnings.setText(problem or advice)
        self._warnings.setVisible(bool(problem or advice))
        self._start.setEnabled(not problem)

    def _make_quick_page(self) -> QWidget:
        tip = self.tr("Show or change the images that the model is validated on")
        self._split = make_quiet_button(self.tr("Validation images…"), self.split_asked, tip)
        self._split.setEnabled(False)  # until the images are read
        page = QWidget()
        make_form(
            (self.tr("Train for"), self._minutes),
            (self.tr("Run name"), self._name),
            (self.tr("Data"), make_row((self._data, 1), self._split)),
            (self.tr("Network"), self._net),
            within=page,
            margins=(12, 12, 12, 12),
            spacing_px=12,
        )
        return page

    def _make_main_page(self) -> QWidget:
        self._init = make_combo({"": self.tr("random weights"), **{name: name for name in self._context.runs}})
        self._init.setCurrentIndex(max(0, self._init.findData(self._context.init)))
        other = make_quiet_button(self.tr("File…"), self._choose_file)
        self._preset = make_combo(_presets())
        unlabelled = {"background": self.tr("background"), "ignore": self.tr("ignored (for sparse labels)")}
        self._unlabelled = make_combo(unlabelled)
        choose(self._unlabelled, self._context.unlabelled)
        self._balance = make_combo(_balances(), tip=self.tr("Or type weights: road=1, car=3"))
        self._balance.setEditable(True)
        self._balance.editTextChanged.connect(lambda _: self._soon.start())
        self._early = QCheckBox(self.tr("Stop early when the validation mIoU no longer improves"))
        patience = self._editors["patience"]
        assert isinstance(patience, QSpinBox)
        self._early.toggled.connect(lambda on: patience.setValue(_PATIENCE if on else 0))
        patience.valueChanged.connect(lambda validations: set_silently(self._early, validations > 0))
        self._device = make_combo({name: name for name in ("auto", "cpu", "cuda", "mps")})
        page = QWidget()
        make_form(
            (self.tr("Initialise from"), make_row((self._init, 1), other)),
            (self.tr("Network"), self._preset),
            (self.tr("Unlabelled pixels are"), self._unlabelled),
            (self.tr("Class weights"), self._balance),
            ("", self._early),
            (self.tr("Device"), self._device),
            within=page,
            margins=(12, 12, 12, 12),
            spacing_px=8,
        )
        return page

    def _make_full_page(self) -> QWidget:
        self._reasons: list[QTableWidgetItem] = []
        self._table = QTableWidget(len(FIELDS), 3)
        self._table.setHorizontalHeaderLabels([self.tr("Option"), self.tr("Value"), self.tr("Explanation")])
        self._table.verticalHeader().hide()
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
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
        kinds = self.tr("Weights (*.safetensors *.pt *.pth *.ckpt);;All files (*)")
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Pretrained weights"), "", kinds)
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
