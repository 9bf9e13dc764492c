"""Polygons: draw them, and move, insert and remove their vertices."""

from __future__ import annotations

from dataclasses import dataclass

from segstudio.core import geometry, snapping
from segstudio.core.document import Document
from segstudio.core.geometry import Point
from segstudio.core.shape import CIRCLE, LINE, LINESTRIP, POINT, POINTS, POLYGON, RECTANGLE, Shape
from segstudio.tools.options import RULES, SNAP, N, ToolSettings
from segstudio.tools.tool import Pointer, Preview, Tool, ToolContext, ToolInfo

# Kinds whose points can be dragged; only polygons gain and lose points.
_WITH_HANDLES = (POLYGON, RECTANGLE, CIRCLE, LINE, LINESTRIP, POINT, POINTS)


@dataclass(frozen=True)
class Hit:
    """A shape under the pointer, with the vertex or edge that is hit; `on_edge` is the nearest point of that edge."""

    shape: int
    points: tuple[Point, ...]
    vertex: int | None = None
    edge: int | None = None
    on_edge: Point | None = None


class Polygon(Tool):
    """Clicks add vertices. Vertices of a finished polygon can be dragged, inserted on an edge and deleted.

    With `snap` points snap to the borders of neighbours, and two successive points on one neighbour share its border.
    """

    info = ToolInfo(
        "polygon",
        N("Tool", "Polygon"),
        "P",
        "ph.polygon",
        hint=N(
            "Tool",
            "Click to add points, Enter closes   drag a point, or the circle on an edge   Del removes   "
            "Shift+click starts a new one",
        ),
        options=(SNAP, RULES),
        ends_by_double_click=True,
    )

    def __init__(self, settings: ToolSettings, context: ToolContext | None = None) -> None:
        super().__init__(settings, context)
        self._points: tuple[Point, ...] = ()
        self._anchor: snapping.Anchor | None = None
        self._first: snapping.Anchor | None = None
        self._next_point: Point | None = None
        self._hit: Hit | None = None
        self._dragging = False

    def press(self, document: Document, pointer: Pointer) -> None:
        if self._points:
            self._add(document, pointer)
            return
        self._hit = None if pointer.shift and not pointer.alt else find_hit(document, pointer)
        if self._hit is not None and self._hit.vertex is not None:
            if pointer.alt and pointer.shift:
                self.step_back(document)
                return
            document.begin()
            self._dragging = True
        elif self._hit is not None and self._hit.edge is not None and (pointer.alt or not self._settings.snap):
            self._insert(document, pointer)
        else:
            self._hit = None
            self._start(document, pointer)

    def move(self, document: Document, pointer: Pointer) -> None:
        if self._dragging and document.has_open_stroke and self._hit is not None and self._hit.vertex is not None:
            shape = document.annotation.shapes[self._hit.shape]
            anchor = self._anchor_at(document, pointer, shape.uid)
            at = pointer.point if anchor is None else anchor.point
            moved = shape.with_points(geometry.replace_point(shape.points, self._hit.vertex, at))
            document.replace(document.annotation.with_replaced(self._hit.shape, moved))

    def release(self, document: Document, pointer: Pointer) -> None:
        if self._dragging and document.has_open_stroke:
            document.commit("move vertex")
        self._dragging = False

    def hover(self, document: Document, pointer: Pointer) -> None:
        anchor = self._anchor_at(document, pointer) if self._points or self._settings.snap else None
        self._next_point = pointer.point if anchor is None else anchor.point
        self._hit = None if self._points else find_hit(document, pointer)

    def finish(self, document: Document) -> None:
        points = (*self._points, *self._closing_path(document))
        self._points, self._anchor, self._first = (), None, None
        if len(points) > 2 and points[-1] == points[-2]:
            points = points[:-1]  # from the second press of a double click
        if len(points) > 2:
            document.add(self.info.name, Shape(self._label(document), POLYGON, points))

    def take_back(self, document: Document) -> bool:
        started = bool(self._points)
        self._points, self._anchor = self._points[:-1], None
        return started

    def step_back(self, document: Document) -> bool:
        if self.take_back(document):
            return True
        if self._hit is None or self._dragging:
            return False
        hit, self._hit = self._hit, None
        shapes = document.annotation.shapes
        if hit.shape >= len(shapes) or shapes[hit.shape].points != hit.points:
            return False  # changed by undo or another edit
        shape = shapes[hit.shape]
        if hit.vertex is not None and shape.kind == POLYGON and len(shape.points) > 3:
            smaller = shape.with_points(geometry.remove_point(shape.points, hit.vertex))
            document.apply("remove vertex", document.annotation.with_replaced(hit.shape, smaller))
        else:
            document.apply("delete polygon", document.annotation.without(hit.shape))
        return True

    def cancel(self, document: Document) -> None:
        self._points, self._anchor, self._next_point, self._hit, self._dragging = (), None, None, None, False
        document.cancel()

    def preview(self, document: Document) -> Preview:
        if self._points:
            return Preview(self._points, handles=self._points, next_point=self._next_point)
        if self._hit is None or self._hit.shape >= len(document.annotation.shapes):
            return Preview()
        points = document.annotation.shapes[self._hit.shape].points
        if not self._dragging and points != self._hit.points:
            return Preview()
        ring = points if document.annotation.shapes[self._hit.shape].kind == POLYGON else ()
        new_handle = None if self._settings.snap else self._hit.on_edge  # with snap a press there starts a polygon
        return Preview(ring, closed=True, handles=points, active_handle=self._hit.vertex, new_handle=new_handle)

    def _start(self, document: Document, pointer: Pointer) -> None:
        self._anchor = self._first = self._anchor_at(document, pointer)
        self._points = (pointer.point if self._anchor is None else self._anchor.point,)

    def _add(self, document: Document, pointer: Pointer) -> None:
        near_start = geometry.distance(self._points[0], pointer.point) <= pointer.reach
        if len(self._points) > 2 and near_start:
            self.finish(document)
            return
        anchor, before = self._anchor_at(document, pointer), self._anchor
        shared = () if anchor is None or before is None else snapping.path_between(document.annotation, before, anchor)
        self._points = (*self._points, *shared, pointer.point if anchor is None else anchor.point)
        self._anchor = anchor

    def _closing_path(self, document: Document) -> tuple[Point, ...]:
        """The border of a neighbour from the last point to the first, if both are on it."""
        if self._anchor is None or self._first is None or len(self._points) < 2:
            return ()
        return snapping.path_between(document.annotation, self._anchor, self._first)

    def _anchor_at(
        self, document: Document, pointer: Pointer, without_uid: int | None = None
    ) -> snapping.Anchor | None:
        """Where the pointer snaps to; Ctrl inverts the option while it is held."""
        if self._settings.snap == pointer.control:
            return None
        excluded = set(document.marks.hidden) | ({without_uid} if without_uid is not None else set())
        return snapping.snap(document.annotation, pointer.point, pointer.reach, excluded)

    def _insert(self, document: Document, pointer: Pointer) -> None:
        assert self._hit is not None and self._hit.edge is not None
        hit, shape = self._hit, document.annotation.shapes[self._hit.shape]
        after = self._hit.edge + 1
        larger = shape.with_points(geometry.insert_point(shape.points, after, pointer.point))
        document.begin()
        document.replace(document.annotation.with_replaced(hit.shape, larger))
        self._hit, self._dragging = Hit(hit.shape, larger.points, vertex=after), True


