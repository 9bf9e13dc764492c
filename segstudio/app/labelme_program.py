"""labelme as a program: where it is, how it is called, and what its error output says. It is never imported."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from segstudio.project.item import Item


def find_labelme() -> str | None:
    """The installed labelme: beside this Python, or on the path."""
    beside = shutil.which("labelme", path=str(Path(sys.executable).parent))
    return beside or shutil.which("labelme")


def find_cause(output: str) -> str:
    """The most telling line of an error output: the last one of a traceback, the first one of Qt's messages."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or [""]
    return lines[-1] if "Traceback" in output else lines[0]


def make_arguments(item: Item, names: list[str]) -> list[str]:
    """The image, where its labels lie, and the classes as labelme takes them."""
    arguments = [str(item.image), "--output", str(item.annotation_path.parent)]
    listed = [name for name in names[1:] if "," not in name]
    return [*arguments, "--labels", ",".join(listed)] if listed else arguments
