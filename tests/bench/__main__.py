"""`make bench`: measurements as ratios against a peer in the same run. Nothing here is asserted.

Usage: python -m tests.bench [canvas] [formats] [lag] [training] [camvid] [raster] [metrics]
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.bench import canvas, formats, lag, metrics, raster, training  # the platform is chosen first

BENCHES = {
    "canvas": canvas.main,
    "formats": formats.main,
    "raster": raster.main,
    "metrics": metrics.main,
    "lag": lag.main,
    "training": training.main,
    "camvid": training.measure_camvid,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHES:
        print(f"-- {name}")
        BENCHES[name]()
