"""Run lengths are checked before pixels are allocated."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.errors import ObjectError
from segstudio.formats.rle import decode_runs


def test_runs_alternate_and_begin_outside() -> None:
    assert decode_runs(np.array([1, 2, 0, 1]), 4).tolist() == [False, True, True, True]
    assert decode_runs(np.array([0, 2]), 2).tolist() == [True, True]


@pytest.mark.parametrize("runs", [[1, 2], [5], [-1, 5], [2**62, 2**62, 2**62, 2**62], [0] * 11 + [4]])
def test_runs_that_do_not_fit_the_mask_are_refused(runs: list[int]) -> None:
    with pytest.raises(ObjectError, match="its runs"):
        decode_runs(np.array(runs, np.int64), 4)
