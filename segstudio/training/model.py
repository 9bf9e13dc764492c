"""A network together with all that is needed to use it: classes, channels, normalisation, tile."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from segstudio.core.classes import ClassTable
from segstudio.formats.images import Pixels
from segstudio.training.batches import unit_scale
from segstudio.training.device import Device
from segstudio.training.unet import UNet


@dataclass(frozen=True)
class Architecture:
    """What the weights alone do not say."""

    in_channels: int
    num_classes: int
    width: int
    depth: int
    up: str

    def build(self) -> UNet:
        return UNet(self.in_channels, self.num_classes, self.width, self.depth, self.up)


@dataclass
class Model:
    """`mean` and `deviation` are per channel after `unit_scale` with `white`; `tile` is a side in pixels."""

    net: UNet
    architecture: Architecture
    table: ClassTable
    unlabelled: str
    mean: list[float]
    deviation: list[float]
    tile: int
    white: int = 255
    step: int = 0

    def normalised(self, images_BCHW: Tensor) -> Tensor:
        """Images in 0..1 to zero mean and unit deviation."""
        shape = (1, len(self.mean), 1, 1)
        mean = images_BCHW.new_tensor(self.mean).view(shape)
        return (images_BCHW - mean) / images_BCHW.new_tensor(self.deviation).view(shape)

    def probabilities(self, pixels_CHW: Pixels, device: Device) -> Tensor:
        """Integer pixels (C, H, W) -> float32 softmax probabilities (num_classes, H, W) on the device."""
        images_BCHW = torch.from_numpy(unit_scale(pixels_CHW, self.white))[None].to(device.torch)
        images_BCHW = self.normalised(images_BCHW)
        images_BCHW = images_BCHW.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), device.autocast():
            logits_BCHW = self.net(images_BCHW)
        return logits_BCHW[0].float().softmax(dim=0)
