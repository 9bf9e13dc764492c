"""Location of the resource files in a checkout, a wheel and a frozen program."""

from __future__ import annotations

import sys
from pathlib import Path


def resource_folder() -> Path:
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return Path(frozen) / "segstudio" / "resources"
    package = Path(__file__).resolve().parent.parent
    inside = package / "resources"  # as in a wheel
    return inside if inside.is_dir() else package.parent / "resources"
