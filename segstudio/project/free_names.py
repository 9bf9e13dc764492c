"""Names and folders that are free: `a`, `a-2`, `a-3` … and folders that are new or empty."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from itertools import count
from pathlib import Path

from segstudio.errors import ProjectError


def number_names(stem: str, suffix: str = "", *, first: int = 2) -> Iterator[str]:
    """`stem` and then stem-2, stem-3 …, each with `suffix`; with `first=1` stem-1, stem-2 …, without the bare name."""
    if first > 1:
        yield f"{stem}{suffix}"
    yield from (f"{stem}-{number}{suffix}" for number in count(first))


def find_free_name(stem: str, taken: Container[str], *, first: int = 2) -> str:
    """The first of `number_names` that is not taken."""
    return next(name for name in number_names(stem, first=first) if name not in taken)


def find_free_folder(folder: Path) -> Path:
    """`folder`, or the first of folder-2, folder-3 … that does not exist or is empty."""
    return next(path for name in number_names(folder.name) if is_free_folder(path := folder.with_name(name)))


def is_free_folder(folder: Path) -> bool:
    """True if there is nothing of this name, or an empty folder. Raises OSError where that cannot be seen."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def check_new_folder(folder: Path) -> None:
    """Raises ProjectError where `folder` holds anything, or cannot be written to."""
    try:
        if not is_free_folder(folder):
            raise ProjectError(f"{folder}: is not empty, and nothing is written over; choose a new folder")
        parent = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not os.access(parent, os.W_OK):
            raise ProjectError(f"{folder}: cannot be made, as {parent} may not be written to; choose another folder")
    except OSError as error:
        raise ProjectError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from error
