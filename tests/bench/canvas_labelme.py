"""labelme's figures for tests.bench.canvas, taken in the way a user meets them; labelme 6.3 or later, with PyQt5."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    began = time.perf_counter()
    from labelme.app import MainWindow
    from PyQt5.QtCore import QEvent, QPointF, Qt
    from PyQt5.QtGui import QMouseEvent
    from PyQt5.QtWidgets import QApplication

    app = QApplication(sys.argv[:1])
    window = MainWindow(config_overrides={"auto_save": False})
    window.resize(1600, 1000)
    window.show()
    app.processEvents()
    found = {"start": time.perf_counter() - began}
    began = time.perf_counter()
    window._load_file(str(folder / "large" / "large.json"))
    canvas = window._canvas_widgets.canvas if hasattr(window, "_canvas_widgets") else window.canvas
    app.processEvents()
    canvas.repaint()
    found["open"] = time.perf_counter() - began
    app.processEvents()

    def median(act, times: int = 30) -> float:
        out = []
        for number in range(times):
            start = time.perf_counter()
            act(number)
            app.processEvents()
            out.append(time.perf_counter() - start)
        return statistics.median(out)

    found["repaint"] = median(lambda _: canvas.repaint())

    def hover(number: int) -> None:
        at = QPointF(300 + 17 * number, 200 + 11 * number)
        move = QMouseEvent(QEvent.MouseMove, at, Qt.NoButton, Qt.NoButton, Qt.NoModifier)
        app.sendEvent(canvas, move)
        canvas.repaint() if number < 0 else app.processEvents()

    found["hover"] = median(hover)
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
