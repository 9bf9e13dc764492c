"""The formats that can be written."""

from __future__ import annotations

from typing import Final

from segstudio.errors import SegstudioError
from segstudio.formats.coco.writer import COCO_TARGET
from segstudio.formats.labelme.writer import LABELME
from segstudio.formats.masks.writer import MASKS
from segstudio.formats.voc.writer import VOC
from segstudio.formats.writer import Target
from segstudio.formats.yolo.writer import YOLO

TARGETS: Final = (VOC, COCO_TARGET, LABELME, MASKS, YOLO)


def target_named(name: str) -> Target:
    """Raises SegstudioError."""
    for target in TARGETS:
        if target.name == name:
            return target
    raise SegstudioError(
        f"format {name!r} cannot be exported; there are {', '.join(target.name for target in TARGETS)}"
    )
