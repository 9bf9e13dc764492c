"""JSON files of any origin: fast, tolerant of a byte-order mark and NaN, exact with long integers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import orjson

from segstudio.errors import FileError, FormatError

_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")
_REMEDY: Final = "mend the file or take it away; segstudio leaves it as it is"


def read_json(path: Path, exact: bool = True) -> Any:
    """The parsed file; integers beyond 64 bits keep all digits if `exact`, which costs time in large files.

    Raises FileError, or FormatError where it is not JSON.
    """
    try:
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise FileError(path, f"cannot be read ({error.strerror})", "check that it exists and its rights") from error
    try:
        if exact and _LONG_NUMBER.search(data):
            raise ValueError  # orjson would round it
        return orjson.loads(data)
    except ValueError:
        try:
            return json.loads(data)  # knows NaN too, which orjson refuses as it should
        except (ValueError, RecursionError) as error:
            raise FormatError(path, f"is not JSON ({error})", _REMEDY) from error
