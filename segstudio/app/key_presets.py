"""Keys of the presets, and the keys that the canvas handles itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Keys = Mapping[str, str]  # action name to key sequences, separated by ", "

# Keys that the canvas handles itself; no action may have them.
_CANVAS_KEYS = ("Space", "H", "Return", "Enter", "Esc", "Backspace", "Del", "Left", "Right", "Up", "Down")
_SHIFT_ARROWS = ("Shift+Left", "Shift+Right", "Shift+Up", "Shift+Down")
FIXED: Final = (*"0123456789", *_CANVAS_KEYS, *_SHIFT_ARROWS)

# Differences from segstudio's defaults. Sources: labelme's default_config.yaml and CVAT's list of shortcuts.
PRESETS: Final[dict[str, Keys]] = {
    "segstudio": {},
    "labelme": {
        "open": "Ctrl+O, Ctrl+U",
        "polygon": "Ctrl+N, P",
        "rectangle": "Ctrl+R, R",
        "select": "Ctrl+J, V",
        "set_class": "Ctrl+E",
        "export": "Ctrl+Shift+E",
        "paste_previous": "Ctrl+P",
        "delete": "Ctrl+Delete, Shift+Delete",
        "next": "D, Ctrl+Shift+D",
        "previous": "A, Ctrl+Shift+A",
        "select_none": "",
        "toggle_labels": "T, Shift+1",
        "accept": "Ctrl+Alt+A",
        "fit": "Ctrl+F",
        "filter": "Ctrl+L",
    },
    "CVAT": {
        "next": "F",
        "previous": "D",
        "polygon": "N, P",
        "bucket": "Shift+F",
        "accept": "Shift+A",
        "group": "G, Ctrl+G",
        "ungroup": "Shift+G, Ctrl+Shift+G",
        "grabcut": "Ctrl+Shift+B",
        "union": "J, Ctrl+Alt+U",
        "knife": "Alt+J, K",
        "lock": "L, Ctrl+Alt+L",
        "lasso": "Shift+D",
        "forward": "+, Ctrl+]",
        "backward": "-, Ctrl+[",
        "paste_previous": "Ctrl+B",
        "fit": "Ctrl+F, Home",
    },
}


# Names of actions in settings written by earlier versions.
RENAMED: Final = {"toggle_heat": "toggle_probability_map"}
