"""The recovery journal: unsaved labels written to a side file, so that a crash loses seconds and not hours.

One labelme file per image in `.segstudio/journal`, or in the user's cache where the project cannot be written to.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.errors import SegstudioError
from segstudio.events import Problem
from segstudio.formats.atomic import write_bytes
from segstudio.formats.images import image_size
from segstudio.formats.labelme import labelme_json
from segstudio.project.item import HIDDEN, Item
from segstudio.project.store import Stamp, load, use_current_names

if TYPE_CHECKING:
    from filelock import BaseFileLock

_IMAGE_KEY: Final = "segstudio.journal"  # key of an entry that holds the image's name
_FOLDER: Final = "journal"
_ASIDE: Final = "left"  # subfolder with the entries of earlier sessions
_LOCK: Final = "window.lock"  # 0.1.0 has a QLockFile called "lock", and takes any file of that name for another window


@dataclass(frozen=True)
class JournalEntry:
    """Unsaved labels of an image from an earlier session; they differ from those in the image's file.

    `stamp` is that of the file now, None where it cannot be read; `older` is True if the file was written later.
    """

    item: Item
    annotation: Annotation
    path: Path
    stamp: Stamp = None
    older: bool = False

    __hash__ = None  # type: ignore[assignment]


class JournalLock:
    """Exclusive right of one window to write and offer the journal of a project.

    The operating system holds the lock and frees it when the process ends, so a crash leaves nothing to clear up.
    """

    def __init__(self) -> None:
        self._lock: BaseFileLock | None = None
        self._project: Path | None = None

    @property
    def project(self) -> Path | None:
        """Folder of the project whose journal is held."""
        return self._project

    def acquire(self, project: Path) -> bool:
        """Take the journal of a project; True if it is held, also from before.

        False while another window holds it, where no lock file can be created, or while the journal of another
        project is held.
        """
        if self._lock is not None:
            return self._project == project
        from filelock import FileLock, Timeout  # here: it takes 60 ms, and only the window locks

        for folder in folders(project):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                lock = FileLock(folder / _LOCK, thread_local=False)
                lock.acquire(blocking=False)
            except Timeout:
                return False
            except (OSError, NotImplementedError):  # cannot be written to, or has no locks
                continue
            self._lock, self._project = lock, project
            return True
        return False

    def release(self) -> None:
        """Let another window have the journal. The lock file stays: its name must not lead to two different files."""
        lock, self._lock, self._project = self._lock, None, None
        if lock is not None:
            lock.release()


def folders(project: Path) -> tuple[Path, Path]:
    """Where the entries of a project are written: in the project, or else in the user's cache."""
    key = hashlib.sha1(str(project.absolute()).encode(), usedforsecurity=False).hexdigest()[:16]
    cache = platformdirs.user_cache_path("segstudio", appauthor=False)
    return project / HIDDEN / _FOLDER, cache / _FOLDER / key


def has_journal(project: Path) -> bool:
    """True if entries were ever written for a project; opening one creates nothing."""
    return any(folder.is_dir() for folder in _all_folders(project))


def write_entry(project: Path, item: Item, annotation: Annotation, table: ClassTable) -> Path:
    """Write an entry, replacing the image's earlier one. Raises FileError where neither folder can be written to."""
    entry = use_current_names(annotation, table).with_extra(_IMAGE_KEY, item.name)
    content = labelme_json.encode(entry, item.image.name)
    inside, cache = folders(project)
    path = inside / _file_name(item)
    try:
        write_bytes(path, content)
    except SegstudioError:
        path = cache / _file_name(item)
        write_bytes(path, content)
        return path
    with contextlib.suppress(OSError):
        (cache / _file_name(item)).unlink()  # else an older state would be offered beside this one
    return path


def remove_entry(project: Path, item: Item) -> None:
    """Delete the journal entry once the image is saved or its edits are discarded."""
    for folder in _all_folders(project):
        for place in (folder, folder / _ASIDE):
            with contextlib.suppress(OSError):
                (place / _file_name(item)).unlink()


def set_aside(project: Path) -> None:
    """Move the entries of earlier sessions to a subfolder, where this session does not write over them.

    An entry there that the user has not answered yet is kept under a number, and comes back once the newer one of its
    image is gone.
    """
    for folder in _all_folders(project):
        aside = folder / _ASIDE
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            with contextlib.suppress(OSError):
                aside.mkdir(exist_ok=True)
                if (aside / path.name).exists():
                    (aside / path.name).replace(_numbered(aside, path.name))
                path.replace(aside / path.name)
        for path in sorted(aside.glob("*.json"), key=_modified_s, reverse=True):
            plain = aside / f"{path.name.partition('.')[0]}.json"
            if not plain.exists():
                with contextlib.suppress(OSError):
                    path.replace(plain)


def _numbered(aside: Path, name: str) -> Path:
    names = (aside / f"{name.removesuffix('.json')}.{number}.json" for number in count(2))
    return next(path for path in names if not path.exists())


def read_entries(project: Path, items: list[Item]) -> Iterator[JournalEntry | Problem]:
    """The entries that were set aside, the newest of each image; those equal to the image's file are deleted."""
    by_name = {item.name: item for item in items}
    found = (path for folder in _all_folders(project) for path in (folder / _ASIDE).glob("*.json"))
    paths = [path for path in found if path.name.count(".") == 1]  # those with a number wait
    seen: set[str] = set()
    for path in sorted(paths, key=_modified_s, reverse=True):
        if path.name in seen:
            continue
        seen.add(path.name)
        try:
            entry = _read_entry(path, by_name)
        except SegstudioError as error:
            yield Problem(str(path), f"{error} It holds labels that were not saved; delete it if you do not need them.")
            continue
        if entry is not None:
            yield entry


def _all_folders(project: Path) -> list[Path]:
    """Every folder that may hold entries; 0.1.0 used ~/.cache on Windows and macOS too."""
    inside, cache = folders(project)
    before = Path.home() / ".cache" / "segstudio" / _FOLDER / cache.name
    return list(dict.fromkeys((inside, cache, before)))


def _modified_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _file_name(item: Item) -> str:
    return hashlib.sha1(item.name.encode(), usedforsecurity=False).hexdigest()[:24] + ".json"


def _read_entry(path: Path, items: dict[str, Item]) -> JournalEntry | None:
    """None for an entry equal to the image's file, which is deleted, and for one whose image is gone, which is kept."""
    item = items.get(str(labelme_json.read(path, (1, 1), pixels=False).annotation.extra.get(_IMAGE_KEY, "")))
    if item is None:
        return None
    size = image_size(item.image)
    found = labelme_json.read(path, size).annotation
    annotation = replace(found, extra={key: value for key, value in found.extra.items() if key != _IMAGE_KEY})
    stored = load(item, size)
    if not stored.problem and stored.annotation == annotation:
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    older = stored.stamp is not None and stored.stamp[0] / 1e9 > _modified_s(path)
    return JournalEntry(item, annotation, path, None if stored.problem else stored.stamp, older)
