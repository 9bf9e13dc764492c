"""The annotation of one image, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from segstudio.core.box import Box, TileKey, full_box, tiles_of
from segstudio.core.shape import Shape


@dataclass(frozen=True)
class Annotation:
    """Image size in pixels and a tuple of Shapes in painter's order: later shapes cover earlier ones.

    Immutable; copies share unchanged shapes.
    """

    height: int
    width: int
    shapes: tuple[Shape, ...] = ()
    flags: Mapping[str, bool] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)  # unknown top-level keys of the file, kept

    __hash__ = None  # type: ignore[assignment]

    @property
    def box(self) -> Box:
        return full_box(self.height, self.width)

    @property
    def labels(self) -> list[str]:
        """Labels in use, in order of first appearance."""
        return list(dict.fromkeys(shape.label for shape in self.shapes))

    def with_shapes(self, shapes: tuple[Shape, ...]) -> Annotation:
        return replace(self, shapes=shapes)

    def with_added(self, shape: Shape) -> Annotation:
        return self.with_shapes((*self.shapes, shape))

    def with_replaced(self, index: int, shape: Shape) -> Annotation:
        return self.with_shapes((*self.shapes[:index], shape, *self.shapes[index + 1 :]))

    def without(self, index: int) -> Annotation:
        return self.with_shapes((*self.shapes[:index], *self.shapes[index + 1 :]))

    def with_extra(self, key: str, value: Any) -> Annotation:
        return replace(self, extra={**self.extra, key: value})


def touched_tiles(before: Annotation, after: Annotation) -> set[TileKey]:
    """Tiles in which two annotations of one image may differ."""
    return {
        key for shape in _differing(before.shapes, after.shapes) for key in tiles_of(shape.box.intersect(before.box))
    }


def _differing(a: tuple[Shape, ...], b: tuple[Shape, ...]) -> list[Shape]:
    """Shapes that differ by identity at their index; for lists of unequal length, all but the shared start and end."""
    if len(a) == len(b):
        return [shape for x, y in zip(a, b, strict=True) if x is not y for shape in (x, y)]
    shortest = min(len(a), len(b))
    first = next((i for i in range(shortest) if a[i] is not b[i]), shortest)
    rest = shortest - first
    last = next((i for i in range(rest) if a[-1 - i] is not b[-1 - i]), rest)
    return [*a[first : len(a) - last], *b[first : len(b) - last]]
