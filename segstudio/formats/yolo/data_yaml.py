"""YOLO's data.yaml: `names:` as its tools write it (list in brackets or with dashes, or number: name), and subsets."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

_START: Final = re.compile(r"^names:[ \t]*(.*)$", re.M)
_DASH: Final = re.compile(r"^\s*-\s+(.*)$")
_PAIR: Final = re.compile(r"^\s*(\d{1,4})\s*:\s*(.*)$")
_SUBSET: Final = re.compile(r"^(train|val|test):[ \t]*([^#\n]+?)[ \t]*$", re.M)


def parse_names(text: str) -> list[str]:
    """Class names by number; a number without a name is called class_n. Empty where there is no `names:`."""
    found = _START.search(text)
    if found is None:
        return []
    inline = _strip_comment(found[1])
    if inline.startswith(("[", "{")):
        return _order(_parse_inline(text[found.start(1) :].lstrip()))
    return _order(_parse_block(text[found.end() :].splitlines()))


def parse_validation_folders(text: str) -> set[str]:
    """Lower-case names of the folders that are `val` or `test` and not also `train`."""
    folders = {subset: PurePosixPath(path.strip("'\" ")).name.casefold() for subset, path in _SUBSET.findall(text)}
    held_out = {folders[key] for key in ("val", "test") if key in folders and folders[key] != folders.get("train")}
    return held_out - {"images"}


def _parse_block(lines: list[str]) -> dict[int, str]:
    names: dict[int, str] = {}
    for line in lines:
        if not _strip_comment(line):
            continue
        dash, pair = _DASH.match(line), _PAIR.match(line)
        if pair:
            names[int(pair[1])] = _unquote(_strip_comment(pair[2]))
        elif dash:
            names[len(names)] = _unquote(_strip_comment(dash[1]))
        else:
            break
    return names


def _parse_inline(text: str) -> dict[int, str]:
    """From the opening bracket to its closing one; commas and brackets in quotes do not count."""
    numbered = text[0] == "{"
    names: dict[int, str] = {}
    for part in _split_inline(text[1:], "}" if numbered else "]"):
        pair = _PAIR.match(part) if numbered else None
        if pair:
            names[int(pair[1])] = _unquote(pair[2].strip())
        elif part.strip():
            names[len(names)] = _unquote(part.strip())
    return names


def _split_inline(text: str, end: str) -> list[str]:
    parts, quote = [""], ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and not parts[-1].strip().rstrip("0123456789: "):
            quote = character
        elif character == end:
            break
        elif character == ",":
            parts.append("")
            continue
        parts[-1] += character
    return parts


def _strip_comment(text: str) -> str:
    """Without surrounding blanks and comment; a # in quotes is not a comment."""
    text = text.strip()
    if text[:1] in ("'", '"') and text.find(text[0], 1) > 0:
        return text[: text.rfind(text[0]) + 1]
    return "" if text.startswith("#") else text.partition(" #")[0].rstrip()


def _unquote(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    return text


def _order(names: dict[int, str]) -> list[str]:
    return [names.get(number, f"class_{number}") for number in range(max(names, default=-1) + 1)]
