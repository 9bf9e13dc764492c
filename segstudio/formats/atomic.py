"""Atomic file writes: a reader never sees a partial file, and a failed write leaves the previous file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from segstudio.errors import FileError


def write_bytes(path: Path, data: bytes, durable: bool = True) -> None:
    """Write a temporary file beside `path`, fsync it if `durable`, and rename it. Raises FileError."""

    def fill(file: BinaryIO) -> None:
        file.write(data)

    write_with(path, fill, durable)


def write_with(path: Path, fill: Callable[[BinaryIO], None], durable: bool = True, keep_as: Path | None = None) -> None:
    """Like `write_bytes`, with `fill` writing the content; the previous file is kept as `keep_as`, if given."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise FileError(path, _describe(error), "choose a folder that can be written to") from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(_choose_mode(path))
        if keep_as is not None and path.exists():
            _keep_previous(path, keep_as)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        remedy = "free disk space or check the permissions of the folder, then save again"
        raise FileError(path, _describe(error), remedy) from error
    if durable:
        _sync_folder(path.parent)


def _keep_previous(path: Path, keep_as: Path) -> None:
    """Give the file a second name by a hard link, so that `path` always exists; without hard links, move it."""
    second = keep_as.with_name(f".{keep_as.name}.tmp")
    try:
        second.unlink(missing_ok=True)
        second.hardlink_to(path)
        second.replace(keep_as)
    except OSError:
        path.replace(keep_as)


def copy_file(source: Path, target: Path) -> None:
    """Copy atomically, without waiting for the disk. Raises FileError for either file."""
    try:
        data = source.read_bytes()
    except OSError as error:
        raise FileError(source, f"cannot be read ({error.strerror})", "check its permissions") from error
    write_bytes(target, data, durable=False)


def write_text(path: Path, text: str) -> None:
    """UTF-8, with line ends as given."""
    write_bytes(path, text.encode("utf-8"))


def _choose_mode(path: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file would get."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o666 & ~_read_umask()


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make the rename durable; on file systems that cannot, the file is there all the same."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _describe(error: OSError) -> str:
    return f"could not be written ({error.strerror or error})"
