"""Undo history: an edit holds the annotation before and after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from segstudio.core.annotation import Annotation
from segstudio.core.box import TileKey
from segstudio.core.shape import Shape

KEEP_EDITS = 100
BUDGET_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Edit:
    """One undo step; `tiles` are those in which pixels may differ."""

    name: str
    before: Annotation
    after: Annotation
    tiles: frozenset[TileKey]

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def held_bytes(self) -> int:
        """Estimated bytes of pixels and points of `before` that `after` does not share."""
        kept = {id(shape) for shape in self.after.shapes}
        removed = [shape for shape in self.before.shapes if id(shape) not in kept]
        shared = {id(bits) for shape in self.after.shapes if shape.bitmap for bits in shape.bitmap.tiles.values()}
        return 8 * len(self.before.shapes) + sum(_size_bytes(shape, shared) for shape in removed)

    @property
    def num_rasterised(self) -> int:
        """By how many the vector shapes became fewer: converted to masks or removed, minus added."""
        vector = sum(shape.bitmap is None for shape in self.before.shapes)
        return vector - sum(shape.bitmap is None for shape in self.after.shapes)


def _size_bytes(shape: Shape, shared: Iterable[int]) -> int:
    if shape.bitmap is None:
        return 200 + 120 * len(shape.points)
    own = sum(len(bits) for bits in shape.bitmap.tiles.values() if id(bits) not in shared)
    return 200 + 100 * len(shape.bitmap.tiles) + own


@dataclass
class History:
    """Undo and redo lists. Keeps at least `keep` edits, and more while they fit into `budget_bytes`."""

    keep: int = KEEP_EDITS
    budget_bytes: int = BUDGET_BYTES
    _undo: list[Edit] = field(default_factory=list)
    _redo: list[Edit] = field(default_factory=list)
    _held_bytes: int = 0

    @property
    def undo_name(self) -> str | None:
        return self._undo[-1].name if self._undo else None

    @property
    def redo_name(self) -> str | None:
        return self._redo[-1].name if self._redo else None

    @property
    def last(self) -> Edit | None:
        """The edit that undo would revert."""
        return self._undo[-1] if self._undo else None

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    def __len__(self) -> int:
        return len(self._undo)

    def push(self, edit: Edit) -> None:
        """Add an edit, discard all redo steps, and drop the oldest edits beyond the limits."""
        self._held_bytes += edit.held_bytes - sum(old.held_bytes for old in self._redo)
        self._redo.clear()
        self._undo.append(edit)
        while len(self._undo) > self.keep and self._held_bytes > self.budget_bytes:
            self._held_bytes -= self._undo.pop(0).held_bytes

    def undo(self) -> Edit | None:
        """Move the last edit to the redo list and return it; None if there is none."""
        if not self._undo:
            return None
        self._redo.append(self._undo.pop())
        return self._redo[-1]

    def redo(self) -> Edit | None:
        """Move the last undone edit back and return it; None if there is none."""
        if not self._redo:
            return None
        self._undo.append(self._redo.pop())
        return self._undo[-1]
