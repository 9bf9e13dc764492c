"""JSON files from any source: fast, tolerant of a byte-order mark and NaN, exact for long integers."""

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
_MAX_DEPTH: Final = 100
REMEDY: Final = "correct the file or delete it; segstudio does not change it"


def read_json(path: Path, exact: bool = True) -> Any:
    """The parsed file; integers beyond 64 bits keep all digits if `exact`, which takes longer for large files.

    Raises FileError, or FormatError where it is not JSON.
    """
    try:
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise FileError(path, f"cannot be read ({error.strerror})", "check that it exists and may be read") from error
    if exact and _measure_depth(data) > _MAX_DEPTH:
        raise FormatError(path, f"is nested more than {_MAX_DEPTH} deep", REMEDY)
    with _pause_gc():
        return _parse(path, data, exact)


def _parse(path: Path, data: bytes, exact: bool) -> Any:
    try:
        if exact and _LONG_NUMBER.search(data):
            raise ValueError  # orjson would round it
        return orjson.loads(data)
    except ValueError:
        try:
            return json.loads(data)  # accepts NaN, which orjson refuses
        except (ValueError, RecursionError) as error:
            raise FormatError(path, f"is not JSON ({error})", REMEDY) from error


@contextlib.contextmanager
def _pause_gc() -> Iterator[None]:
    """Parsing creates a million objects and no garbage; collecting takes longer than parsing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _measure_depth(data: bytes) -> int:
    """Maximum nesting of brackets; those inside strings count too, which hardly matters at this depth."""
    characters = np.frombuffer(data, np.uint8)
    steps = ((characters == ord("[")) | (characters == ord("{"))).astype(np.int32)
    steps -= (characters == ord("]")) | (characters == ord("}"))
    return int(np.cumsum(steps).max()) if len(steps) else 0


def encode_json(plain: Any) -> bytes:
    """Indented UTF-8; long integers and strings that are not valid Unicode are escaped, not refused."""
    try:
        return orjson.dumps(plain, option=orjson.OPT_INDENT_2)
    except TypeError:
        return json.dumps(plain, indent=2).encode("ascii")
