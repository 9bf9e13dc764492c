"""What lies over the layers: the tool's draft, its cursor, cross-hair, grid, and the divider of a comparison."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from segstudio.app.layers import IGNORE_COLOUR, SWIPE
from segstudio.core.box import Box
from segstudio.core.classes import IGNORE
from segstudio.ui.canvas import aids, drafts
from segstudio.ui.canvas.panes import Pane
from segstudio.ui.canvas.transform import ViewTransform
from segstudio.ui.session import Session

_LEAST_LUMINANCE = 150
_CLASSLESS = ("select", "knife", "ruler")


class Overlay:
    """Draws, and says which parts of the canvas to draw again when the hand moves."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._draft_area = QRectF()

    def draw_in(self, painter: QPainter, pane: Pane, seen: Box) -> None:
        """Inside one pane."""
        image, layers = self._session.image, self._session.layers
        if image is None:
            return
        if layers.pixel_grid and pane.view.zoom >= aids.GRID_FROM_ZOOM and not seen.empty:
            aids.draw_grid(painter, pane.view, seen)
            if aids.values_fit(image.pixels, pane.view.zoom):
                aids.draw_values(painter, image.pixels, pane.view, seen)
        draft = self._session.tool.draft(image.document)
        needs = draft.planes is not None or bool(draft.lines)
        drafts.draw_draft(painter, draft, pane.view, self._class_colours() if needs else {}, self._class_colour())

    def draw_over(self, painter: QPainter, panes: list[Pane], area: QRect, at: QPointF | None, zoom: float) -> None:
        """Over all panes; `at` is where the pointer is, unless the view is being moved."""
        layers = self._session.layers
        if len(panes) > 1:
            left, right = panes
            aids.draw_divider(painter, right.area.left(), area.height(), layers.compare == SWIPE)
            aids.draw_caption(painter, QCoreApplication.translate("Overlay", "Labels"), left.area.left())
            aids.draw_caption(painter, QCoreApplication.translate("Overlay", "Prediction"), right.area.left())
        if at is None:
            return
        if layers.crosshair:
            aids.draw_crosshair(painter, at, QRectF(area))
        radius = self._session.tool.radius_px
        if radius is not None:
            drafts.draw_cursor(painter, at, radius * zoom, self._square)

    def cursor_areas(self, before: QPointF | None, now: QPointF | None, area: QRect, zoom: float) -> list[QRect]:
        """What the cursor covered and covers: the ring of a round tool, and the lines of the cross-hair."""
        radius, out = self._session.tool.radius_px, []
        reach = 0.0 if radius is None else max(1.5, radius * zoom) + 4
        for at in (before, now):
            if at is None:
                continue
            if self._session.layers.crosshair:
                out.append(QRect(round(at.x()) - 2, 0, 5, area.height()))
                out.append(QRect(0, round(at.y()) - 2, area.width(), 5))
            if reach:
                out.append(QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect())
        return out

    def draft_areas(self, panes: list[Pane], view: ViewTransform) -> list[QRect]:
        """What the draft covered when it was last asked for, and covers now."""
        image = self._session.image
        draft = None if image is None else self._session.tool.draft(image.document)
        now = QRectF() if draft is None else drafts.bounds(draft, view)
        parts = [part for part in (self._draft_area, now) if not part.isEmpty()]
        self._draft_area = now
        return [part.translated(pane.view.dx - view.dx, 0).toAlignedRect() for pane in panes for part in parts]

    def cursor_shape(self) -> Qt.CursorShape:
        """Round tools draw their own; select has the arrow, the shapes a cross."""
        tool = self._session.tool
        if tool.radius_px is not None:
            return Qt.CursorShape.BlankCursor
        return {
            "select": Qt.CursorShape.ArrowCursor,
            "bucket": Qt.CursorShape.PointingHandCursor,
            "accept": Qt.CursorShape.PointingHandCursor,
            "threshold": Qt.CursorShape.SizeHorCursor,
        }.get(tool.name, Qt.CursorShape.CrossCursor)

    @property
    def _square(self) -> bool:
        return self._session.choice.square and "square" in self._session.tool.options

    def _class_colour(self) -> QColor:
        if self._session.tool.name in _CLASSLESS:
            return QColor(255, 255, 255)
        class_id, table = self._session.choice.class_id, self._session.table
        return _bright(QColor(*self._session.layers.colour_of(table, class_id)))

    def _class_colours(self) -> dict[int, QColor]:
        table, layers = self._session.table, self._session.layers
        own = {item.id: QColor(*layers.colour_of(table, item.id)) for item in table}
        return {**own, IGNORE: QColor(*IGNORE_COLOUR)}


def _bright(colour: QColor) -> QColor:
    """The same hue, mixed with white until thin lines show over dark images."""
    red, green, blue = colour.red(), colour.green(), colour.blue()
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    share = max(0.0, (_LEAST_LUMINANCE - luminance) / (255 - luminance)) if luminance < 255 else 0.0
    return QColor(*(round(value + (255 - value) * share) for value in (red, green, blue)))
