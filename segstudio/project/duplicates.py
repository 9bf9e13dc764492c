"""Duplicate images: files with the same bytes."""

from __future__ import annotations

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from segstudio.project.item import Item

_BEGINNING_BYTES: Final = 1 << 14  # this much of a file tells most images of one size apart


def find_duplicate_images(items: Iterable[Item]) -> list[list[str]]:
    """Names of the images in each group of two or more whose files are the same, byte for byte.

    Only files of one size are read, and only those with the same beginning to their end. A file that cannot be read is
    a duplicate of none.
    """
    groups = [list(items)]
    for key in _KEYS:
        groups = [same for group in groups for same in _group_by(group, key)]
    return [[item.name for item in group] for group in groups]


def find_duplicates_of(image: Path, items: Iterable[Item]) -> list[str]:
    """Names of the items whose image file is the same as `image`, byte for byte."""
    found = list(items)
    for key in _KEYS:
        try:
            own = key(image)
        except OSError:
            return []
        found = [item for item in found if _key_or_none(item, key) == own]
    return [item.name for item in found]


def _group_by(items: list[Item], key: Callable[[Path], object]) -> list[list[Item]]:
    groups: dict[object, list[Item]] = defaultdict(list)
    for item in items:
        with contextlib.suppress(OSError):
            groups[key(item.image)].append(item)
    return [group for group in groups.values() if len(group) > 1]


def _key_or_none(item: Item, key: Callable[[Path], object]) -> object:
    try:
        return key(item.image)
    except OSError:
        return None


def _size(path: Path) -> int:
    return path.stat().st_size


def _read_beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_BEGINNING_BYTES)


def _hash(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


_KEYS: Final[tuple[Callable[[Path], object], ...]] = (_size, _read_beginning, _hash)  # the cheapest first
