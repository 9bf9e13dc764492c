"""Mouse and keyboard input through xdotool, while the event loop of the window runs."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from PySide6.QtCore import QPoint
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QWidget


def spin_until(condition: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
    """Run the event loop until `condition` is true; the error after `timeout_s` names `what`."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited {timeout_s:.0f} s for: {what}"
        QApplication.processEvents()
        time.sleep(0.002)


def xdotool(*arguments: object) -> None:
    """Run xdotool while the event loop runs, as with a real user."""
    process = subprocess.Popen(["xdotool", *map(str, arguments)])
    spin_until(lambda: process.poll() is not None, f"xdotool {arguments}")
    assert process.returncode == 0, arguments
    for _ in range(5):
        QApplication.processEvents()


def move(widget: QWidget, at: QPoint) -> None:
    target = widget.mapToGlobal(at)
    if QCursor.pos() == target:  # xdotool --sync would wait 15 s for the pointer to leave its place
        return
    where = target * widget.devicePixelRatioF()
    xdotool("mousemove", "--sync", where.x(), where.y())


def drag(widget: QWidget, *way: QPoint, button: int = 1, held: str = "") -> None:
    """`held` is a key that is held meanwhile: shift, alt or ctrl."""
    move(widget, way[0])
    if held:
        xdotool("keydown", held)
    xdotool("mousedown", button)
    for at in way[1:]:
        move(widget, at)
    xdotool("mouseup", button)
    if held:
        xdotool("keyup", held)


def click(widget: QWidget, at: QPoint | None = None, button: int = 1, held: str = "") -> None:
    drag(widget, at or widget.rect().center(), button=button, held=held)


def wheel(widget: QWidget, at: QPoint, steps: int, held: str = "") -> None:
    """Up if `steps` is positive."""
    move(widget, at)
    if held:
        xdotool("keydown", held)
    for _ in range(abs(steps)):
        xdotool("click", 4 if steps > 0 else 5)
    if held:
        xdotool("keyup", held)


def key(*names: str) -> None:
    for name in names:
        xdotool("key", "--clearmodifiers", name)


def write(text: str) -> None:
    xdotool("type", "--delay", 1, text)
