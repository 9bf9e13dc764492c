"""Interface of the dataset readers: classes, and images whose annotations are read one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from segstudio.core.annotation import Annotation
from segstudio.core.classes import BACKGROUND_NAME, ClassTable, is_background
from segstudio.errors import FileError, ObjectError

# Names of folders and subsets whose images are validated or tested on, never trained on.
HELD_OUT: Final = frozenset({"val", "valid", "validation", "test", "testing"})

_Item = TypeVar("_Item")
_Converted = TypeVar("_Converted")


@dataclass(frozen=True)
class ImportedImage:
    """An image file with its annotation. `notes` list what was altered, approximated or left out, one line each.

    `complete`: the source annotates the whole image, so that an image without shapes is all background.
    """

    image: Path
    annotation: Annotation
    notes: tuple[str, ...] = ()
    complete: bool = True

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class DatasetEntry:
    """An image that can be read. `name`: its path in a project, without suffix; `read` raises SegstudioError."""

    name: str
    read: Callable[[], ImportedImage]


@dataclass(frozen=True)
class DatasetReader:
    """An opened dataset. `held_out`: names of the entries of its validation subset, None where it has no split.

    `table` is None where the dataset lists no classes, so that only the labels of its images name them.
    `unlabelled`: "background" or "ignore", how pixels without a label are read. `notes` apply to the whole dataset.
    """

    table: ClassTable | None
    unlabelled: str
    entries: list[DatasetEntry]
    held_out: frozenset[str] | None = None
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class ReadOptions:
    """Options that the user set for reading a dataset.

    `images`: folder of images; `labels`: class list or label map; `held_out`: list of stems of the validation images;
    `snap`: read lossy masks by the nearest declared value; `ids`: Cityscapes' "trainIds" or "labelIds";
    `first_pixel`: 0 or 1, the coordinate of the first pixel in VOC boxes, None to detect it;
    `masks`: what mask images contain: "index", "binary", "instances", or "auto" to detect it.
    """

    images: Path | None = None
    labels: Path | None = None
    held_out: Path | None = None
    snap: bool = False
    ids: str = "trainIds"
    first_pixel: int | None = None
    masks: str = "auto"


def find_first_file(folders: Iterable[Path], names: Sequence[str]) -> Path | None:
    """The first of `names` that is a file in the first folder that has one."""
    paths = (folder / name for folder in folders for name in names)
    return next((path for path in paths if path.is_file()), None)


def split_or_none(held_out: Iterable[str], entries: Sequence[DatasetEntry]) -> frozenset[str] | None:
    """The names as a validation subset; None where it would be empty or include every entry."""
    names = frozenset(held_out)
    return names if 0 < len(names) < len(entries) else None


def unify_background(name: str) -> str:
    """`_background_` for any spelling of the background class, else `name`."""
    return BACKGROUND_NAME if is_background(name) else name


def convert_each(
    items: Iterable[_Item], convert: Callable[[_Item], _Converted], what: str, notes: list[str]
) -> list[_Converted]:
    """Convert each item; one that raises ObjectError is left out and noted as `what` with its number from 1."""
    converted = []
    for number, item in enumerate(items, 1):
        try:
            converted.append(convert(item))
        except ObjectError as fault:
            notes.append(f"{what} {number} was left out ({fault})")
    return converted


def wrong_size(path: Path, image: object, stated: tuple[object, object], size: tuple[int, int]) -> FileError:
    """The error for labels in `path` made for another (height, width) than the image has."""
    fault = f"gives the size of {image} as {stated[1]}x{stated[0]} but the image is {size[1]}x{size[0]}"
    return FileError(path, fault, "use the image that was labelled, or export the labels again")
