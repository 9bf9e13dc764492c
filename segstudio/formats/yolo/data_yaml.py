"""`names:` of YOLO's data.yaml as its tools write it: a list in brackets or of dashes, or number: name."""

from __future__ import annotations

import re
from typing import Final

_START: Final = re.compile(r"^names:[ \t]*(.*)$", re.M)
_DASH: Final = re.compile(r"^\s*-\s+(.*)$")
_PAIR: Final = re.compile(r"^\s*(\d{1,4})\s*:\s*(.*)$")


def names_of(text: str) -> list[str]:
    """Class names by number; a number without a name is called class_n. Empty where there is no `names:`."""
    found = _START.search(text)
    if found is None:
        return []
    inline = _bare(found[1])
    if inline.startswith(("[", "{")):
        return _in_order(_inline(text[found.start(1) :].lstrip()))
    return _in_order(_block(text[found.end() :].splitlines()))


def _block(lines: list[str]) -> dict[int, str]:
    names: dict[int, str] = {}
    for line in lines:
        if not _bare(line):
            continue
        dash, pair = _DASH.match(line), _PAIR.match(line)
        if pair:
            names[int(pair[1])] = _unquoted(_bare(pair[2]))
        elif dash:
            names[len(names)] = _unquoted(_bare(dash[1]))
        else:
            break
    return names


def _inline(text: str) -> dict[int, str]:
    """From the opening bracket to its closing one; commas and brackets in quotes do not count."""
    numbered = text[0] == "{"
    names: dict[int, str] = {}
    for part in _parts(text[1:], "}" if numbered else "]"):
        pair = _PAIR.match(part) if numbered else None
        if pair:
            names[int(pair[1])] = _unquoted(pair[2].strip())
        elif part.strip():
            names[len(names)] = _unquoted(part.strip())
    return names


def _parts(text: str, end: str) -> list[str]:
    parts, quote = [""], ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"" and not parts[-1].strip().rstrip("0123456789: "):
            quote = sign
        elif sign == end:
            break
        elif sign == ",":
            parts.append("")
            continue
        parts[-1] += sign
    return parts


def _bare(text: str) -> str:
    """Without blanks and without a comment; a # in quotes is none."""
    text = text.strip()
    if text[:1] in ("'", '"') and text.find(text[0], 1) > 0:
        return text[: text.rfind(text[0]) + 1]
    return "" if text.startswith("#") else text.partition(" #")[0].rstrip()


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    return text


def _in_order(names: dict[int, str]) -> list[str]:
    return [names.get(number, f"class_{number}") for number in range(max(names, default=-1) + 1)]
