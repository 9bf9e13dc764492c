"""Run-length encoding: run lengths to pixels, checked before anything is allocated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.errors import ObjectError


def decode_runs(runs: NDArray[np.int64], total: int) -> NDArray[np.bool_]:
    """(total,) pixels of alternating runs, False first. Raises ObjectError unless the runs add up to `total`."""
    if len(runs) > 2 * total + 2 or (len(runs) and (int(runs.min()) < 0 or int(runs.max()) > total)):
        raise ObjectError(f"its runs do not fit its {total} pixels")
    if int(runs.sum()) != total:  # cannot overflow: the number of runs and the length of each are bounded above
        raise ObjectError(f"its runs cover {int(runs.sum())} pixels, but there are {total}")
    values = np.zeros(len(runs), np.bool_)
    values[1::2] = True
    return np.repeat(values, runs)
