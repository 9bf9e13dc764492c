"""A network together with all that is needed to use it: classes, channels, head, normalisation, tile."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from segstudio.core.classes import ClassTable
from segstudio.formats.images import Pixels
from segstudio.training.choices import BATCH, CONCAT, SOFTMAX, TRANSPOSED
from segstudio.training.device import Device
from segstudio.training.encoders import build_with_encoder
from segstudio.training.heads import class_probabilities, outputs_of
from segstudio.training.pixels import unit_scale
from segstudio.training.unet import Design, UNet


@dataclass(frozen=True)
class Architecture:
    """What the weights alone do not say. `encoder` names a backbone of the extra `encoders`, "" for none."""

    in_channels: int
    num_classes: int
    width: int
    depth: int
    up: str = TRANSPOSED
    skips: str = CONCAT
    norm: str = BATCH
    head: str = SOFTMAX
    deep_supervision: bool = False
    encoder: str = ""

    @property
    def outputs(self) -> int:
        return outputs_of(self.head, self.num_classes)

    def build(self, pretrained: bool = False) -> nn.Module:
        """`pretrained` speaks of an encoder's weights. Raises ValueError for choices that do not go together,
        TrainingError for an encoder that is not there.
        """
        if self.encoder:
            return build_with_encoder(self.encoder, self.in_channels, self.outputs, pretrained)
        design = Design(self.width, self.depth, self.up, self.skips, self.norm, self.deep_supervision)
        return UNet(self.in_channels, self.outputs, design)


@dataclass
class Model:
    """`mean` and `deviation` are per channel after `unit_scale` with `white`; `tile` is a side in pixels."""

    net: nn.Module
    architecture: Architecture
    table: ClassTable
    unlabelled: str
    mean: list[float]
    deviation: list[float]
    tile: int
    white: int = 255
    step: int = 0

    def with_net(self, net: nn.Module, step: int) -> Model:
        """The same description around other weights."""
        return replace(self, net=net, step=step)

    def normalised(self, images_BCHW: Tensor) -> Tensor:
        """Images in 0..1 to zero mean and unit deviation."""
        shape = (1, len(self.mean), 1, 1)
        mean = images_BCHW.new_tensor(self.mean).view(shape)
        return (images_BCHW - mean) / images_BCHW.new_tensor(self.deviation).view(shape)

    def probabilities(self, pixels_CHW: Pixels, device: Device) -> Tensor:
        """Integer pixels (C, H, W) -> float32 probabilities (num_classes, H, W) on the device."""
        images_BCHW = torch.from_numpy(unit_scale(pixels_CHW, self.white))[None].to(device.torch)
        images_BCHW = self.normalised(images_BCHW)
        images_BCHW = images_BCHW.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), device.autocast():
            logits_BCHW = self.net(images_BCHW)
        return class_probabilities(logits_BCHW, self.architecture.head)[0]
