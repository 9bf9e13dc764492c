"""Import dialog: dataset and format, a preview of the first images, the class mapping, and the project folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QIcon, QPixmap
from PySide6.QtWidgets import QCheckBox, QListWidget, QListWidgetItem, QToolButton, QWidget

from segstudio.app.data_choices import ImportChoices, propose_project_folder
from segstudio.app.import_preview import OpenedDataset, Thumbnail
from segstudio.core.classes import ClassTable
from segstudio.formats.dataset import ReadOptions
from segstudio.formats.registry import READERS
from segstudio.project.importing import IGNORED, IN_ORDER, RENAME, SKIP, ImportOptions
from segstudio.project.mapping import propose_mapping
from segstudio.project.project import Project
from segstudio.ui.canvas.painters import as_qimage
from segstudio.ui.dialogs.class_mapping import ClassMappingTable
from segstudio.ui.dialogs.form_fields import FILE, FOLDER, NEW_FOLDER, FormComboBox, PathField
from segstudio.ui.dialogs.job_dialog import JobForm
from segstudio.ui.widgets import STRETCH, make_column, make_form, make_label, make_row

THUMB_PX = 108  # six of them fit in the width of the dialog


class ImportDialog(JobForm):
    """Asks for a preview whenever the dataset or a reading option changes."""

    def __init__(self, project: Project | None, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("ImportDialog", "Import"), parent)
        self.resize(760, 660)
        self._project = project
        self._suggested: Path | None = None
        self._make_fields()
        self._place_fields()
        self.setAcceptDrops(True)

    def _make_fields(self) -> None:
        self._source = PathField(self.tr("Dataset"), (FOLDER, FILE), self.tr("A folder, or a .json, .xml or .zip file"))
        detected = self.tr("Detected automatically")
        self._format = FormComboBox((detected, "auto"), *((reader.title, reader.name) for reader in READERS))
        self._images = PathField(self.tr("Images"), (FOLDER,), detected)
        self._labels = PathField(self.tr("Class list"), (FILE,), detected)
        self._snap = QCheckBox(self.tr("JPEG masks: map each colour to the nearest class"))
        self._ids = QCheckBox(self.tr("Cityscapes: all 34 label ids instead of the 19 train ids"))
        self._masks = FormComboBox(
            (detected, "auto"),
            (self.tr("Class ids"), "index"),
            (self.tr("Binary: 0 and 255"), "binary"),
            (self.tr("Object ids"), "instances"),
        )
        self._first_pixel = FormComboBox((detected, None), ("0", 0), ("1", 1))
        self._target = PathField(self.tr("Project folder"), (NEW_FOLDER,))
        self._overlap = FormComboBox(
            (self.tr("Belong to the later object"), IN_ORDER),
            (self.tr("Are ignored in training and metrics"), IGNORED),
        )
        self._taken = FormComboBox(
            (self.tr("Leave the image out (see the report)"), SKIP), (self.tr("Rename (append a number)"), RENAME)
        )
        self.show_status(self.tr("Choose a dataset, or drop it here."))
        self._conflicts = make_label(wrap=True)
        self._conflicts.hide()
        self._preview = _make_strip(self.tr("First images"))
        self.classes = ClassMappingTable()
        self.classes.setMinimumHeight(120)
        if self._project is not None:
            self._target.set_path(self._project.folder, notify=False)
        for field in (self._source, self._images, self._labels, self._target):
            field.changed.connect(self._on_changed)
        for box in (self._format, self._masks, self._first_pixel):
            box.currentIndexChanged.connect(self._on_changed)
        self._snap.toggled.connect(self._on_changed)
        self._ids.toggled.connect(self._on_changed)

    def _place_fields(self) -> None:
        form = make_form((self.tr("Dataset"), self._source), (self.tr("Format"), self._format), ("", self.status))
        below = make_form(
            (self.tr("Project folder"), self._target),
            ("", self._conflicts),
            (self.tr("If a name is taken"), self._taken),
            (self.tr("Overlapping pixels"), self._overlap),
        )
        self.set_form(form, self._make_reading_options(), self._preview, self.classes, below, ready=False)

    def _make_reading_options(self) -> QWidget:
        """Fields that unfold below a button."""
        inner = QWidget()
        make_form(
            (self.tr("Images"), self._images),
            (self.tr("Class list"), self._labels),
            (self.tr("Mask values"), self._masks),
            (self.tr("VOC boxes start at"), self._first_pixel),
            ("", self._snap),
            ("", self._ids),
            within=inner,
            margins=(18, 0, 0, 0),
        )
        toggle = QToolButton(autoRaise=True)
        toggle.setCheckable(True)
        toggle.setText(self.tr("Reading options"))
        toggle.setArrowType(Qt.ArrowType.RightArrow)
        toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        toggle.toggled.connect(inner.setVisible)
        toggle.toggled.connect(lambda on: self._grow(inner.sizeHint().height() if on else -inner.height()))
        arrows = {True: Qt.ArrowType.DownArrow, False: Qt.ArrowType.RightArrow}
        toggle.toggled.connect(lambda on: toggle.setArrowType(arrows[on]))
        inner.hide()
        box = QWidget()
        make_column(make_row(toggle, STRETCH), inner, within=box, margins=(0, 0, 0, 0))
        return box

    def _grow(self, by_px: int) -> None:
        """Make room for the reading options instead of shrinking the class table, up to the height of the screen."""
        self.resize(self.width(), min(self.height() + by_px, self.screen().availableGeometry().height()))

    def set_source(self, path: Path) -> None:
        self._source.set_path(path)

    def choices(self) -> ImportChoices | None:
        """None while the source or the folder is missing."""
        source, folder = self._source.path(), self._target.path()
        if source is None or folder is None:
            return None
        ids = "labelIds" if self._ids.isChecked() else "trainIds"
        options = ReadOptions(
            self._images.path(),
            self._labels.path(),
            snap=self._snap.isChecked(),
            ids=ids,
            first_pixel=self._first_pixel.currentData(),
            masks=self._masks.currentData(),
        )
        return ImportChoices(source, self._format.currentData(), options, folder)

    def import_options(self) -> ImportOptions:
        return ImportOptions(self.classes.mapping(), self._overlap.currentData(), self._taken.currentData())

    def show_reading(self) -> None:
        """The preview is being made."""
        self.set_ready(False)
        self._preview.clear()
        self.classes.setRowCount(0)
        self.show_status(self.tr("Reading the dataset …"))

    def show_preview(self, dataset: OpenedDataset) -> None:
        preview, problems = dataset.preview, dataset.problems
        into_project = self._project is not None and self._target.path() == self._project.folder
        here = self._project.table if self._project is not None and into_project else ClassTable()
        changes = propose_mapping(preview.names, here)
        parts = [self.tr("{}: {} images").format(dataset.title, preview.entries)]
        if preview.held_out:
            parts.append(self.tr("{} of them for validation").format(preview.held_out))
        lines = [", ".join(parts) + ".", *(f"{note[0].upper()}{note[1:]}." for note in preview.notes)]
        if changes:
            lines.append(self.tr("Renamed classes are shown in bold."))
        if problems:
            lines.append(self.tr("{} of the first images cannot be imported: {}").format(len(problems), problems[0]))
        self.show_status(" ".join(lines))
        colours = {item.name: item.colour for item in (*dataset.table, *here)}
        self.classes.show_classes(preview.names, colours, here, changes)
        taken = len(preview.taken)
        self._conflicts.setText(self.tr("{} images already have labels in this folder.").format(taken))
        self._conflicts.setVisible(bool(taken))
        self.set_ready(preview.entries > len(problems))

    def show_reasons(self, declined: dict[str, str]) -> None:
        """Why the dataset is not in any of the other formats, as a tip."""
        self.status.setToolTip("\n".join(f"{name}: {reason}" for name, reason in declined.items()))

    def add_thumbnail(self, thumbnail: Thumbnail) -> None:
        item = QListWidgetItem(QIcon(QPixmap.fromImage(as_qimage(thumbnail.pixels))), thumbnail.name)
        item.setToolTip(thumbnail.text)
        self._preview.addItem(item)

    def _on_changed(self) -> None:
        source = self._source.path()
        if not self.editable:
            return
        if source is None:
            self.show_reading()
            self.show_status(self.tr("Choose a dataset, or drop it here."))
            return
        if self._target.path() in (None, self._suggested):
            self._suggested = propose_project_folder(source)
            self._target.set_path(self._suggested, notify=False)
        self.preview_asked.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and self.editable:
            self.set_source(paths[0])


def _make_strip(name: str) -> QListWidget:
    """One row of thumbnails."""
    strip = QListWidget()
    strip.setViewMode(QListWidget.ViewMode.IconMode)
    strip.setIconSize(QSize(THUMB_PX, THUMB_PX))
    strip.setMovement(QListWidget.Movement.Static)
    strip.setWrapping(False)
    strip.setFixedHeight(THUMB_PX + 28)
    strip.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    strip.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    strip.setGridSize(QSize(THUMB_PX + 12, THUMB_PX + 24))
    strip.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    strip.setAccessibleName(name)
    strip.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return strip
