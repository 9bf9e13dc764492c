"""segstudio's figures for tests.bench.canvas."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.core.annotation import Annotation
from segstudio.core.document import Document
from segstudio.core.raster import rasterise_capsule
from segstudio.core.shape import Shape
from segstudio.formats.labelme.labelme_json import encode
from segstudio.ui.app import make_window
from segstudio.ui.window import MainWindow

_TIMES = 40


def spin(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        QApplication.processEvents()
        time.sleep(0.001)


def opened(window: MainWindow, folder: Path) -> float:
    """Seconds from asking to the image on the screen."""
    began = time.perf_counter()
    window.open_path(folder)
    spin(lambda: window.state.image is not None)
    window.canvas.repaint()
    took = time.perf_counter() - began
    spin(lambda: window.jobs.idle)
    return took


def timed(act: Callable[[], object], times: int = _TIMES) -> list[float]:
    """Seconds of each: the act, and everything that it makes to be painted."""
    out = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        QApplication.processEvents()
        out.append(time.perf_counter() - began)
    return out


def hovering(window: MainWindow) -> float:
    window.state.choose(tool="polygon")
    shapes = window.state.image.document.annotation.shapes
    places = [window.canvas.view.to_screen(*shape.points_N2.mean(axis=0)).toPoint() for shape in shapes[:_TIMES]]
    walk = iter(places)
    return float(np.median(timed(lambda: QTest.mouseMove(window.canvas, next(walk)), len(places))))


def brushing(window: MainWindow, radius: float) -> list[float]:
    state, canvas = window.state, window.canvas
    state.choose(tool="brush", radius_px=radius)
    steps = [QPoint(200 + 4 * step, 150 + 3 * step) for step in range(120)]
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=steps[0])
    QApplication.processEvents()
    walk = iter(steps[1:])
    out = timed(lambda: QTest.mouseMove(canvas, next(walk)), len(steps) - 1)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=steps[-1])
    QApplication.processEvents()
    return out


def p95(times: list[float]) -> float:
    return float(np.percentile(times, 95))


def undo(window: MainWindow) -> str:
    """A stroke of 40 px in a hundred events."""
    document, image = window.state.image.document, window.state.image.document.annotation.box
    undone, seen = [], []
    for _ in range(30):
        document.begin()
        for step in range(100):
            start, end = (80.0 * step, 60.0 * step), (80.0 * step + 80, 60.0 * step + 60)
            document.paint(1, *rasterise_capsule(start, end, 20, image))
        document.commit("brush")
        QApplication.processEvents()
        began = time.perf_counter()
        document.undo()
        undone.append(time.perf_counter() - began)
        QApplication.processEvents()
        seen.append(time.perf_counter() - began)
    figures = f"undo {np.median(undone) * 1000:.1f} ms, until repainted {np.median(seen) * 1000:.1f} ms"
    return f"a stroke from corner to corner: {figures}"


def strokes(window: MainWindow) -> str:
    rng = np.random.default_rng(0)
    document = Document(window.state.image.document.annotation, window.state.table)
    for _ in range(1000):
        (ax, ay), (bx, by) = rng.uniform((0, 0), (7000, 5000), (2, 2))
        document.begin()
        document.paint(
            int(rng.integers(1, 4)),
            *rasterise_capsule((ax, ay), (ax + bx / 8, ay + by / 8), 20, document.annotation.box),
        )
        document.commit("brush")
    return f"1,000 strokes: {len(document.history)} steps kept, {document.history.held_bytes / 1e6:.0f} MB"


def many(window: MainWindow, folder: Path) -> str:
    """1,000 objects on 12 megapixels: adding, selecting, moving one."""
    folder.mkdir()
    cv2.imwrite(str(folder / "many.png"), np.full((3000, 4000, 3), 90, np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    rng = np.random.default_rng(1)
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    shapes = []
    for x, y in rng.uniform((60, 60), (3940, 2940), (1000, 2)):
        ring = np.stack([x + 40 * np.cos(turn), y + 40 * np.sin(turn)], axis=1)
        shapes.append(Shape("c1", "polygon", tuple(map(tuple, ring.tolist()))))
    (folder / "many.json").write_bytes(encode(Annotation(3000, 4000, tuple(shapes)), "many.png"))
    opened(window, folder)
    canvas, state = window.canvas, window.state
    window.docks.show_dock("objects")
    spin(lambda: window.jobs.idle)
    state.choose(tool="select")
    places = [canvas.view.to_screen(*shape.points_N2.mean(axis=0)).toPoint() for shape in shapes[:_TIMES]]
    walk = iter(places)
    selecting = timed(lambda: QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=next(walk)), len(places))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=places[-1])
    way = iter([places[-1] + QPoint(step, step // 2) for step in range(1, _TIMES + 1)])
    moving = timed(lambda: QTest.mouseMove(canvas, next(way)))
    landing = timed(lambda: QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=places[-1]), 1)
    state.choose(tool="rectangle")
    adding = []
    for step in range(_TIMES):
        start = QPoint(150 + 8 * step, 200)
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(canvas, start + QPoint(6, 6))
        end = start + QPoint(6, 6)
        adding += timed(lambda at=end: QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at), 1)
    figures = [f"{name} {p95(times) * 1000:.1f}" for name, times in
               (("select", selecting), ("move", moving), ("land", landing), ("add", adding))]  # fmt: skip
    return f"1,000 objects, p95 in ms: {', '.join(figures)}"


def walking(window: MainWindow, folder: Path) -> str:
    """A and D between images of 12 megapixels."""
    folder.mkdir()
    for number in range(6):
        pixels = cv2.resize(np.random.default_rng(number).integers(0, 255, (30, 40, 3), dtype=np.uint8), (4000, 3000))
        cv2.imwrite(str(folder / f"w{number}.jpg"), pixels)
    opened(window, folder)
    times = []
    for letter in "dddaaddda":
        spin(
            lambda: len(window.reading_ahead.read_neighbours()) == len(window.opening.neighbours()) and window.jobs.idle
        )
        before = window.state.image
        began = time.perf_counter()
        window.opening.next() if letter == "d" else window.opening.previous()
        spin(lambda before=before: window.state.image is not before)
        window.canvas.repaint()
        times.append(time.perf_counter() - began)
    figures = f"median {np.median(times) * 1000:.0f} ms, largest {max(times) * 1000:.0f} ms"
    return f"walking between images of 12 megapixels: {figures}"


def huge(window: MainWindow, folder: Path) -> str:
    """20,000 x 20,000: memory and one brush."""
    folder.mkdir()
    side = 20_000
    pixels = np.repeat(
        np.repeat(np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8), 100, 0), 100, 1
    )
    cv2.imwrite(str(folder / "huge.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])
    del pixels
    window.state.set_image(None)
    window.state.image_cache._images.clear()
    before = _memory()
    seconds = opened(window, folder)
    brush = brushing(window, 200)
    decoded = 3 * side * side
    return (
        f"20000 x 20000: opened in {seconds:.1f} s, holds {(_memory() - before) / decoded:.2f} times the decoded "
        f"pixels, peak of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / decoded:.2f} times; "
        f"brush of 400 px p95 {p95(brush) * 1000:.1f} ms"
    )


def _memory() -> int:
    """Resident bytes of this process."""
    text = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmRSS:"))


def main(folder: Path) -> None:
    began = time.perf_counter()
    app = QApplication(sys.argv[:1])
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(folder / "settings"))
    window = make_window()
    window.resize(1600, 1000)
    window.show()
    spin(window.windowHandle().isExposed)
    found = {"start": time.perf_counter() - began, "lines": []}
    found["open"] = opened(window, folder / "large")
    assert "torch" not in sys.modules, "the window opens without torch"
    found["repaint"] = float(np.median(timed(window.canvas.repaint)))
    found["hover"] = hovering(window)
    found["brush40"] = p95(brushing(window, 20))
    found["brush1000"] = p95(brushing(window, 500))
    window.saving.set_autosave(False)
    for part in (undo(window), strokes(window), many(window, folder / "many"), walking(window, folder / "walk")):
        found["lines"].append(part)
        print(part, file=sys.stderr)
    found["lines"].append(huge(window, folder / "huge"))
    spin(lambda: window.jobs.idle)
    type(window)._agrees_to_lose = lambda *_: True
    window.close()
    app.processEvents()
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
