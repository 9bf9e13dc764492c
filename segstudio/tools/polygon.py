"""Polygons: draw them, and move, insert and remove their vertices."""

from __future__ import annotations

from dataclasses import dataclass

from segstudio.core import geometry, snapping
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.shape import CIRCLE, LINE, LINESTRIP, POINT, POINTS, POLYGON, RECTANGLE, Shape
from segstudio.tools.tool import Choice, Draft, Pointer, Sight, Tool

# Kinds whose points can be dragged; only polygons gain and lose them.
_RESHAPED = (POLYGON, RECTANGLE, CIRCLE, LINE, LINESTRIP, POINT, POINTS)


@dataclass(frozen=True)
class Hit:
    """A polygon under the pointer, and which of its vertices or edges, if any; `spot` lies on the edge."""

    shape: int
    points: tuple[Point, ...]
    vertex: int | None = None
    edge: int | None = None
    spot: Point | None = None


class Polygon(Tool):
    """Clicks set vertices. A finished polygon's vertices can be dragged, added on an edge, deleted.

    With `snap` points go to the borders of neighbours, and two points in turn on one neighbour follow its border.
    """

    name = "polygon"
    key = "P"
    hint = (
        "Click to set points, Enter closes   drag a point, or the ghost on an edge   Del removes   Shift+click begins"
    )
    ends_by_double_click = True
    options = ("snap", "rules")

    def __init__(self, choice: Choice, sight: Sight | None = None) -> None:
        super().__init__(choice, sight)
        self._points: tuple[Point, ...] = ()
        self._anchor: snapping.Anchor | None = None
        self._first: snapping.Anchor | None = None
        self._ghost: Point | None = None
        self._hit: Hit | None = None
        self._dragging = False

    def press(self, document: Document, pointer: Pointer) -> None:
        if self._points:
            self._add(document, pointer)
            return
        self._hit = None if pointer.shift and not pointer.alt else find(document, pointer)
        if self._hit is not None and self._hit.vertex is not None:
            if pointer.alt and pointer.shift:
                self.step_back(document)
                return
            document.begin()
            self._dragging = True
        elif self._hit is not None and self._hit.edge is not None and (pointer.alt or not self._choice.snap):
            self._insert(document, pointer)
        else:
            self._hit = None
            self._begin(document, pointer)

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._dragging and document.stroking and self._hit is not None and self._hit.vertex is not None:
            shape = document.annotation.shapes[self._hit.shape]
            anchor = self._anchor_at(document, pointer, shape.uid)
            at = pointer.point if anchor is None else anchor.point
            moved = shape.with_points(geometry.replaced(shape.points, self._hit.vertex, at))
            document.replace(document.annotation.with_replaced(self._hit.shape, moved))

    def release(self, document: Document, pointer: Pointer) -> None:
        if self._dragging and document.stroking:
            document.commit("move vertex")
        self._dragging = False

    def hover(self, document: Document, pointer: Pointer) -> None:
        anchor = self._anchor_at(document, pointer) if self._points or self._choice.snap else None
        self._ghost = pointer.point if anchor is None else anchor.point
        self._hit = None if self._points else find(document, pointer)

    def finish(self, document: Document) -> None:
        points = (*self._points, *self._closing(document))
        self._points, self._anchor, self._first = (), None, None
        if len(points) > 2 and points[-1] == points[-2]:
            points = points[:-1]  # the second click of a double click
        if len(points) > 2:
            document.add(self.name, Shape(self._label(document), POLYGON, points))

    def take_back(self, document: Document) -> bool:
        begun = bool(self._points)
        self._points, self._anchor = self._points[:-1], None
        return begun

    def step_back(self, document: Document) -> bool:
        if self.take_back(document):
            return True
        if self._hit is None or self._dragging:
            return False
        hit, self._hit = self._hit, None
        shapes = document.annotation.shapes
        if hit.shape >= len(shapes) or shapes[hit.shape].points != hit.points:
            return False  # undo or another edit came between
        shape = shapes[hit.shape]
        if hit.vertex is not None and shape.kind == POLYGON and len(shape.points) > 3:
            smaller = shape.with_points(geometry.without(shape.points, hit.vertex))
            document.apply("remove vertex", document.annotation.with_replaced(hit.shape, smaller))
        else:
            document.apply("delete polygon", document.annotation.without(hit.shape))
        return True

    def cancel(self, document: Document) -> None:
        self._points, self._anchor, self._ghost, self._hit, self._dragging = (), None, None, None, False
        document.cancel()

    def draft(self, document: Document) -> Draft:
        if self._points:
            return Draft(self._points, handles=self._points, ghost=self._ghost)
        if self._hit is None or self._hit.shape >= len(document.annotation.shapes):
            return Draft()
        points = document.annotation.shapes[self._hit.shape].points
        if not self._dragging and points != self._hit.points:
            return Draft()
        ring = points if document.annotation.shapes[self._hit.shape].kind == POLYGON else ()
        spot = None if self._choice.snap else self._hit.spot  # with snapping a press there begins a polygon
        return Draft(ring, closed=True, handles=points, hot=self._hit.vertex, spot=spot)

    def _begin(self, document: Document, pointer: Pointer) -> None:
        self._anchor = self._first = self._anchor_at(document, pointer)
        self._points = (pointer.point if self._anchor is None else self._anchor.point,)

    def _add(self, document: Document, pointer: Pointer) -> None:
        near_start = geometry.distance(self._points[0], pointer.point) <= pointer.reach
        if len(self._points) > 2 and near_start:
            self.finish(document)
            return
        anchor, before = self._anchor_at(document, pointer), self._anchor
        shared = () if anchor is None or before is None else snapping.between(document.annotation, before, anchor)
        self._points = (*self._points, *shared, pointer.point if anchor is None else anchor.point)
        self._anchor = anchor

    def _closing(self, document: Document) -> tuple[Point, ...]:
        """The neighbour's border from the last point to the first, where both lie on it."""
        if self._anchor is None or self._first is None or len(self._points) < 2:
            return ()
        return snapping.between(document.annotation, self._anchor, self._first)

    def _anchor_at(self, document: Document, pointer: Pointer, but: int | None = None) -> snapping.Anchor | None:
        """Ctrl turns snapping round while it is held."""
        if self._choice.snap == pointer.control:
            return None
        hidden = set(document.marks.hidden) | ({but} if but is not None else set())
        return snapping.snapped(document.annotation, pointer.point, pointer.reach, hidden)

    def _insert(self, document: Document, pointer: Pointer) -> None:
        assert self._hit is not None and self._hit.edge is not None
        hit, shape = self._hit, document.annotation.shapes[self._hit.shape]
        after = self._hit.edge + 1
        larger = shape.with_points(geometry.inserted(shape.points, after, pointer.point))
        document.begin()
        document.replace(document.annotation.with_replaced(hit.shape, larger))
        self._hit, self._dragging = Hit(hit.shape, larger.points, vertex=after), True


