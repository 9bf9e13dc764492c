"""Callbacks a training run uses: the image to preview and newly labelled samples. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segstudio.core.box import Box
from segstudio.core.sample import Sample
from segstudio.formats.images import Pixels


@dataclass(frozen=True)
class PreviewImage:
    """The image that is open in the window, and the part of it on the screen, which is predicted first."""

    name: str
    pixels: Pixels
    visible_box: Box | None = None

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class RunHooks:
    """Called from the thread of the run, between two steps.

    `open_image` returns the image to predict previews of; `new_samples` the samples labelled since its last call,
    which are added at the next epoch.
    """

    open_image: Callable[[], PreviewImage | None] = lambda: None
    new_samples: Callable[[], Sequence[Sample]] = tuple
