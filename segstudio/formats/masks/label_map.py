"""Label maps: what the numbers or colours of masks mean, in any of the usual file formats."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from segstudio.core.classes import IGNORE, IGNORE_NAME, ClassTable
from segstudio.core.colours import Colour
from segstudio.errors import FormatError
from segstudio.formats.json_file import read_json
from segstudio.formats.text_file import read_text

FILE_NAMES: Final = (
    "labelmap.txt",
    "label_colors.txt",
    "class_dict.csv",
    "dataset_meta.json",
    "classes.txt",
    "class_names.txt",
    "labels.txt",
)
_IGNORED_NAMES: Final = frozenset({"ignored", "ignore", IGNORE_NAME})
_COLOUR_FIRST: Final = re.compile(r"^\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\S.*?)\s*$")
_COLOUR_LAST: Final = re.compile(r"^\s*(\S.*?)[:\s,]\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*(?::.*)?$")
_NUMBERED: Final = re.compile(r"^\s*(\d{1,9})\s*[:\t]\s*(\S.*?)\s*$")
_NAMES_ONLY: Final = ("classes.txt", "class_names.txt")  # in these files a name may begin with #
_MAX_LINE_LENGTH: Final = 500
_REMEDY: Final = "list one class per line: a name, or name:r,g,b"


@dataclass(frozen=True)
class MapRow:
    """One class of a label map, with its number and colour in the masks; None where the file gives none."""

    name: str
    number: int | None = None
    colour: Colour | None = None


@dataclass(frozen=True)
class LabelMap:
    """Classes, and the class id or IGNORE of each number (`values`) and colour (`colours`) in a mask."""

    table: ClassTable
    values: dict[int, int] = field(default_factory=dict)
    colours: dict[Colour, int] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    @staticmethod
    def from_table(table: ClassTable) -> LabelMap:
        """Class k has number k."""
        return LabelMap(table, {item.id: item.id for item in table} | {IGNORE: IGNORE})

    @staticmethod
    def from_rows(rows: Iterable[MapRow], ignored: Iterable[str] = ()) -> LabelMap:
        """Rows without a number are numbered from 0 in their order; `ignored` are further names of ignored pixels.

        Raises ValueError for a name that is listed twice and beyond 254 classes.
        """
        ignored_names = _IGNORED_NAMES | {name.lower() for name in ignored}
        table, values, colours, position = ClassTable(()), {}, {}, 0
        for row in rows:
            if row.name.strip().lower() in ignored_names:
                meaning = IGNORE
                if row.name == IGNORE_NAME and row.number is None:  # labelme's first line has no number
                    continue
            else:
                table = table.with_added(row.name, row.colour)
                meaning = len(table) - 1
            values[position if row.number is None else row.number] = meaning
            if row.colour is not None:
                colours[row.colour] = meaning
            position += 1
        values.setdefault(IGNORE, IGNORE)
        return LabelMap(table if len(table) else ClassTable(), values, colours)


def read(path: Path, ignored: Iterable[str] = ()) -> LabelMap:
    """Raises FileError, or FormatError where the file is not a list of classes in a known format."""
    try:
        return LabelMap.from_rows(_read_rows(path), ignored)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, csv.Error) as error:
        raise FormatError(path, f"is not a list of classes ({error})", _REMEDY) from error


def _read_rows(path: Path) -> list[MapRow]:
    if path.suffix.lower() == ".json":
        return _parse_json(read_json(path))
    text = read_text(path)
    return (
        _parse_csv(text)
        if path.suffix.lower() == ".csv"
        else _parse_lines(_split_lines(text, path.name in _NAMES_ONLY))
    )


def _split_lines(text: str, names_only: bool = False) -> list[str]:
    lines = [line[:_MAX_LINE_LENGTH] for line in text.splitlines() if line.strip()]
    return lines if names_only else [line for line in lines if not line.lstrip().startswith("#")]


def _parse_lines(lines: list[str]) -> list[MapRow]:
    """Names with colours, with numbers, or alone: decided for the whole file, as a name may look like anything."""
    parsers: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], MapRow]], ...] = (
        (_COLOUR_FIRST, lambda m: MapRow(m[4], colour=_parse_colour(m[1], m[2], m[3]))),
        (_COLOUR_LAST, lambda m: MapRow(m[1].rstrip(":, \t"), colour=_parse_colour(m[2], m[3], m[4]))),
        (_NUMBERED, lambda m: MapRow(m[2], number=int(m[1]))),
    )
    for pattern, parse in parsers:
        matches = [match for match in map(pattern.match, lines) if match]
        if lines and len(matches) == len(lines):
            return [parse(match) for match in matches]
    return [MapRow(line.strip().removesuffix(":::")) for line in lines]


def _parse_colour(red: str, green: str, blue: str) -> Colour:
    colour = int(red), int(green), int(blue)
    if max(colour) > 255:
        raise ValueError(f"{colour} is not a colour")
    return colour


def _parse_csv(text: str) -> list[MapRow]:
    """`name,r,g,b` with or without a heading."""
    rows = [row for row in csv.reader(_split_lines(text)) if len(row) >= 4]
    return [
        MapRow(row[0].strip(), colour=_parse_colour(row[1], row[2], row[3])) for row in rows if row[1].strip().isdigit()
    ]


def _parse_json(raw: Any) -> list[MapRow]:
    """COCO's categories, or Datumaro's `label_map` with `segmentation_colors`."""
    if "label_map" in raw:
        names = {int(number): str(name) for number, name in raw["label_map"].items()}
        colours = raw.get("segmentation_colors") or []
        return [
            MapRow(name, number, _parse_colour(*map(str, colours[number])) if number < len(colours) else None)
            for number, name in sorted(names.items())
        ]
    rows = [MapRow(str(each["name"]), int(each["id"])) for each in raw["categories"]]
    return sorted(rows, key=lambda row: row.number or 0)
