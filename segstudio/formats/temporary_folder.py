"""A temporary folder for what a dataset reader unpacks; removed when the reader is garbage-collected."""

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

_MAX_BYTES: Final = 64 << 30
_FREE_BYTES: Final = 1 << 30  # an archive may always unpack to this size
_MAX_RATIO: Final = 200  # unpacked size over archive size, beyond _FREE_BYTES


class TemporaryFolder:
    """The folder is created on first use and removed together with this object."""

    @cached_property
    def folder(self) -> Path:
        created = tempfile.mkdtemp(prefix="segstudio-")
        weakref.finalize(self, shutil.rmtree, created, True)
        return Path(created)

    def unpack(self, archive: Path) -> Path:
        """Unpack a .zip; its root folder. Raises FileError, or FormatError for a zip bomb."""
        try:
            with zipfile.ZipFile(archive) as opened:
                total = sum(info.file_size for info in opened.infolist())
                if total > min(_MAX_BYTES, max(_FREE_BYTES, _MAX_RATIO * archive.stat().st_size)):
                    raise FormatError(
                        archive, f"would unpack to {total >> 20} MB", "unpack it yourself if you trust it"
                    )
                opened.extractall(self.folder)  # drops `..` and leading slashes from names
        except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
            remedy = "unpack it yourself and choose the folder"
            raise FileError(archive, f"cannot be unpacked ({error})", remedy) from error
        inside = [path for path in self.folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
        return inside[0] if len(inside) == 1 and inside[0].is_dir() else self.folder
