"""The AI assistant bound to one open image: what the AI tool segments with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segstudio.app.open_image import OpenImage
from segstudio.assist.assistant import Assistant, AssistImage, Image
from segstudio.core.box import Box
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch


class ImageSegmenter:
    """The assistant bound to one image and one model."""

    def __init__(self, assistant: Assistant, model: str, image: OpenImage) -> None:
        self._assistant = assistant
        self.model = model
        self.key = f"{image.item.image} {image.file_stamp} {image.window}"
        height, width = image.levels[0].shape[:2]
        self._seen = AssistImage(self.key, (height, width), lambda: rgb_of(image))

    def encode(self) -> None:
        self._assistant.encode(self.model, self._seen)

    def segment(self, points: Sequence[Point], positive: Sequence[bool], box: Box | None) -> Patch:
        clicks = list(zip(points, positive, strict=True))
        return self._assistant.segment(self.model, self._seen, clicks, box)


def rgb_of(image: OpenImage) -> Image:
    """(H, W, 3) RGB of an image's finest level, which is BGRA, or RGB where it is huge."""
    level = image.levels[0]
    return level if level.shape[2] == 3 else np.ascontiguousarray(level[:, :, 2::-1])
