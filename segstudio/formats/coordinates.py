"""Coordinates from annotation files, checked: finite numbers of a size that an image can have."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any, Final

from segstudio.core.geometry import Point
from segstudio.errors import ObjectError

MAX_COORDINATE_PX: Final = 1e7  # no image that can be opened is wider


def check_coordinate(value: Any) -> None:
    """Raises ObjectError unless `value` is a finite number of at most MAX_COORDINATE_PX."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ObjectError(f"a coordinate is {value!r}, not a number"[:120])
    if not abs(value) <= MAX_COORDINATE_PX:  # False for NaN too; compared before any integer becomes a float
        raise ObjectError(f"a coordinate is {value}, outside any image"[:120])


def parse_number(text: str | None, what: str) -> float:
    """`text` as a finite number; `what` names it in the error. Raises ObjectError."""
    try:
        value = float(text or "")
    except ValueError:
        raise ObjectError(f"its {what} is {text!r}, not a number"[:120]) from None
    if not math.isfinite(value) or abs(value) > MAX_COORDINATE_PX:
        raise ObjectError(f"its {what} is {value}, outside any image")
    return value


def read_points(raw: Any) -> tuple[Point, ...]:
    """Finite (x, y) from a list of pairs. Raises ObjectError."""
    if not isinstance(raw, list):
        raise ObjectError("it has no list of points")
    if all(type(pair) is list and len(pair) == 2 for pair in raw):
        flat = list(chain.from_iterable(raw))
        if not _all_valid(flat):
            for value in flat:
                check_coordinate(value)
        return tuple(zip(map(float, flat[::2]), map(float, flat[1::2]), strict=True))
    wrong = next(pair for pair in raw if not (isinstance(pair, list) and len(pair) == 2))
    raise ObjectError(f"a point is {wrong!r}, not two numbers"[:120])


def _all_valid(flat: list[Any]) -> bool:
    """True if all are plain numbers in range; uses only builtins, without a Python step per number."""
    plain = set(map(type, flat)) <= {int, float}
    in_range = plain and bool(flat) and max(flat) <= MAX_COORDINATE_PX and min(flat) >= -MAX_COORDINATE_PX
    return in_range and sum(flat) == sum(flat)  # False for NaN, which max and min may miss
