"""Edits not saved yet, written aside, so that a crash loses seconds and not hours.

One labelme file an image in `.segstudio/journal`; where the project cannot be written to, in the user's cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.errors import SegstudioError
from segstudio.events import Problem
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import image_size
from segstudio.formats.labelme import json as labelme
from segstudio.project.item import HIDDEN, Item
from segstudio.project.store import Stamp, canonical, load

_KEY: Final = "segstudio.journal"  # in the entry: the image's name
_NOT_SAVED: Final = "journal"
_ASIDE: Final = "left"  # in it: what a session that ended left


@dataclass(frozen=True)
class Entry:
    """Labels of an image as they were when the program ended; they differ from the file's.

    `stamp` is that of the file now, None where it cannot be read; `older` says that the file was written since.
    """

    item: Item
    annotation: Annotation
    path: Path
    stamp: Stamp = None
    older: bool = False

    __hash__ = None  # type: ignore[assignment]


def folders(project: Path) -> tuple[Path, Path]:
    """Where entries of a project may lie: in it, or in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    own = hashlib.sha1(str(project.absolute()).encode(), usedforsecurity=False).hexdigest()[:16]
    return project / HIDDEN / _NOT_SAVED, cache / "segstudio" / _NOT_SAVED / own


def put(project: Path, item: Item, annotation: Annotation, table: ClassTable) -> Path:
    """Write an entry, replacing an older one of that image. Raises FileError where neither place can be written."""
    entry = canonical(annotation, table).with_extra(_KEY, item.name)
    content = labelme.write(entry, item.image.name)
    inside, cache = folders(project)
    try:
        path = _write(inside, item, content)
    except SegstudioError:
        return _write(cache, item, content)
    with contextlib.suppress(OSError):
        (cache / _name(item)).unlink()
    return path


def remove(project: Path, item: Item) -> None:
    """The image is saved, or given up: its entry has had its day."""
    for folder in folders(project):
        for place in (folder, folder / _ASIDE):
            with contextlib.suppress(OSError):
                (place / _name(item)).unlink()


def set_aside(project: Path) -> None:
    """What an earlier session left is put where nothing writes over it, until the user has answered."""
    for folder in folders(project):
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            with contextlib.suppress(OSError):
                (folder / _ASIDE).mkdir(exist_ok=True)
                path.replace(folder / _ASIDE / path.name)


def entries(project: Path, items: list[Item]) -> Iterator[Entry | Problem]:
    """What was set aside, the newest of each image; what says the same as the files is removed on the way."""
    by_name = {item.name: item for item in items}
    paths = [path for folder in folders(project) for path in (folder / _ASIDE).glob("*.json")]
    seen: set[str] = set()
    for path in sorted(paths, key=_age, reverse=True):
        if path.name in seen:
            continue
        seen.add(path.name)
        try:
            entry = _read(path, by_name)
        except SegstudioError as error:
            yield Problem(str(path), f"{error} It holds labels that were not saved; delete it if you do not need them.")
            continue
        if entry is not None:
            yield entry


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _write(folder: Path, item: Item, content: bytes) -> Path:
    path = folder / _name(item)
    write_bytes(path, content)
    return path


def _name(item: Item) -> str:
    return hashlib.sha1(item.name.encode(), usedforsecurity=False).hexdigest()[:24] + ".json"


def _read(path: Path, items: dict[str, Item]) -> Entry | None:
    """None for an entry that says nothing new, which is removed, or whose image is gone, which is kept."""
    item = items.get(str(labelme.read(path, (1, 1), pixels=False).annotation.extra.get(_KEY, "")))
    if item is None:
        return None
    size = image_size(item.image)
    found = labelme.read(path, size).annotation
    extra = {key: value for key, value in found.extra.items() if key != _KEY}
    annotation = replace(found, extra=extra)
    stored = load(item, size)
    if not stored.problem and stored.annotation == annotation:
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    older = stored.stamp is not None and stored.stamp[0] / 1e9 > _age(path)
    return Entry(item, annotation, path, None if stored.problem else stored.stamp, older)
