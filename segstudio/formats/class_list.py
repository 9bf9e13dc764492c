"""Class lists (labelme's `labels.txt`, plain lists of names, VOC's `labelmap.txt`) and lists of file stems."""

from __future__ import annotations

from pathlib import Path

from segstudio.core.classes import BACKGROUND_NAME, IGNORE_NAME, ClassTable
from segstudio.core.colours import voc_colour
from segstudio.errors import FormatError
from segstudio.formats.images import IMAGE_SUFFIXES
from segstudio.formats.text_file import read_text


def read_labels(path: Path) -> ClassTable:
    """Classes of shapes drawn on a background: `_background_` is class 0, whether it is listed or not."""
    return read(path, with_background=True)


def read(path: Path, with_background: bool = False) -> ClassTable:
    """One name per line, class 0 first; `__ignore__` is not a class. Raises FileError or FormatError."""
    text = read_text(path, "save it as UTF-8 text, one name per line")
    names = [line.strip() for line in text.splitlines() if line.strip()]
    if with_background and BACKGROUND_NAME not in names:
        names.insert(0, BACKGROUND_NAME)
    try:
        return ClassTable.from_names(names)
    except ValueError as error:
        raise FormatError(path, str(error), "list each class once") from error


def read_stems(path: Path) -> frozenset[str]:
    """File stems of an image set, one per line; image suffixes are dropped, lines beginning with # are skipped.

    Raises FileError.
    """
    lines = [line.strip() for line in read_text(path, "list one file stem per line").split("\n")]
    found = [Path(line) for line in lines if line and not line.startswith("#")]
    return frozenset(name.stem if name.suffix.lower() in IMAGE_SUFFIXES else name.name for name in found)


def is_labelme_list(path: Path) -> bool:
    """True if a `labels.txt` begins as labelme's do."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.readline().strip() in (IGNORE_NAME, BACKGROUND_NAME)
    except (OSError, UnicodeDecodeError):
        return False


def format_labels_txt(table: ClassTable) -> str:
    """labelme's list: `__ignore__`, class 0, class 1 …"""
    return "\n".join([IGNORE_NAME, *table.names]) + "\n"


def format_class_names_txt(table: ClassTable) -> str:
    """labelme2voc's list: without `__ignore__`, without a final newline."""
    return "\n".join(table.names)


def format_labelmap_txt(table: ClassTable) -> str:
    """VOC's label map: `name:r,g,b::`, class 0 first, in the colours of the PNGs' palette."""
    rows = [f"{item.name}:{','.join(str(value) for value in voc_colour(item.id))}::" for item in table]
    return "\n".join(["# label:color_rgb:parts:actions", *rows]) + "\n"
