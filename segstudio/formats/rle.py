"""Run lengths to pixels, checked before anything is allocated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.errors import ObjectError


def unrolled(runs: NDArray[np.int64], total: int) -> NDArray[np.bool_]:
    """`total` pixels of runs that begin outside. Raises ObjectError where they do not fill exactly that."""
    if len(runs) > 2 * total + 2 or (len(runs) and (int(runs.min()) < 0 or int(runs.max()) > total)):
        raise ObjectError(f"its runs do not fit its {total} pixels")
    if int(runs.sum()) != total:  # cannot wrap: few enough runs, each no longer than the image
        raise ObjectError(f"its runs cover {int(runs.sum())} pixels, there are {total}")
    values = np.zeros(len(runs), np.bool_)
    values[1::2] = True
    return np.repeat(values, runs)
