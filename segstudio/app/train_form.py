"""What the training dialog starts from, and the settings that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segstudio.app.training_options import default_of
from segstudio.training.config import NONE


@dataclass(frozen=True)
class TrainContext:
    """What the dialog needs of the project.

    `runs` can be fine-tuned, `init` is the one selected at first; `taken` are names of runs.
    """

    name: str
    num_annotated: int
    unlabelled: str = "background"
    runs: tuple[str, ...] = ()
    init: str = ""
    taken: frozenset[str] = frozenset()


def is_default(key: str, text: str) -> bool:
    """True if an option's value, as text, is its default."""
    default = default_of(key)
    if isinstance(default, bool):
        return text == ("yes" if default else "no")
    if isinstance(default, float):
        return abs(float(text) - default) < 1e-9
    return text == str(default)


def list_settings(main: Mapping[str, str], options: Mapping[str, str]) -> dict[str, str]:
    """Only settings that differ from the defaults, so that automatic ones stay automatic.

    `main` are minutes, device and unlabelled, which are always given, and preset, class_weights and init.
    """
    left_out = {"preset": "auto", "class_weights": NONE, "init": ""}
    settings = {key: text for key, text in main.items() if text != left_out.get(key)}
    return settings | {key: text for key, text in options.items() if not is_default(key, text)}
