"""The formats that can be written."""

from __future__ import annotations

from typing import Final

from segstudio.errors import SegstudioError
from segstudio.formats.coco_target import COCO_TARGET
from segstudio.formats.labelme_target import LABELME
from segstudio.formats.mask_target import MASKS
from segstudio.formats.target import Target
from segstudio.formats.voc_target import VOC
from segstudio.formats.yolo_target import YOLO

TARGETS: Final = (VOC, COCO_TARGET, LABELME, MASKS, YOLO)


def target_named(name: str) -> Target:
    """Raises SegstudioError."""
    for target in TARGETS:
        if target.name == name:
            return target
    raise SegstudioError(
        f"format {name!r} cannot be exported; there are {', '.join(target.name for target in TARGETS)}"
    )
