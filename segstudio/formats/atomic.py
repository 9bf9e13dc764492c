"""Whole or not at all: a reader never sees half a file, and a failed write leaves the old one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from segstudio.errors import FileError


def write_bytes(path: Path, data: bytes, durable: bool = True) -> None:
    """Temporary file beside `path`, fsync if `durable`, rename. Raises FileError and leaves what was there."""

    def fill(file: BinaryIO) -> None:
        file.write(data)

    write_with(path, fill, durable)


def write_with(path: Path, fill: Callable[[BinaryIO], None], durable: bool = True, keep_as: Path | None = None) -> None:
    """Like `write_bytes`, for what writes itself into a file; what was there is kept as `keep_as`, if given."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise FileError(path, _fault(error), "choose a folder that can be written to") from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(_mode(path))
        if keep_as is not None and path.exists():
            _keep(path, keep_as)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(path, _fault(error), "free some space or check the folder's rights, then save again") from error
    if durable:
        _sync_folder(path.parent)


def _keep(path: Path, keep_as: Path) -> None:
    """A second name for the file, so that at no moment there is none; where links cannot be, it is moved."""
    second = keep_as.with_name(f".{keep_as.name}.tmp")
    try:
        second.unlink(missing_ok=True)
        second.hardlink_to(path)
        second.replace(keep_as)
    except OSError:
        path.replace(keep_as)


def copy_file(source: Path, target: Path) -> None:
    """Whole or not at all, like a write. Raises FileError for either file."""
    try:
        data = source.read_bytes()
    except OSError as error:
        raise FileError(source, f"cannot be read ({error.strerror})", "check its rights") from error
    write_bytes(target, data, durable=False)


def write_text(path: Path, text: str) -> None:
    """UTF-8, with line ends as given."""
    write_bytes(path, text.encode("utf-8"))


def _mode(path: Path) -> int:
    """The rights of the file that is replaced, or those that a new file would get."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself last; where a file system cannot, the file is there all the same."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _fault(error: OSError) -> str:
    return f"could not be written ({error.strerror or error})"
