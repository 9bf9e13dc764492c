"""What a reader of a foreign data set gives: classes, and images whose annotations are read one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable

HELD_OUT: Final = frozenset({"val", "valid", "validation", "test", "testing"})  # folders and subsets that judge


@dataclass(frozen=True)
class ImportedImage:
    """`notes` say what was altered, approximated or left out, one line each.

    `complete`: the source says something of the whole image, so that no shapes mean background everywhere.
    """

    image: Path
    annotation: Annotation
    notes: tuple[str, ...] = ()
    complete: bool = True

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class DatasetEntry:
    """One image to come. `name`: its path in a project, without suffix; `read` raises SegstudioError for it alone."""

    name: str
    read: Callable[[], ImportedImage]


@dataclass(frozen=True)
class DatasetReader:
    """`held_out` are the names of entries of a validation split, or None where the source has none.

    `table` is None where only the images' labels say which classes there are. `notes` are of the whole source.
    """

    table: ClassTable | None
    unlabelled: str
    entries: list[DatasetEntry]
    held_out: frozenset[str] | None = None
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class ReadOptions:
    """What a user said about the source.

    `images`: folder of images; `labels`: class list or label map; `held_out`: list of held-out stems;
    `snap`: read lossy masks by the nearest declared value; `ids`: Cityscapes' "trainIds" or "labelIds";
    `masks`: what mask images hold, "index", "binary" or "instances", "auto" to find out;
    `first_pixel`: 0 or 1, the number that VOC boxes give the first pixel, None to find out.
    """

    images: Path | None = None
    labels: Path | None = None
    held_out: Path | None = None
    snap: bool = False
    ids: str = "trainIds"
    first_pixel: int | None = None
    masks: str = "auto"
