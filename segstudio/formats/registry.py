"""The formats that can be imported; one that declines says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from segstudio.errors import SegstudioError
from segstudio.formats import labelme_folder, mask_folder
from segstudio.formats.source import Source, SourceOptions


@dataclass(frozen=True)
class Reader:
    """`reason_not` gives None when the format can open the path."""

    name: str
    reason_not: Callable[[Path, SourceOptions], str | None]
    open_source: Callable[[Path, SourceOptions], Source]


READERS = (
    Reader("labelme", labelme_folder.reason_not, labelme_folder.open_source),
    Reader("masks", mask_folder.reason_not, mask_folder.open_source),
)


def open_source(root: Path, options: SourceOptions, name: str = "auto") -> tuple[str, Source]:
    """(format, source). Raises SegstudioError that names why each format declined."""
    if not root.exists():
        raise SegstudioError(f"{root}: there is no such file or folder; name the data set's folder")
    known = [reader.name for reader in READERS]
    if name not in ("auto", *known):
        raise SegstudioError(f"format {name!r} cannot be imported; there are auto, {', '.join(known)}")
    declined = []
    for reader in READERS:
        if name in ("auto", reader.name):
            reason = reader.reason_not(root, options)
            if reason is None:
                return reader.name, reader.open_source(root, options)
            declined.append(f"not {reader.name}: {reason}")
    raise SegstudioError(f"{root}: cannot be imported; {'; '.join(declined)}")
