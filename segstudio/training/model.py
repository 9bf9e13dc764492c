"""A network and what is needed to use it: architecture, classes, normalisation, head and tile size.

Tensors: B batch, C input channels or head outputs, K classes, H rows, W columns.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from segstudio.core.classes import ClassTable
from segstudio.errors import TrainingError
from segstudio.formats.images import Pixels
from segstudio.training.config import BATCH, CONCAT, SIGMOID, SOFTMAX, TRANSPOSED
from segstudio.training.device import Device
from segstudio.training.pixels import scale_to_unit
from segstudio.training.unet import Design, UNet


@dataclass(frozen=True)
class Architecture:
    """Everything that is needed to build the network before its weights are loaded.

    `encoder` names a backbone from the optional extra `encoders`, "" for the U-Net of this package.
    """

    in_channels: int
    num_classes: int
    width: int
    depth: int
    upsampling: str = TRANSPOSED
    skips: str = CONCAT
    norm: str = BATCH
    head: str = SOFTMAX
    deep_supervision: bool = False
    encoder: str = ""

    @property
    def outputs(self) -> int:
        return count_outputs(self.head, self.num_classes)

    def build(self, pretrained: bool = False) -> nn.Module:
        """The network with random weights, or with ImageNet weights in the encoder if `pretrained`.

        Raises ValueError for settings that do not go together, TrainingError for an encoder that is not available.
        """
        if self.encoder:
            return build_encoder_unet(self.encoder, self.in_channels, self.outputs, pretrained)
        design = Design(self.width, self.depth, self.upsampling, self.skips, self.norm, self.deep_supervision)
        return UNet(self.in_channels, self.outputs, design)


@dataclass
class Model:
    """A network with its class table. `mean` and `std` are per channel, after `scale_to_unit` with `white`.

    `tile` is the side of prediction tiles in pixels; `step` the training step of the weights.
    """

    net: nn.Module
    architecture: Architecture
    table: ClassTable
    unlabelled: str
    mean: list[float]
    std: list[float]
    tile: int
    white: int = 255
    step: int = 0

    def with_net(self, net: nn.Module, step: int) -> Model:
        return replace(self, net=net, step=step)

    def normalise(self, images_BCHW: Tensor) -> Tensor:
        """Images in 0..1 to zero mean and unit standard deviation per channel."""
        shape = (1, len(self.mean), 1, 1)
        mean = images_BCHW.new_tensor(self.mean).view(shape)
        return (images_BCHW - mean) / images_BCHW.new_tensor(self.std).view(shape)

    def predict_probabilities(self, pixels_CHW: Pixels, device: Device) -> Tensor:
        """Integer pixels (C, H, W) -> float32 probabilities (K, H, W) on the device."""
        images_BCHW = torch.from_numpy(scale_to_unit(pixels_CHW, self.white))[None].to(device.torch)
        images_BCHW = self.normalise(images_BCHW)
        images_BCHW = images_BCHW.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), device.autocast():
            logits_BCHW = self.net(images_BCHW)
        return compute_probabilities(logits_BCHW, self.architecture.head)[0]


def count_outputs(head: str, num_classes: int) -> int:
    """Output channels of the network. Raises ValueError for a sigmoid head with other than two classes."""
    if head == SIGMOID and num_classes != 2:
        raise ValueError(f"a sigmoid head needs 2 classes but there are {num_classes}; use softmax or one-vs-rest")
    return 1 if head == SIGMOID else num_classes


def compute_probabilities(logits_BCHW: Tensor, head: str) -> Tensor:
    """(B, outputs, H, W) logits -> (B, K, H, W) float32 probabilities that sum to 1 at each pixel.

    The single plane p of a sigmoid head becomes (1 - p, p). One-vs-rest sigmoids are divided by their sum, which
    leaves their order, and so the argmax, unchanged.
    """
    logits_BCHW = logits_BCHW.float()
    if head == SOFTMAX:
        return logits_BCHW.softmax(dim=1)
    sigmoids_BCHW = logits_BCHW.sigmoid()
    if head == SIGMOID:
        return torch.cat([1 - sigmoids_BCHW, sigmoids_BCHW], dim=1)
    return sigmoids_BCHW / sigmoids_BCHW.sum(dim=1, keepdim=True).clamp(min=1e-12)


def build_encoder_unet(name: str, in_channels: int, outputs: int, pretrained: bool) -> nn.Module:
    """A U-Net on the backbone `name` ("resnet34", "timm-efficientnet-b0" …), with ImageNet weights if `pretrained`.

    (B, in_channels, H, W) -> logits (B, outputs, H, W), for H and W that are multiples of 32. The optional extra
    `encoders` (segmentation_models_pytorch, which needs torchvision) is imported here and nowhere else. Raises
    TrainingError.
    """
    try:
        library = importlib.import_module("segmentation_models_pytorch")
    except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision was built for another torch
        raise TrainingError(
            f"encoder {name!r} needs the extra: pip install 'segstudio[encoders]' with a torchvision that fits this "
            f"torch ({error})"
        ) from error
    try:
        weights = "imagenet" if pretrained else None
        net: nn.Module = library.Unet(name, encoder_weights=weights, in_channels=in_channels, classes=outputs)
    except (KeyError, ValueError, OSError) as error:
        raise TrainingError(
            f"encoder {name!r}: {error}; use the name of an encoder of segmentation_models_pytorch"
        ) from error
    return net
