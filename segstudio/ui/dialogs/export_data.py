"""Export dialog: format, options and folder, with what the format cannot store shown before anything is written."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QCheckBox, QListWidget, QSpinBox, QWidget

from segstudio.app.data_choices import ExportChoices, propose_export_folder
from segstudio.formats.registry import WRITERS
from segstudio.formats.writer import ExportOptions, Writer
from segstudio.project.export import ExportPlan
from segstudio.ui.dialogs.form_fields import NEW_FOLDER, FormComboBox, PathField
from segstudio.ui.dialogs.job_dialog import JobForm
from segstudio.ui.widgets import make_form


class ExportDialog(JobForm):
    """Asks for a preview whenever the format or its options change."""

    folder_asked = Signal()

    def __init__(self, project: Path, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("ExportDialog", "Export"), parent)
        self.resize(640, 520)
        self._project = project
        self._suggested: Path | None = None
        self._make_fields()
        boxes = (("", box) for box in (*self._boxes.values(), self._border))
        form = make_form((self.tr("Format"), self._format), (self.tr("New folder"), self._folder), *boxes)
        self.set_form(form, self.status, self._losses)
        self._open_folder = self.add_button(self.tr("Open folder"))
        self._open_folder.clicked.connect(self.folder_asked)
        self._open_folder.hide()
        self._on_format()

    def _make_fields(self) -> None:
        self._format = FormComboBox(*((writer.title, writer.name) for writer in WRITERS))
        self._folder = PathField(self.tr("New folder"), (NEW_FOLDER,))
        self._boxes = {
            "visualisations": QCheckBox(self.tr("Also write overlays: labels over the image")),
            "npy": QCheckBox(self.tr("Also write label arrays (.npy)")),
            "exact": QCheckBox(self.tr("Write masks (RLE) instead of polygons, exact to the pixel")),
            "overlap_ignored": QCheckBox(self.tr("Ignore pixels where objects overlap")),
        }
        self._border = QSpinBox(minimum=0, maximum=50)
        self._border.setSuffix(self.tr(" px ignored around objects"))
        self._border.setSpecialValueText(self.tr("No ignored border"))
        self._losses = QListWidget()
        self._losses.setWordWrap(True)
        self._losses.setAccessibleName(self.tr("What this format cannot store"))
        self._format.currentIndexChanged.connect(self._on_format)
        self._boxes["exact"].toggled.connect(self.preview_asked)

    @property
    def writer(self) -> Writer:
        return WRITERS[self._format.currentIndex()]

    def set_format(self, name: str) -> None:
        self._format.setCurrentIndex(self._format.findData(name))

    def set_folder(self, folder: Path) -> None:
        self._folder.set_path(folder)

    def choices(self) -> ExportChoices | None:
        """None while the folder is missing."""
        folder = self._folder.path()
        if folder is None:
            return None
        known = self.writer.options
        checked = {name: box.isChecked() and name in known for name, box in self._boxes.items()}
        border_px = self._border.value() if "border_px" in known else 0
        return ExportChoices(self.writer, ExportOptions(**checked, border_px=border_px), folder)

    def show_plan(self, plan: ExportPlan) -> None:
        parts = [self.tr("{} images will be written.").format(plan.images)]
        if plan.unannotated:
            text = self.tr("{} without labels are skipped; mark them as done to write them as background.")
            parts.append(text.format(plan.unannotated))
        if plan.unknown:
            parts.append(self.tr("Unknown labels: {}; their images are left out.").format(", ".join(plan.unknown[:5])))
        if plan.unreadable:
            parts.append(self.tr("{} cannot be read and are left out.").format(plan.unreadable))
        if self.writer.remark:
            parts.append(self.writer.remark)
        parts.append(self.tr("Warnings:") if plan.losses else self.tr("Nothing else is lost."))
        self.show_status(" ".join(parts))
        self._losses.clear()
        self._losses.setVisible(bool(plan.losses))
        for reason, objects, images in plan.losses:
            self._losses.addItem(self.tr("{} objects in {} images: each {}").format(objects, images, reason))

    def show_written(self, text: str) -> None:
        """The job has ended and its folder can be opened."""
        self.show_finished(text)
        self._open_folder.show()

    def show_refusal(self, text: str) -> None:
        """The folder cannot be used; nothing was written."""
        self.show_status(text)
        self._folder.setFocus()

    def _on_format(self) -> None:
        known = self.writer.options
        for name, box in self._boxes.items():
            box.setVisible(name in known)
        self._border.setVisible("border_px" in known)
        folder = self._folder.path()
        if folder is None or folder == self._suggested:
            self._suggested = propose_export_folder(self._project, self.writer.name)
            self._folder.set_path(self._suggested)
        self._losses.clear()
        self.show_status(self.tr("Checking the labels …"))
        self.preview_asked.emit()
