"""COCO's run-length encoding: column by column, outside first, as a list of counts or compressed text.

Source: maskApi.c of the COCO API (github.com/cocodataset/cocoapi).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from segstudio.core.bitmap import Mask
from segstudio.core.box import Box
from segstudio.errors import ObjectError
from segstudio.formats.rle import decode_runs


def decode_rle(rle: Mapping[str, Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) of run lengths, compressed or not, for an image of this (height, width).

    Raises ObjectError for another size or invalid runs, before anything is allocated.
    """
    stated = rle.get("size")
    if stated != list(size):
        raise ObjectError(f"its mask is for size {stated!r} but the image has {list(size)} rows and columns"[:160])
    runs = _parse_counts(rle.get("counts"))
    return decode_runs(runs, size[0] * size[1]).reshape(size[1], size[0]).T


def _parse_counts(counts: Any) -> NDArray[np.int64]:
    """Run lengths; the text form is base 32 with a sign, each run stored as the difference to the one two before."""
    if isinstance(counts, list):
        if not all(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 for value in counts):
            raise ObjectError("its runs are not all whole numbers")
        return np.asarray(counts, np.int64)
    if not isinstance(counts, str) or not counts.isascii():
        raise ObjectError(f"its counts are {type(counts).__name__}, neither a list nor text")
    digits = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - 48
    if len(digits) and (digits.min() < 0 or digits.max() > 63 or digits[-1] & 32):
        raise ObjectError("its counts contain characters that run lengths cannot have")
    return _decompress(digits) if len(digits) else np.zeros(0, np.int64)


def _decompress(digits: NDArray[np.int64]) -> NDArray[np.int64]:
    ends = np.flatnonzero(digits < 32)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 8:
        raise ObjectError("one of its runs is longer than any image")
    place = np.arange(len(digits)) - np.repeat(starts, lengths)
    values = np.add.reduceat((digits & 31) << (5 * place), starts)
    negative = (digits[ends] & 16) != 0
    values = np.where(negative, values - (np.int64(1) << (5 * lengths)), values)
    # maskApi.c: x[i] += x[i - 2] for i > 2
    out = values.copy()
    out[1::2] = np.cumsum(values[1::2])
    out[2::2] = np.cumsum(values[2::2])
    return out


def encode_rle(box: Box, mask: Mask, size: tuple[int, int]) -> dict[str, Any]:
    """pycocotools' compressed run lengths of a mask that covers `box`; the time depends on the box, not the image."""
    height, width = size
    columns = np.pad(mask.T.astype(np.int8), ((0, 0), (1, 1)))
    x, y = np.nonzero(np.diff(columns, axis=1))
    edges = (x + box.x0) * height + y + box.y0
    repeated = np.flatnonzero(edges[1:] == edges[:-1])  # a run that continues in the next column has no edge there
    edges = np.delete(edges, np.concatenate([repeated, repeated + 1]))
    counts = np.diff(np.concatenate([[0], edges, [height * width]]))
    if len(counts) > 1 and counts[-1] == 0:
        counts = counts[:-1]
    rle: dict[str, Any] = coco_mask.frPyObjects({"size": [height, width], "counts": counts.tolist()}, height, width)
    return rle
