"""Import: where from, what it is, a look at the first images, what becomes of each class, and where to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.classes import ClassTable
from segstudio.formats.dataset import SourceOptions
from segstudio.formats.registry import READERS
from segstudio.project.importing import IGNORED, IN_ORDER, RENAME, SKIP, IntakeOptions, Survey
from segstudio.project.mapping import proposed
from segstudio.ui.dialogs.class_mapping import ClassMappingTable, StillBox
from segstudio.ui.dialogs.job_dialog import JobDialog
from segstudio.ui.dialogs.path_field import FILE, FOLDER, NEW_FOLDER, PathField
from segstudio.ui.thumbnails import Thumbnail

THUMB_PX = 108  # six of them fit


@dataclass(frozen=True)
class ImportChoices:
    """What is to be read, how, and into which folder."""

    source: Path
    format_name: str
    options: SourceOptions
    folder: Path


class ImportDialog(JobDialog):
    """Asks for a look whenever the source or how to read it changes."""

    look_asked = Signal()

    def __init__(self, project: tuple[Path, ClassTable] | None, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("ImportDialog", "Import"), parent)
        self.resize(760, 660)
        self._project = project
        self._suggested: Path | None = None
        self._make_fields()
        self.place(self._form(), ready=False)
        self.setAcceptDrops(True)

    def _make_fields(self) -> None:
        self._source = PathField(
            self.tr("Data set"), (FOLDER, FILE), self.tr("A folder, or a .json, .xml or .zip file")
        )
        self._format = _choice((self.tr("Found by itself"), "auto"), *((each.title, each.name) for each in READERS))
        self._images = PathField(self.tr("Images"), (FOLDER,), self.tr("Found by itself"))
        self._labels = PathField(self.tr("Class list"), (FILE,), self.tr("Found by itself"))
        self._snap = QCheckBox(self.tr("Read lossy masks (JPEG) by the nearest class"))
        self._ids = QCheckBox(self.tr("Cityscapes: all 34 label ids, not the 19 train ids"))
        self._masks = _choice(
            (self.tr("Found out"), "auto"),
            (self.tr("Numbers of classes"), "index"),
            (self.tr("0 and 255"), "binary"),
            (self.tr("Numbers of objects"), "instances"),
        )
        self._first_pixel = _choice((self.tr("Found out"), None), ("0", 0), ("1", 1))
        self._target = PathField(self.tr("Project folder"), (NEW_FOLDER,))
        self._overlap = _choice(
            (self.tr("The later object lies on top"), IN_ORDER),
            (self.tr("Ignored: such pixels count for nothing"), IGNORED),
        )
        self._taken = _choice(
            (self.tr("Left out, and told in the report"), SKIP), (self.tr("Gets a number behind its name"), RENAME)
        )
        self._found = QLabel(self.tr("Choose a data set, or drop it here."))
        self._found.setWordWrap(True)
        self._conflicts = QLabel()
        self._conflicts.setWordWrap(True)
        self._conflicts.hide()
        self._preview = _strip(self.tr("First images"))
        self.classes = ClassMappingTable()
        self.classes.setMinimumHeight(120)
        if self._project is not None:
            self._target.set_path(self._project[0], tell=False)
        for field in (self._source, self._images, self._labels, self._target):
            field.changed.connect(self._on_changed)
        for box in (self._format, self._masks, self._first_pixel):
            box.currentIndexChanged.connect(self._on_changed)
        self._snap.toggled.connect(self._on_changed)
        self._ids.toggled.connect(self._on_changed)

    def _form(self) -> QWidget:
        page = QWidget()
        form = QFormLayout()
        form.addRow(self.tr("Data set"), self._source)
        form.addRow(self.tr("Format"), self._format)
        form.addRow("", self._found)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self._more())
        layout.addWidget(self._preview)
        layout.addWidget(self.classes, 1)
        below = QFormLayout()
        below.addRow(self.tr("Into"), self._target)
        below.addRow("", self._conflicts)
        below.addRow(self.tr("A name that is taken"), self._taken)
        below.addRow(self.tr("Where objects overlap"), self._overlap)
        layout.addLayout(below)
        return page

    def _more(self) -> QWidget:
        inner = QWidget()
        form = QFormLayout(inner)
        form.setContentsMargins(18, 0, 0, 0)
        form.addRow(self.tr("Images"), self._images)
        form.addRow(self.tr("Class list"), self._labels)
        form.addRow(self.tr("Masks hold"), self._masks)
        form.addRow(self.tr("VOC boxes count from"), self._first_pixel)
        form.addRow("", self._snap)
        form.addRow("", self._ids)
        toggle = QToolButton()
        toggle.setText(self.tr("How to read it"))
        toggle.setCheckable(True)
        toggle.setAutoRaise(True)
        toggle.setArrowType(Qt.ArrowType.RightArrow)
        toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        toggle.toggled.connect(inner.setVisible)
        toggle.toggled.connect(lambda on: self._grow(inner.sizeHint().height() if on else -inner.height()))
        toggle.toggled.connect(
            lambda on: toggle.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        )
        inner.hide()
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.addWidget(toggle)
        row.addStretch()
        layout.addLayout(row)
        layout.addWidget(inner)
        return box

    def _grow(self, by_px: int) -> None:
        """So that what unfolds takes nothing from the classes, as far as the screen goes."""
        self.resize(self.width(), min(self.height() + by_px, self.screen().availableGeometry().height()))

    def set_source(self, path: Path) -> None:
        self._source.set_path(path)

    def choices(self) -> ImportChoices | None:
        """None while the source or the folder is missing."""
        source, folder = self._source.path(), self._target.path()
        if source is None or folder is None:
            return None
        ids = "labelIds" if self._ids.isChecked() else "trainIds"
        options = SourceOptions(
            self._images.path(),
            self._labels.path(),
            snap=self._snap.isChecked(),
            ids=ids,
            first_pixel=self._first_pixel.currentData(),
            masks=self._masks.currentData(),
        )
        return ImportChoices(source, self._format.currentData(), options, folder)

    def intake(self) -> IntakeOptions:
        return IntakeOptions(self.classes.mapping(), self._overlap.currentData(), self._taken.currentData())

    def show_looking(self) -> None:
        self._go.setEnabled(False)
        self._preview.clear()
        self.classes.setRowCount(0)
        self._found.setText(self.tr("Looking at it …"))

    def show_fault(self, text: str) -> None:
        self._found.setText(text)

    def show_survey(self, title: str, survey: Survey, table: ClassTable, troubles: tuple[str, ...]) -> None:
        here = self._project[1] if self._project and self._target.path() == self._project[0] else ClassTable()
        changes = proposed(survey.names, here)
        parts = [self.tr("{}: {} images").format(title, survey.entries)]
        if survey.held_out:
            parts.append(self.tr("{} of them held out").format(survey.held_out))
        lines = [", ".join(parts) + ".", *(f"{note[0].upper()}{note[1:]}." for note in survey.notes)]
        if changes:
            lines.append(self.tr("Classes that change their name are shown in bold."))
        if troubles:
            text = self.tr("{} of the images looked at cannot come: {}").format(len(troubles), troubles[0])
            lines.append(text)
        self._found.setText(" ".join(lines))
        colours = {item.name: item.colour for item in (*table, *here)}
        self.classes.show_classes(survey.names, colours, here, changes)
        taken = len(survey.taken)
        self._conflicts.setText(self.tr("{} images have labels there already.").format(taken) if taken else "")
        self._conflicts.setVisible(bool(taken))
        self._go.setEnabled(survey.entries > len(troubles))

    def show_reasons(self, declined: dict[str, str]) -> None:
        self._found.setToolTip("\n".join(f"{name}: {reason}" for name, reason in declined.items()))

    def add_thumbnail(self, thumbnail: Thumbnail) -> None:
        pixels = thumbnail.pixels
        image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.shape[1] * 3, QImage.Format.Format_RGB888)
        item = QListWidgetItem(QIcon(QPixmap.fromImage(image)), thumbnail.name)
        item.setToolTip(thumbnail.text)
        self._preview.addItem(item)

    def _on_changed(self) -> None:
        source = self._source.path()
        if self.running or self.finished_work:
            return
        if source is None:
            self.show_looking()
            self._found.setText(self.tr("Choose a data set, or drop it here."))
            return
        if self._target.path() in (None, self._suggested):
            home = source.parent if source.is_file() else source  # the project lies beside the source, not in it
            self._suggested = home.with_name(f"{home.name}-project")
            self._target.set_path(self._suggested, tell=False)
        self.look_asked.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and not self.running and not self.finished_work:
            self.set_source(paths[0])


def _choice(*rows: tuple[str, object]) -> StillBox:
    """A box of words; each row's `data` is what it means."""
    box = StillBox()
    for text, meaning in rows:
        box.addItem(text, meaning)
    return box


def _strip(name: str) -> QListWidget:
    """One row of small images to look at."""
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
