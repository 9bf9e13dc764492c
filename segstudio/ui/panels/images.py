"""Images panel: thumbnail, name, state and mIoU of each image; filtered by a query and sorted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from segstudio.app.listing import Listing, read_dates
from segstudio.app.state import State
from segstudio.project.item import DONE
from segstudio.project.project import Project
from segstudio.project.query import parse_query
from segstudio.tools.options import N
from segstudio.ui.jobs import Jobs
from segstudio.ui.panels.image_model import ImageModel
from segstudio.ui.panels.image_thumbnails import THUMB_PX
from segstudio.ui.panels.panel import ANNOTATE, REVIEW, TRAIN, Panel, PanelInfo
from segstudio.ui.widgets import Index, make_column, make_combo, make_label, make_line, make_row, make_tool_button

_STATES = {"done": "#16a34a", "labelled": "#2563eb", "todo": "#a1a1aa", "broken": "#dc2626"}


class ImageDelegate(QStyledItemDelegate):
    """Paints thumbnail, name and state, and the mIoU on the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(160, THUMB_PX + 8)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        palette, rect = option.palette, option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.fillRect(rect, palette.color(QPalette.ColorRole.Highlight if selected else QPalette.ColorRole.Base))
        strong = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        quiet = strong if selected else palette.color(QPalette.ColorRole.PlaceholderText)
        self._paint_thumbnail(painter, rect, index.data(Qt.ItemDataRole.DecorationRole), palette)
        left = rect.left() + THUMB_PX + 14
        number_width = painter.fontMetrics().horizontalAdvance("0.000") + 6
        upper = QRect(left, rect.top() + 7, rect.right() - left - number_width - 8, 18)
        painter.setPen(strong)
        name = index.data(ImageModel.NAME)
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, upper.width())
        painter.drawText(upper, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        number_area = QRect(rect.right() - number_width - 6, upper.top(), number_width, 18)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(number_area, right, index.data(ImageModel.MIOU))
        state = index.data(ImageModel.STATE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(_STATES[state]))
        painter.setPen(strong if selected else Qt.PenStyle.NoPen)
        painter.drawEllipse(left, upper.bottom() + 6, 8, 8)
        painter.setPen(quiet)
        painter.drawText(left + 14, upper.bottom() + 14, self._state_text(state))
        painter.restore()

    def _state_text(self, state: str) -> str:
        return {
            "done": self.tr("done"),
            "labelled": self.tr("labelled"),
            "todo": self.tr("to do"),
            "broken": self.tr("cannot be read"),
        }[state]

    def _paint_thumbnail(self, painter: QPainter, rect: QRect, thumbnail: QPixmap | None, palette: QPalette) -> None:
        place = QRect(rect.left() + 6, rect.top() + 4, THUMB_PX, THUMB_PX)
        painter.fillRect(place, palette.color(QPalette.ColorRole.Dark))
        if thumbnail is not None and not thumbnail.isNull():
            size = thumbnail.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(place.topLeft(), size)
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, thumbnail)


class ImageList(QListView):
    """Does not search for typed letters, which are shortcuts of the window."""

    def keyboardSearch(self, search: str) -> None:
        """Do nothing."""


class ImagesPanel(Panel):
    """`chosen` has the name of the image to open."""

    info = PanelInfo("images", N("Panel", "Images"), "images", (ANNOTATE, TRAIN, REVIEW), left=True)

    chosen = Signal(str)
    left = Signal()  # Return in the filter: the keyboard goes back to the canvas

    def __init__(self, state: State, listing: Listing, jobs: Jobs) -> None:
        super().__init__()
        self._state = state
        self._listing = listing
        self._jobs = jobs
        self._resetting = False
        self._model = ImageModel(state, listing, jobs)
        self._make_filter()
        self._make_order()
        self._list = ImageList()
        self._list.setModel(self._model)
        self._list.setItemDelegate(ImageDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._list.setAccessibleName(self.tr("Images"))
        self._counts = make_label(style="quiet")
        self._counts.setContentsMargins(8, 0, 8, 0)
        order = make_row((self._by, 1), self._down)
        top = make_column(self._filter, self._error, order, margins=(6, 6, 6, 0))
        make_column(top, self._list, self._counts, within=self, margins=(0, 0, 0, 6), spacing_px=6)
        self._list.selectionModel().currentChanged.connect(self._on_current)
        self._model.modelAboutToBeReset.connect(self._on_resetting)
        self._model.modelReset.connect(self._on_reset)
        state.image_changed.connect(self._follow)
        state.items_changed.connect(self._show_counts)
        state.item_states_changed.connect(lambda names: self._show_counts())
        self._show_counts()

    def focus_filter(self) -> None:
        self._filter.setFocus()
        self._filter.selectAll()

    def _make_filter(self) -> None:
        self._filter = make_line(self.tr("Filter: name class:road miou:<0.5"), self.tr("Filter"))
        tip = self.tr("name  class:road  status:todo  miou:<0.5  miou:none  uncertainty:>0.3  -class:car (not)")
        self._filter.setToolTip(tip)
        self._filter.textChanged.connect(self._on_filter)
        self._filter.returnPressed.connect(self.left)
        self._error = make_label(style="problem", wrap=True)
        self._error.hide()

    def _make_order(self) -> None:
        words = {
            "name": self.tr("by name"),
            "date": self.tr("by date"),
            "state": self.tr("by state"),
            "miou": self.tr("by mIoU"),
            "uncertainty": self.tr("by uncertainty"),
        }
        self._by = make_combo(words, self.tr("Order"))
        self._down = make_tool_button(self.tr("Reverse order"), flat=False)
        self._down.setCheckable(True)
        self._down.setText("↓")
        self._by.activated.connect(self._on_order)
        self._down.toggled.connect(self._on_order)

    def _on_filter(self, text: str) -> None:
        """A query that cannot be parsed leaves the list as it is; its error is shown."""
        try:
            query = parse_query(text)
        except ValueError as error:
            self._error.setText(str(error))
            self._error.show()
            return
        self._error.hide()
        self._model.set_query(query)
        self._show_counts()

    def _on_order(self) -> None:
        self._down.setText("↑" if self._down.isChecked() else "↓")
        self._listing.set_order(self._by.currentData(), down=self._down.isChecked())
        project = self._state.project
        if self._listing.needs_dates and project is not None:
            items = list(self._state.items)
            self._jobs.start(lambda: read_dates(items), lambda dates: self._on_dates(project, dates))

    def _on_dates(self, project: Project, dates: dict[str, float]) -> None:
        if self._state.is_current(project):
            self._listing.set_dates(dates)

    def _on_resetting(self) -> None:
        """The list loses its current row; that must not open another image."""
        self._resetting = True

    def _on_reset(self) -> None:
        self._resetting = False
        self._follow()
        self._show_counts()

    def _on_current(self, current: QModelIndex) -> None:
        if current.isValid() and not self._resetting:
            self.chosen.emit(current.data(ImageModel.NAME))

    def _follow(self) -> None:
        image = self._state.image
        row = self._listing.row_of(image.item.name) if image else None
        if row is not None and row != self._list.currentIndex().row():
            self._list.setCurrentIndex(self._model.index(row))

    def _show_counts(self) -> None:
        total, shown = len(self._state.items), len(self._listing.names)
        labelled = self._state.num_annotated
        done = sum(state.status == DONE for state in self._state.item_states.values())
        text = self.tr("{} images · {} labelled · {} done").format(total, labelled, done) if total else ""
        self._counts.setText(self.tr("{} of {}").format(shown, text) if shown != total else text)
