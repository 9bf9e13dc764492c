"""Queries over the list of images, and its orders."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.project.query import Row, order_rows, parse_query

ROWS = [
    Row("street/a1.png", "todo", (), math.nan, 0.9),
    Row("street/a2.png", "labelled", ("road", "car"), 0.4, 0.2),
    Row("field/b1.png", "done", ("grass", "traffic light"), 0.8, math.nan),
    Row("field/b2.png", "broken", (), math.nan, math.nan),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [0, 1, 2, 3]),
        ("A1", [0]),
        ("street", [0, 1]),
        ("-street", [2, 3]),
        ("name:*2.png", [1, 3]),
        ("class:road", [1]),
        ("class:ROAD", [1]),
        ('class:"traffic light"', [2]),
        ("class:tr*", [2]),
        ("-class:car", [0, 2, 3]),
        ("status:todo", [0]),
        ("state:labeled", [1]),
        ("status:done street", []),
        ("miou:<0.5", [1]),
        ("miou:>=0.4", [1, 2]),
        ("miou:0.3..0.5", [1]),
        ("miou:none", [0, 3]),
        ("-miou:none", [1, 2]),
        ("uncertainty:>.5", [0]),
        ("class:road status:labelled miou:<0.5", [1]),
    ],
)
def test_a_query_matches(text: str, found: list[int]) -> None:
    query = parse_query(text)
    assert [index for index, row in enumerate(ROWS) if query.matches(row)] == found


@pytest.mark.parametrize("text", ["iou:<0.5", "status:ready", "miou:half", "miou:<", "uncertainty:a..b"])
def test_a_query_that_cannot_be_read_says_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"use|write"):
        parse_query(text)


@given(st.text(max_size=30))
def test_any_text_is_a_query_or_a_clear_error(text: str) -> None:
    try:
        query = parse_query(text)
    except ValueError as error:
        assert str(error)
        return
    for row in ROWS:
        query.matches(row)


def test_unknown_values_are_last_in_both_directions() -> None:
    assert order_rows(ROWS, "miou", {}, down=False) == [1, 2, 0, 3]
    assert order_rows(ROWS, "miou", {}, down=True) == [2, 1, 0, 3]
    assert order_rows(ROWS, "uncertainty", {}, down=True) == [0, 1, 2, 3]
    assert order_rows(ROWS, "state", {}, down=False) == [0, 1, 2, 3]
    assert order_rows(ROWS, "name", {}, down=True) == [3, 2, 1, 0]
    assert order_rows(ROWS, "date", {"field/b2.png": 1.0, "street/a1.png": 2.0}, down=False) == [3, 0, 1, 2]
