"""JSON files from any source."""

from __future__ import annotations

from pathlib import Path

import pytest

from segstudio.errors import FormatError
from segstudio.formats.json_file import encode_json, read_json


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_long_integers_keep_every_digit(tmp_path: Path) -> None:
    text = f"[{2**70 + 1}, {-(10**30) - 1}]"
    assert read_json(write(tmp_path / "a.json", text)) == [2**70 + 1, -(10**30) - 1]
    assert read_json(write(tmp_path / "a.json", encode_json([2**70 + 1]).decode())) == [2**70 + 1]


def test_nan_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    assert str(read_json(write(tmp_path / "a.json", "\ufeff[NaN, 1]"))) == "[nan, 1]"


def test_deep_nesting_is_refused_before_parsing(tmp_path: Path) -> None:
    assert read_json(write(tmp_path / "a.json", "[" * 100 + "]" * 100))
    with pytest.raises(FormatError, match=r"a\.json: is nested more than 100 deep"):
        read_json(write(tmp_path / "a.json", "[" * 101 + "]" * 101))


def test_strings_that_are_not_valid_unicode_are_written_and_read(tmp_path: Path) -> None:
    plain = {"key": "\ud800"}
    assert read_json(write(tmp_path / "a.json", encode_json(plain).decode())) == plain