def find_hit(document: Document, pointer: Pointer) -> Hit | None:
    """The topmost shape with a vertex, edge or inside under the pointer; vertices and edges win over insides."""
    inside: Hit | None = None
    excluded = document.marks.hidden | document.locked_uids
    for index in range(len(document.annotation.shapes) - 1, -1, -1):
        shape = document.annotation.shapes[index]
        if shape.kind not in _WITH_HANDLES or shape.uid in excluded or not _is_near(shape, pointer):
            continue
        vertex, distance = geometry.nearest_vertex(shape.points_N2, pointer.x, pointer.y)
        if distance <= pointer.reach:
            return Hit(index, shape.points, vertex=vertex)
        if shape.kind != POLYGON:
            continue
        edge, distance = geometry.nearest_edge(shape.points_N2, pointer.x, pointer.y, closed=True)
        if distance <= pointer.reach:
            ring = shape.points_N2
            _, on_edge = geometry.project_onto_segment(ring[edge], ring[(edge + 1) % len(ring)], pointer.point)
            return Hit(index, shape.points, edge=edge, on_edge=on_edge)
        if inside is None and geometry.polygon_contains(shape.points_N2, pointer.x, pointer.y):
            inside = Hit(index, shape.points)
    return inside


def _is_near(shape: Shape, pointer: Pointer) -> bool:
    box, reach = shape.box, pointer.reach
    return box.y0 - reach <= pointer.y <= box.y1 + reach and box.x0 - reach <= pointer.x <= box.x1 + reach
