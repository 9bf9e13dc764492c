"""Brightness, contrast and gamma of a Display as positions of sliders, from -100 to 100."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from segstudio.app.display import Display


def slider_positions(display: Display) -> dict[str, int]:
    """Gamma from 1/4 to 4 on a logarithmic scale."""
    shares = {"brightness": display.brightness, "contrast": display.contrast, "gamma": math.log(display.gamma, 4)}
    return {name: round(share * 100) for name, share in shares.items()}


def apply_positions(display: Display, positions: Mapping[str, int]) -> Display:
    """The inverse of `slider_positions`; the window of values is kept."""
    shares = {name: position / 100 for name, position in positions.items()}
    return replace(display, brightness=shares["brightness"], contrast=shares["contrast"], gamma=4.0 ** shares["gamma"])
