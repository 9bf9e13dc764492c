"""JSON files of any origin: fast, tolerant of a byte-order mark and NaN, exact with long integers."""

from __future__ import annotations

import contextlib
import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from segstudio.errors import FileError, FormatError

_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")
_DEEPEST: Final = 100
_REMEDY: Final = "mend the file or take it away; segstudio leaves it as it is"


def read_json(path: Path, exact: bool = True) -> Any:
    """The parsed file; integers beyond 64 bits keep all digits if `exact`, which costs time in large files.

    Raises FileError, or FormatError where it is not JSON.
    """
    try:
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise FileError(path, f"cannot be read ({error.strerror})", "check that it exists and its rights") from error
    if exact and _depth(data) > _DEEPEST:
        raise FormatError(path, f"is nested more than {_DEEPEST} deep", _REMEDY)
    with _uncollected():
        return _parsed(path, data, exact)


def _parsed(path: Path, data: bytes, exact: bool) -> Any:
    try:
        if exact and _LONG_NUMBER.search(data):
            raise ValueError  # orjson would round it
        return orjson.loads(data)
    except ValueError:
        try:
            return json.loads(data)  # knows NaN too, which orjson refuses as it should
        except (ValueError, RecursionError) as error:
            raise FormatError(path, f"is not JSON ({error})", _REMEDY) from error


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Parsing makes a million objects and no garbage; looking for it takes longer than parsing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _depth(data: bytes) -> int:
    """How deep brackets nest, at most; those in text count too, which hardly matters at this depth."""
    signs = np.frombuffer(data, np.uint8)
    steps = ((signs == ord("[")) | (signs == ord("{"))).astype(np.int32)
    steps -= (signs == ord("]")) | (signs == ord("}"))
    return int(np.cumsum(steps).max()) if len(steps) else 0


def encode_json(plain: Any) -> bytes:
    """Indented; long integers and text that is no Unicode are written as they are."""
    try:
        return orjson.dumps(plain, option=orjson.OPT_INDENT_2)
    except TypeError:
        return json.dumps(plain, indent=2).encode("ascii")
