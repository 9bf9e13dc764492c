"""Files that a source unpacks for itself: they go when nobody holds it any more."""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import Final

from segstudio.errors import FileError, FormatError

_MOST_BYTES: Final = 64 << 30
_MOST_RATIO: Final = 200  # times its own size that an honest archive may hold, beyond a gigabyte


class Scratch:
    """A folder of its own, made when it is first asked for."""

    @cached_property
    def folder(self) -> Path:
        made = tempfile.mkdtemp(prefix="segstudio-")
        weakref.finalize(self, shutil.rmtree, made, True)
        return Path(made)

    def unpack(self, archive: Path) -> Path:
        """The root of what a .zip holds. Raises FileError, or FormatError for a bomb."""
        try:
            with zipfile.ZipFile(archive) as opened:
                total = sum(info.file_size for info in opened.infolist())
                if total > min(_MOST_BYTES, max(1 << 30, _MOST_RATIO * archive.stat().st_size)):
                    raise FormatError(
                        archive, f"would unfold to {total >> 20} MB", "unpack it yourself if you trust it"
                    )
                opened.extractall(self.folder)  # which drops `..` and leading slashes from names
        except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
            raise FileError(
                archive, f"cannot be unpacked ({error})", "unpack it yourself and name the folder"
            ) from error
        inside = [path for path in self.folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
        return inside[0] if len(inside) == 1 and inside[0].is_dir() else self.folder
