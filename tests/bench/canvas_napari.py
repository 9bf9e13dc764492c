"""napari's figures for tests.bench.canvas: painting on labels of the same size, event to redrawn."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    import imageio.v3 as imageio
    import napari

    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1600, 1000)
    image = imageio.imread(folder / "large" / "large.jpg")
    viewer.add_image(image, rgb=True)
    layer = viewer.add_labels(np.zeros(image.shape[:2], np.uint8))
    app = (
        viewer.window._qt_window.windowHandle() and __import__("qtpy.QtWidgets", fromlist=["x"]).QApplication.instance()
    )
    canvas = viewer.window._qt_viewer.canvas
    found = {}
    for name, size in (("brush40", 40), ("brush1000", 1000)):
        layer.brush_size = size
        times = []
        for step in range(60):
            began = time.perf_counter()
            layer.paint((1000 + 20 * step, 1200 + 25 * step), 1, refresh=True)
            canvas._scene_canvas.update() if hasattr(canvas, "_scene_canvas") else None
            app.processEvents()
            times.append(time.perf_counter() - began)
        found[name] = float(np.percentile(times, 95))
    viewer.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
