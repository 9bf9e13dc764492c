"""What a reader of a foreign data set gives: classes, and pictures whose annotations are read one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable


@dataclass(frozen=True)
class Entry:
    """`read` gives picture, annotation and notes on what was altered; it raises SegstudioError for this entry alone."""

    name: str
    read: Callable[[], tuple[Path, Annotation, tuple[str, ...]]]


@dataclass(frozen=True)
class Source:
    """`held_out` are the stems of a validation split, or None where the source has none."""

    table: ClassTable | None
    unlabelled: str
    entries: list[Entry]
    held_out: frozenset[str] | None = None
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class SourceOptions:
    """What a user said about the source: folder of pictures, class list, list of held-out stems."""

    images: Path | None = None
    labels: Path | None = None
    held_out: Path | None = None
