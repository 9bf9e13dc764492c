"""Class lists: labelme's `labels.txt`, a plain list of names, and VOC's `labelmap.txt`."""

from __future__ import annotations

from pathlib import Path

from segstudio.core.classes import BACKGROUND_NAME, IGNORE_NAME, ClassTable
from segstudio.core.colours import voc_colour
from segstudio.errors import FileError, FormatError
from segstudio.formats.images import IMAGE_SUFFIXES


def read_labels(path: Path) -> ClassTable:
    """A list for shapes drawn on a background: `_background_` is class 0, whether it is listed or not."""
    return read(path, with_background=True)


def read(path: Path, with_background: bool = False) -> ClassTable:
    """One name a line, class 0 first; `__ignore__` is no class. Raises FileError or FormatError."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"cannot be read ({error})", "save it as UTF-8 text, one name a line") from error
    names = [line.strip() for line in text.splitlines() if line.strip()]
    if with_background and BACKGROUND_NAME not in names:
        names.insert(0, BACKGROUND_NAME)
    try:
        return ClassTable.from_names(names)
    except ValueError as error:
        raise FormatError(path, str(error), "list each class once") from error


def stems(path: Path) -> frozenset[str]:
    """The file stems of an image set, one a line; lines that begin with # do not count."""
    try:
        lines = [line.strip() for line in path.read_text("utf-8-sig").split("\n")]
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"cannot be read ({error})", "list one file stem a line") from error
    found = [Path(line) for line in lines if line and not line.startswith("#")]
    return frozenset(name.stem if name.suffix.lower() in IMAGE_SUFFIXES else name.name for name in found)


def is_labelmes(path: Path) -> bool:
    """Whether a `labels.txt` begins as labelme's do."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.readline().strip() in (IGNORE_NAME, BACKGROUND_NAME)
    except (OSError, UnicodeDecodeError):
        return False


def labels_txt(table: ClassTable) -> str:
    """As labelme wants it: `__ignore__`, class 0, class 1 …"""
    return "\n".join([IGNORE_NAME, *table.names]) + "\n"


def class_names_txt(table: ClassTable) -> str:
    """As labelme2voc writes it: without `__ignore__`, without a last line end."""
    return "\n".join(table.names)


def labelmap_txt(table: ClassTable) -> str:
    """VOC's label map: `name:r,g,b::`, class 0 first, in the colours of the PNGs' palette."""
    rows = [f"{item.name}:{','.join(str(value) for value in voc_colour(item.id))}::" for item in table]
    return "\n".join(["# label:color_rgb:parts:actions", *rows]) + "\n"