def find(document: Document, pointer: Pointer) -> Hit | None:
    """The topmost polygon whose vertex, edge or inside is under the pointer; vertices win over insides."""
    inside: Hit | None = None
    untouchable = document.marks.hidden | document.untouchable
    for index in range(len(document.annotation.shapes) - 1, -1, -1):
        shape = document.annotation.shapes[index]
        if shape.kind not in _RESHAPED or shape.uid in untouchable or not _near(shape, pointer):
            continue
        vertex, distance = geometry.nearest_vertex(shape.points_N2, pointer.x, pointer.y)
        if distance <= pointer.reach:
            return Hit(index, shape.points, vertex=vertex)
        if shape.kind != POLYGON:
            continue
        edge, distance = geometry.nearest_edge(shape.points_N2, pointer.x, pointer.y, closed=True)
        if distance <= pointer.reach:
            ring = shape.points_N2
            _, spot = geometry.foot(ring[edge], ring[(edge + 1) % len(ring)], pointer.point)
            return Hit(index, shape.points, edge=edge, spot=spot)
        if inside is None and geometry.holds(shape.points_N2, pointer.x, pointer.y):
            inside = Hit(index, shape.points)
    return inside


def _near(shape: Shape, pointer: Pointer) -> bool:
    box, reach = shape.box, pointer.reach
    return box.y0 - reach <= pointer.y <= box.y1 + reach and box.x0 - reach <= pointer.x <= box.x1 + reach
