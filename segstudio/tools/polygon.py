"""Polygons: draw them, and move, insert and remove their vertices."""

from __future__ import annotations

from dataclasses import dataclass

from segstudio.core import geometry
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.shape import POLYGON, Shape
from segstudio.tools.tool import Choice, Draft, Pointer


@dataclass(frozen=True)
class Hit:
    """A polygon under the pointer, and which of its vertices or edges, if any."""

    shape: int
    points: tuple[Point, ...]
    vertex: int | None = None
    edge: int | None = None


class Polygon:
    """Clicks set vertices. A finished polygon's vertices can be dragged, added with Alt+click, deleted."""

    name = "polygon"
    key = "P"
    hint = "Click to set points, Enter closes   drag a point to move it   Alt+click an edge adds one   Del removes"

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._points: tuple[Point, ...] = ()
        self._ghost: Point | None = None
        self._hit: Hit | None = None
        self._dragging = False

    @property
    def radius_px(self) -> float | None:
        return None

    def press(self, document: Document, pointer: Pointer) -> None:
        if self._points:
            self._add(document, pointer)
            return
        self._hit = find(document, pointer)
        if self._hit is not None and self._hit.vertex is not None:
            document.begin()
            self._dragging = True
        elif self._hit is not None and self._hit.edge is not None and pointer.alt:
            self._insert(document, pointer)
        else:
            self._hit = None
            self._points = (pointer.point,)

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._dragging and document.stroking and self._hit is not None and self._hit.vertex is not None:
            shape = document.annotation.shapes[self._hit.shape]
            moved = shape.with_points(geometry.replaced(shape.points, self._hit.vertex, pointer.point))
            document.replace(document.annotation.with_replaced(self._hit.shape, moved))

    def release(self, document: Document, pointer: Pointer) -> None:
        if self._dragging and document.stroking:
            document.commit("move vertex")
        self._dragging = False

    def hover(self, document: Document, pointer: Pointer) -> None:
        self._ghost = pointer.point
        self._hit = None if self._points else find(document, pointer)

    def finish(self, document: Document) -> None:
        points, self._points = self._points, ()
        if len(points) > 2 and points[-1] == points[-2]:
            points = points[:-1]  # the second click of a double click
        if len(points) > 2:
            label = document.table.name_of(self._choice.class_id)
            document.apply(self.name, document.annotation.with_added(Shape(label, POLYGON, points)))

    def take_back(self, document: Document) -> bool:
        begun = bool(self._points)
        self._points = self._points[:-1]
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
        if hit.vertex is not None and len(shape.points) > 3:
            smaller = shape.with_points(geometry.without(shape.points, hit.vertex))
            document.apply("remove vertex", document.annotation.with_replaced(hit.shape, smaller))
        else:
            document.apply("delete polygon", document.annotation.without(hit.shape))
        return True

    def cancel(self, document: Document) -> None:
        self._points, self._ghost, self._hit, self._dragging = (), None, None, False
        document.cancel()

    def draft(self, document: Document) -> Draft:
        if self._points:
            return Draft(self._points, handles=self._points, ghost=self._ghost)
        if self._hit is None or self._hit.shape >= len(document.annotation.shapes):
            return Draft()
        points = document.annotation.shapes[self._hit.shape].points
        if not self._dragging and points != self._hit.points:
            return Draft()
        return Draft(points, closed=True, handles=points, hot=self._hit.vertex)

    def _add(self, document: Document, pointer: Pointer) -> None:
        near_start = geometry.distance(self._points[0], pointer.point) <= pointer.reach
        if len(self._points) > 2 and near_start:
            self.finish(document)
        else:
            self._points = (*self._points, pointer.point)

    def _insert(self, document: Document, pointer: Pointer) -> None:
        assert self._hit is not None and self._hit.edge is not None
        hit, shape = self._hit, document.annotation.shapes[self._hit.shape]
        after = hit.edge + 1 if hit.edge is not None else 0
        larger = shape.with_points(geometry.inserted(shape.points, after, pointer.point))
        document.begin()
        document.replace(document.annotation.with_replaced(hit.shape, larger))
        self._hit, self._dragging = Hit(hit.shape, larger.points, vertex=after), True


def find(document: Document, pointer: Pointer) -> Hit | None:
    """The topmost polygon whose vertex, edge or inside is under the pointer; vertices win over insides."""
    inside: Hit | None = None
    for index in range(len(document.annotation.shapes) - 1, -1, -1):
        shape = document.annotation.shapes[index]
        if shape.kind != POLYGON or not _near(shape, pointer):
            continue
        vertex, distance = geometry.nearest_vertex(shape.points_N2, pointer.x, pointer.y)
        if distance <= pointer.reach:
            return Hit(index, shape.points, vertex=vertex)
        edge, distance = geometry.nearest_edge(shape.points_N2, pointer.x, pointer.y, closed=True)
        if distance <= pointer.reach:
            return Hit(index, shape.points, edge=edge)
        if inside is None and geometry.holds(shape.points_N2, pointer.x, pointer.y):
            inside = Hit(index, shape.points)
    return inside


def _near(shape: Shape, pointer: Pointer) -> bool:
    box, reach = shape.box, pointer.reach
    return box.y0 - reach <= pointer.y <= box.y1 + reach and box.x0 - reach <= pointer.x <= box.x1 + reach
