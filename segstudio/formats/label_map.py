"""What the numbers or colours of masks mean, from any file that says so."""

from __future__ import annotations

import csv
import json
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
_NUMBERED = re.compile(r"^\s*(\d+)\s*[:\t]\s*(\S.*?)\s*$")

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
    def of_rows(rows: Iterable[Row]) -> LabelMap:
        """Rows without a number count from 0 in their order. Raises ValueError for a name twice or too many."""
        table, values, colours, position = ClassTable(()), {}, {}, 0
        for name, number, colour in rows:
            if name.strip().lower() in _IGNORED:
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


def read(path: Path) -> LabelMap:
    """Raises FileError, or FormatError where the file says nothing that can be understood."""
    remedy = "list one class a line: a name, or name:r,g,b"
    try:
        if path.suffix.lower() == ".json":
            return LabelMap.of_rows(_json_rows(read_json(path)))
        text = path.read_text("utf-8-sig")
        rows = _csv_rows(text) if path.suffix.lower() == ".csv" else [_row(line) for line in _lines(text)]
        return LabelMap.of_rows(rows)
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"cannot be read ({error})", "save it as UTF-8 text") from error
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, json.JSONDecodeError) as error:
        raise FormatError(path, f"is no list of classes ({error})", remedy) from error


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _row(line: str) -> Row:
    first, last, numbered = _COLOUR_FIRST.match(line), _COLOUR_LAST.match(line), _NUMBERED.match(line)
    if first:
        return first[4], None, _colour(first[1], first[2], first[3])
    if last:
        return last[1].rstrip(":, \t"), None, _colour(last[2], last[3], last[4])
    if numbered:
        return numbered[2], int(numbered[1]), None
    return line.strip().removesuffix(":::"), None, None


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
