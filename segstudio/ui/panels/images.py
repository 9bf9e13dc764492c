"""The images of the project: thumbnail, name, state and mIoU; filtered by a query, in an order of choice."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.project.item import DONE
from segstudio.project.query import parsed
from segstudio.ui.panels.image_model import ImageModel
from segstudio.ui.panels.image_thumbnails import THUMB_PX
from segstudio.ui.session import Session

Index = QModelIndex | QPersistentModelIndex

_STATES = {"done": "#16a34a", "labelled": "#2563eb", "todo": "#a1a1aa", "broken": "#dc2626"}


class ImageDelegate(QStyledItemDelegate):
    """Thumbnail, name over its state, and the figure on the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(160, THUMB_PX + 8)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        palette, rect = option.palette, option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.fillRect(rect, palette.color(QPalette.ColorRole.Highlight if selected else QPalette.ColorRole.Base))
        strong = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        quiet = strong if selected else palette.color(QPalette.ColorRole.PlaceholderText)
        self._paint_thumb(painter, rect, index.data(Qt.ItemDataRole.DecorationRole), palette)
        left = rect.left() + THUMB_PX + 14
        miou = index.data(ImageModel.MIOU)
        figure_width = painter.fontMetrics().horizontalAdvance("0.000") + 6
        upper = QRect(left, rect.top() + 7, rect.right() - left - figure_width - 8, 18)
        painter.setPen(strong)
        name = painter.fontMetrics().elidedText(
            index.data(ImageModel.NAME), Qt.TextElideMode.ElideMiddle, upper.width()
        )
        painter.drawText(upper, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.drawText(
            QRect(rect.right() - figure_width - 6, upper.top(), figure_width, 18),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            miou,
        )
        state = index.data(ImageModel.STATE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(_STATES[state]))
        painter.setPen(strong if selected else Qt.PenStyle.NoPen)
        painter.drawEllipse(left, upper.bottom() + 6, 8, 8)
        painter.setPen(quiet)
        painter.drawText(left + 14, upper.bottom() + 14, self._word(state))
        painter.restore()

    def _word(self, state: str) -> str:
        return {
            "done": self.tr("done"),
            "labelled": self.tr("labelled"),
            "todo": self.tr("to do"),
            "broken": self.tr("cannot be read"),
        }[state]

    def _paint_thumb(self, painter: QPainter, rect: QRect, thumb: QPixmap | None, palette: QPalette) -> None:
        place = QRect(rect.left() + 6, rect.top() + 4, THUMB_PX, THUMB_PX)
        painter.fillRect(place, palette.color(QPalette.ColorRole.Dark))
        if thumb is not None and not thumb.isNull():
            size = thumb.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(place.topLeft(), size)
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, thumb)


class ImageList(QListView):
    """Letters are shortcuts of the window; they do not jump in the list."""

    def keyboardSearch(self, search: str) -> None:
        """Nothing."""


class ImagesPanel(QWidget):
    """`chosen` carries the name of the image to open."""

    chosen = Signal(str)
    left = Signal()  # the filter is done with: back to the canvas

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._arranging = False
        self._model = ImageModel(session)
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(self.tr("Filter: name class:road miou:<0.5"))
        self._filter.setToolTip(
            self.tr("name  class:road  status:todo  miou:<0.5  uncertainty:>0.3  -class:car (not)  miou:none")
        )
        self._filter.setAccessibleName(self.tr("Filter"))
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(self._on_filter)
        self._filter.returnPressed.connect(self.left)
        self._wrong = QLabel()
        self._wrong.setWordWrap(True)
        self._wrong.setProperty("problem", True)
        self._wrong.hide()
        self._place_order()
        self._list = ImageList()
        self._list.setModel(self._model)
        self._list.setItemDelegate(ImageDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._list.setAccessibleName(self.tr("Images"))
        self._counts = QLabel()
        self._counts.setProperty("quiet", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(6)
        holder = QVBoxLayout()
        holder.setContentsMargins(6, 6, 6, 0)
        holder.addWidget(self._filter)
        holder.addWidget(self._wrong)
        order = QHBoxLayout()
        order.addWidget(self._by, 1)
        order.addWidget(self._down)
        holder.addLayout(order)
        layout.addLayout(holder)
        layout.addWidget(self._list)
        layout.addWidget(self._counts)
        self._counts.setContentsMargins(8, 0, 8, 0)
        self._list.selectionModel().currentChanged.connect(self._on_current)
        self._model.modelAboutToBeReset.connect(self._on_arranging)
        self._model.modelReset.connect(self._on_arranged)
        session.image_changed.connect(self._follow)
        for changed in (session.states_changed, session.items_changed):
            changed.connect(self._count)
        self._count()

    def visible_names(self) -> list[str]:
        """What the filter leaves, in the list's order."""
        return self._model.names

    def focus_filter(self) -> None:
        self._filter.setFocus()
        self._filter.selectAll()

    def _place_order(self) -> None:
        self._by = QComboBox()
        words = {
            "name": self.tr("by name"),
            "date": self.tr("by date"),
            "state": self.tr("by state"),
            "miou": self.tr("by mIoU"),
            "uncertainty": self.tr("by uncertainty"),
        }
        for key, word in words.items():
            self._by.addItem(word, key)
        self._by.setAccessibleName(self.tr("Order"))
        self._down = QToolButton()
        self._down.setCheckable(True)
        self._down.setText("↓")
        self._down.setToolTip(self.tr("Turn the order round"))
        self._down.setAccessibleName(self.tr("Turn the order round"))
        self._by.activated.connect(self._on_order)
        self._down.toggled.connect(self._on_order)

    def _on_filter(self, text: str) -> None:
        """A query that cannot be read leaves the list as it is and says why."""
        try:
            query = parsed(text)
        except ValueError as error:
            self._wrong.setText(str(error))
            self._wrong.show()
            return
        self._wrong.hide()
        self._model.set_query(query)
        self._count()

    def _on_order(self) -> None:
        self._down.setText("↑" if self._down.isChecked() else "↓")
        self._model.set_order(self._by.currentData(), down=self._down.isChecked())

    def _on_arranging(self) -> None:
        """The list may lose its current row; that opens nothing."""
        self._arranging = True

    def _on_arranged(self) -> None:
        self._arranging = False
        self._follow()
        self._count()

    def _on_current(self, current: QModelIndex) -> None:
        if current.isValid() and not self._arranging:
            self.chosen.emit(current.data(ImageModel.NAME))

    def _follow(self) -> None:
        image = self._session.image
        row = self._model.row_of(image.item.name) if image else None
        if row is not None and row != self._list.currentIndex().row():
            self._list.setCurrentIndex(self._model.index(row))

    def _count(self) -> None:
        total, shown = len(self._session.items), len(self._model.names)
        labelled = self._session.num_labelled
        done = sum(state.status == DONE for state in self._session.states.values())
        text = self.tr("{} images · {} labelled · {} done").format(total, labelled, done) if total else ""
        self._counts.setText(self.tr("{} of {}").format(shown, text) if shown != total else text)
