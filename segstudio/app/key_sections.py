"""Sections of keys and what they do, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

Section = tuple[str, Sequence[tuple[str, str]]]  # heading; pairs of keys and what they do

_COLUMNS = 3


def format_sections(sections: Sequence[Section]) -> str:
    """A table with the sections in three columns of about the same height."""
    columns: list[list[str]] = [[] for _ in range(_COLUMNS)]
    heights = [0] * _COLUMNS
    for heading, rows in sections:
        place = heights.index(min(heights))
        heights[place] += len(rows) + 2
        cells = "".join(
            f"<tr><td style='padding-right:10px'><nobr><b>{escape(keys)}</b></nobr></td><td>{escape(text)}</td></tr>"
            for keys, text in rows
        )
        columns[place].append(f"<h4>{escape(heading)}</h4><table cellspacing='1'>{cells}</table>")
    inner = "".join(f"<td style='padding-right:24px' valign='top'>{''.join(column)}</td>" for column in columns)
    return f"<table width='100%'><tr>{inner}</tr></table>"
