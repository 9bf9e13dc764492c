"""What the numbers or colours of masks mean, from any file that says so."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segstudio.core.classes import IGNORE, IGNORE_NAME, ClassTable
from segstudio.core.colours import Colour
from segstudio.errors import FileError, FormatError
from segstudio.formats.json_file import read_json

NAMES = (
    "labelmap.txt",
    "label_colors.txt",
    "class_dict.csv",
    "dataset_meta.json",
    "classes.txt",
    "class_names.txt",
    "labels.txt",
)
_IGNORED = frozenset({"ignored", "ignore", IGNORE_NAME})
_COLOUR_FIRST = re.compile(r"^\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\S.*?)\s*$")
_COLOUR_LAST = re.compile(r"^\s*(\S.*?)[:\s,]\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*(?::.*)?$")
_NAMES_ONLY = ("classes.txt", "class_names.txt")  # here a # begins a name
_LONGEST = 500
_NUMBERED = re.compile(r"^\s*(\d{1,9})\s*[:\t]\s*(\S.*?)\s*$")

Row = tuple[str, int | None, Colour | None]  # name, number in the mask, colour in the mask


@dataclass(frozen=True)
class LabelMap:
    """`values` and `colours` lead from what stands in a mask to a class id or IGNORE."""

    table: ClassTable
    values: dict[int, int] = field(default_factory=dict)
    colours: dict[Colour, int] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    @staticmethod
    def of(table: ClassTable) -> LabelMap:
        """Class k has number k."""
        return LabelMap(table, {item.id: item.id for item in table} | {IGNORE: IGNORE})

    @staticmethod
    def of_rows(rows: Iterable[Row], ignored: Iterable[str] = ()) -> LabelMap:
        """Rows without a number count from 0 in their order; `ignored` are further names of what does not count.

        Raises ValueError for a name twice or too many.
        """
        silent = _IGNORED | {name.lower() for name in ignored}
        table, values, colours, position = ClassTable(()), {}, {}, 0
        for name, number, colour in rows:
            if name.strip().lower() in silent:
                meaning = IGNORE
                if name == IGNORE_NAME and number is None:  # labelme's first line takes no number
                    continue
            else:
                table = table.with_added(name, colour)
                meaning = len(table) - 1
            values[position if number is None else number] = meaning
            if colour is not None:
                colours[colour] = meaning
            position += 1
        values.setdefault(IGNORE, IGNORE)
        return LabelMap(table if len(table) else ClassTable(), values, colours)


def read(path: Path, ignored: Iterable[str] = ()) -> LabelMap:
    """Raises FileError, or FormatError where the file says nothing that can be understood."""
    remedy = "list one class a line: a name, or name:r,g,b"
    try:
        if path.suffix.lower() == ".json":
            return LabelMap.of_rows(_json_rows(read_json(path)), ignored)
        text = path.read_text("utf-8-sig")
        rows = _csv_rows(text) if path.suffix.lower() == ".csv" else _rows(_lines(text, path.name in _NAMES_ONLY))
        return LabelMap.of_rows(rows, ignored)
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"cannot be read ({error})", "save it as UTF-8 text") from error
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, csv.Error) as error:
        raise FormatError(path, f"is no list of classes ({error})", remedy) from error


def _lines(text: str, names_only: bool = False) -> list[str]:
    lines = [line[:_LONGEST] for line in text.splitlines() if line.strip()]
    return lines if names_only else [line for line in lines if not line.lstrip().startswith("#")]


def _rows(lines: list[str]) -> list[Row]:
    """Names with colours, with numbers, or alone: decided for the whole file, as a name may look like anything."""
    for pattern, made in (
        (_COLOUR_FIRST, lambda m: (m[4], None, _colour(m[1], m[2], m[3]))),
        (_COLOUR_LAST, lambda m: (m[1].rstrip(":, \t"), None, _colour(m[2], m[3], m[4]))),
        (_NUMBERED, lambda m: (m[2], int(m[1]), None)),
    ):
        found = [pattern.match(line) for line in lines]
        if lines and all(found):
            return [made(match) for match in found]
    return [(line.strip().removesuffix(":::"), None, None) for line in lines]


def _colour(red: str, green: str, blue: str) -> Colour:
    found = int(red), int(green), int(blue)
    if max(found) > 255:
        raise ValueError(f"{found} is no colour")
    return found


def _csv_rows(text: str) -> list[Row]:
    """`name,r,g,b` with or without a heading."""
    rows = [row for row in csv.reader(_lines(text)) if len(row) >= 4]
    return [(row[0].strip(), None, _colour(row[1], row[2], row[3])) for row in rows if row[1].strip().isdigit()]


def _json_rows(raw: Any) -> list[Row]:
    """COCO's categories, or Datumaro's `label_map` with `segmentation_colors`."""
    if "label_map" in raw:
        names = {int(number): str(name) for number, name in raw["label_map"].items()}
        colours = raw.get("segmentation_colors") or []
        return [
            (name, number, _colour(*map(str, colours[number])) if number < len(colours) else None)
            for number, name in sorted(names.items())
        ]
    rows: list[Row] = [(str(each["name"]), int(each["id"]), None) for each in raw["categories"]]
    return sorted(rows, key=lambda row: row[1] or 0)
