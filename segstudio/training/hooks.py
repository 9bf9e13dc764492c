"""What a run asks the world around it. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segstudio.core.box import Box
from segstudio.core.sample import Sample
from segstudio.formats.images import Pixels


@dataclass(frozen=True)
class PreviewImage:
    """The open image, and the part of it on the screen, which is predicted first."""

    name: str
    pixels: Pixels
    visible: Box | None = None

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class RunHooks:
    """What a run asks the world now and then.

    `open_image` is the image to show previews of; `arrivals` gives samples labelled since it was asked
    last, which join at the next epoch.
    """

    open_image: Callable[[], PreviewImage | None] = lambda: None
    arrivals: Callable[[], Sequence[Sample]] = tuple
