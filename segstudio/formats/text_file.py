"""Text files from any source: UTF-8 with or without a byte-order mark."""

from __future__ import annotations

from pathlib import Path

from segstudio.errors import FileError


def read_text(path: Path, remedy: str = "save it as UTF-8 text") -> str:
    """The whole file. Raises FileError where it cannot be read or is not UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"cannot be read ({error})", remedy) from error
