"""Export: into which format, where to, and what that format cannot hold, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from segstudio.formats.targets import TARGETS
from segstudio.formats.writer import ExportOptions, Target
from segstudio.project.export import Plan
from segstudio.ui.dialogs.class_mapping import StillBox
from segstudio.ui.dialogs.job_dialog import JobDialog
from segstudio.ui.dialogs.path_field import NEW_FOLDER, PathField


@dataclass(frozen=True)
class ExportChoices:
    """A format with its options, and a new folder."""

    target: Target
    options: ExportOptions
    folder: Path


class ExportDialog(JobDialog):
    """Asks for a plan whenever the format or its options change."""

    plan_asked = Signal()

    def __init__(self, project: Path, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("ExportDialog", "Export"), parent)
        self.resize(640, 520)
        self._project = project
        self._make_fields()
        self.place(self._page())
        self._show_folder = self.add_button(self.tr("Open folder"))
        self.folder_asked = self._show_folder.clicked
        self._on_format()

    def _make_fields(self) -> None:
        self._format = StillBox()
        for target in TARGETS:
            self._format.addItem(target.title, target.name)
        self._folder = PathField(self.tr("New folder"), (NEW_FOLDER,))
        self._suggested: Path | None = None
        self._boxes = {
            "visualisations": QCheckBox(self.tr("Also coloured images")),
            "npy": QCheckBox(self.tr("Also .npy planes")),
            "exact": QCheckBox(self.tr("Pixels in place of polygons, exact to the border")),
        }
        self._overlap = QCheckBox(self.tr("Ignore pixels that several objects claim"))
        self._border = QSpinBox(minimum=0, maximum=50)
        self._border.setSuffix(self.tr(" px ignored around objects"))
        self._border.setSpecialValueText(self.tr("No ignored border"))
        self._summary = QLabel()
        self._summary.setWordWrap(True)
        self._losses = QListWidget()
        self._losses.setWordWrap(True)
        self._losses.setAccessibleName(self.tr("What this format does not hold"))
        self._format.currentIndexChanged.connect(self._on_format)
        self._boxes["exact"].toggled.connect(self.plan_asked)

    def _page(self) -> QWidget:
        page = QWidget()
        form = QFormLayout()
        form.addRow(self.tr("Format"), self._format)
        form.addRow(self.tr("New folder"), self._folder)
        for box in (*self._boxes.values(), self._border, self._overlap):
            form.addRow("", box)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self._summary)
        layout.addWidget(self._losses, 5)
        layout.addStretch(1)
        return page

    @property
    def target(self) -> Target:
        return TARGETS[self._format.currentIndex()]

    def set_format(self, name: str) -> None:
        self._format.setCurrentIndex(self._format.findData(name))

    def set_folder(self, folder: Path) -> None:
        self._folder.set_path(folder)

    def choices(self) -> ExportChoices | None:
        folder = self._folder.path()
        if folder is None:
            return None
        known = self.target.choices
        on = {name: box.isChecked() and name in known for name, box in self._boxes.items()}
        border = self._border.value() if "border_px" in known else 0
        options = ExportOptions(
            **on, border_px=border, overlap_ignored=self._overlap.isChecked() and "overlap_ignored" in known
        )
        return ExportChoices(self.target, options, folder)

    def show_plan(self, plan: Plan) -> None:
        text = self.tr("{} images will be written.").format(plan.images)
        if plan.untouched:
            text += " " + self.tr("{} have no labels and are not marked as done; they get no mask.").format(
                plan.untouched
            )
        if plan.unknown:
            text += " " + self.tr("Labels that are no classes: {}.").format(", ".join(plan.unknown[:5]))
        if plan.unreadable:
            text += " " + self.tr("{} cannot be read and will be left out.").format(plan.unreadable)
        if self.target.remark:
            text += f" {self.target.remark}"
        text += " " + (self.tr("To know:") if plan.losses else self.tr("Nothing else is lost."))
        self._summary.setText(text)
        self._losses.clear()
        self._losses.setVisible(bool(plan.losses))
        for reason, objects, images in plan.losses:
            self._losses.addItem(self.tr("{} objects in {} images: each {}").format(objects, images, reason))

    def show_written(self, text: str) -> None:
        """Finished, and there is something to look at."""
        self.show_finished(text)
        self._show_folder.show()

    def show_again(self, text: str) -> None:
        """Nothing was written: the choices come back with the reason."""
        self.show_form()
        self._summary.setText(text)
        self._folder.setFocus()

    def _on_format(self) -> None:
        known = self.target.choices
        for name, box in self._boxes.items():
            box.setVisible(name in known)
        self._border.setVisible("border_px" in known)
        self._overlap.setVisible("overlap_ignored" in known)
        folder = self._folder.path()
        if folder is None or folder == self._suggested:
            self._suggested = _free(self._project.with_name(f"{self._project.name}-{self.target.name}"))
            self._folder.set_path(self._suggested)
        self._losses.clear()
        self._summary.setText(self.tr("Looking …"))
        self.plan_asked.emit()


def _free(folder: Path) -> Path:
    """`folder`, or the first of its name with a number that is not there."""
    number, free = 2, folder
    while free.exists():
        free, number = folder.with_name(f"{folder.name}-{number}"), number + 1
    return free
